"""A check on a terminal: a table a source, the articles that it would publish and drop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.ingest.setup.findings import Finding, Found
from services.ingest.setup.listing import ago
from services.ingest.setup.tables import STYLES, cell, table
from tocsin.text import cut, plain

_TITLE = 100
_WHY = 160


def show(findings: Sequence[Finding], console: Console, now: datetime) -> None:
    """Prints all of it, and what it comes to."""
    for each in findings:
        console.print(_head(each, now))
        for words in each.words:
            console.print(Text("  ").append(plain(words)), soft_wrap=True)
        if each.articles:
            console.print(Padding(_articles(each.articles), (0, 0, 0, 2), expand=False))
        console.print()
    console.print(Text(total(findings), style="bold"))


def total(findings: Sequence[Finding]) -> str:
    """All sources in a line."""
    failing = sum(not each.fine for each in findings)
    articles = [one for each in findings for one in each.articles]
    dropped = sum(each.dropped is not None for each in articles)
    copies = sum(each.copy_of is not None and each.dropped is None for each in articles)
    undated = sum(each.published_at is None and each.dropped is None for each in articles)
    return (
        f"{_counted(len(findings), 'source')}, {failing} failing; "
        f"{_counted(len(articles) - dropped, 'article')} would be published, "
        f"{copies} a copy of another, {undated} undated; {dropped} dropped"
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _head(each: Finding, now: datetime) -> Text:
    said = [each.kind if each.format is None else each.format]
    if each.entries is not None:
        all_of = f"{each.looked_at} of {each.entries}" if each.looked_at else f"{each.entries}"
        said.append(f"{all_of} {'entry' if each.entries == 1 else 'entries'}")
    if each.thin:
        said.append(f"{each.thin} thin")
    if each.newest is not None:
        said.append(f"newest {ago(each.newest, now)} ago")
    if each.asks_s:
        said.append(f"asks to be left {each.asks_s:.0f} s")
    if each.title:
        said.append(f"“{cut(plain(each.title), _TITLE)}”")
    head = Text(plain(each.name), style="bold")
    head.append("  ").append(each.status, style=STYLES.get(each.status, ""))
    return head.append("  ").append(plain(", ".join(said)), style="not bold")


def _articles(found: Sequence[Found]) -> Table:
    made = table(["PUBLISHED (UTC)", "BASIS", "SURE", "COUNTS AS", "LENGTH", "ARTICLE"])
    for each in found:
        made.add_row(*(cell(text, "dim" if each.dropped else "") for text in _row(each)))
    return made


def _row(each: Found) -> tuple[str, ...]:
    at = each.published_at
    sure = each.published_confidence
    said = [cut(plain(each.title or each.url or "-"), _TITLE)]
    if each.dropped:
        said.append(f"[dropped: {cut(plain(each.dropped), _WHY)}]")
    if each.copy_of:
        said.append(f"[copy of {cut(plain(each.copy_of), _WHY)}]")
    if each.flags:
        said.append(f"[{', '.join(each.flags)}]")
    counts_as = each.counts_as or ("-" if each.dropped else "unknown")
    return (
        f"{at:%Y-%m-%d %H:%M}" if at else "undated",
        each.published_basis.value if at else "-",
        f"{sure:.2f}" if sure is not None else "-",
        f"{counts_as} ({each.tier})" if each.tier and not each.agency else counts_as,
        f"{each.characters:,}",
        " ".join(said),
    )
