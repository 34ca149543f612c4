"""Coded events as a table for people, the cues marked in their sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.messages import Article, CodedEvent, EnrichedArticle, Evidence

_HEAD = ("class", "source", "target", "status", "time", "scope", "score", "sure")


def table(article: Article, enriched: EnrichedArticle) -> str:
    """One row an event, most important first, each with its first sentence below."""
    if not enriched.events:
        return "no events"
    rows = [_HEAD, *(_row(event) for event in enriched.events)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(_HEAD))]
    lines = [_line(_HEAD, widths)]
    for event, row in zip(enriched.events, rows[1:], strict=True):
        lines.append(_line(row, widths))
        lines.append("    " + marked(article.text, event.evidence[0], enriched))
    return "\n".join(lines)


def marked(text: str, evidence: Evidence, enriched: EnrichedArticle) -> str:
    """The sentence with its cues in brackets, on one line, with nothing a terminal obeys."""
    found, at = [], evidence.start
    for cue in enriched.cues:
        if evidence.start <= cue.start and cue.end <= evidence.end and cue.start >= at:
            found += [text[at : cue.start], "[", text[cue.start : cue.end], "]"]
            at = cue.end
    whole = "".join([*found, text[at : evidence.end]])
    return "".join(c if c.isprintable() else " " for c in whole)


def _row(event: CodedEvent) -> tuple[str, ...]:
    name = f"{event.plover}:{event.mode}" if event.mode else str(event.plover)
    return (
        name,
        event.source.code if event.source else "-",
        event.target.code if event.target else "-",
        str(event.status),
        event.time.date or str(event.time.type),
        str(event.scope),
        f"{event.score:+.1f}",
        f"{event.confidence:.2f}",
    )


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
