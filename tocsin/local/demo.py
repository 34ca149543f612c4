"""The command `tocsin demo`: all parts started, a replay, the ladder of levels, all stopped."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tocsin import bus, topics
from tocsin.errors import TocsinError, Unavailable, UsageError
from tocsin.local.stack import Ports, Stack, running
from tocsin.messages import EnrichedArticle, LevelReport, decode, report_id

_SEEDS: Final = Path(__file__).parents[2] / "seeds"
_RUN: Final = "demo"
_DEADLINE_S: Final = 180.0
_NOT_ENRICHED: Final = topics.ARTICLES.dead_letters("enrich")
_NOT_ANSWERED: Final = topics.EVENTS.dead_letters("alert")
_DEAD: Final = (_NOT_ENRICHED, _NOT_ANSWERED)

_EXAMPLES: Final = """examples:
  tocsin demo                     the five seed articles
  tocsin demo --json              one JSON object a row
  tocsin demo my-articles/        your own: .txt with a manifest.toml, or .jsonl

It starts the embedded broker, Redis and the three services on free ports, replays the articles,
prints the level of each pair of states after each article, and stops all again.
"""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the ladder: a pair's level after an article, and why."""

    article: str
    published_at: datetime | None
    dyad: str
    level: int
    state: str
    why: str
    evidence: str


class Ladder:
    """Collects a replay's levels until each of its articles has been answered."""

    def __init__(self, articles: int) -> None:
        self._articles = articles
        self._met: dict[str, EnrichedArticle] = {}
        self._levels: dict[str, LevelReport] = {}
        self._dead = dict.fromkeys(_DEAD, 0)

    def take(self, record: bus.Record) -> None:
        """Notes an enriched article, a level or a dead letter."""
        if record.topic in _DEAD:
            self._dead[record.topic] += 1
        elif record.topic == topics.ENRICHED.name:
            enriched = decode(record.value, EnrichedArticle)
            self._met[f"{enriched.article.id}.{enriched.article.revision}"] = enriched
        else:
            level = decode(record.value, LevelReport)
            if level.report:
                self._levels.setdefault(level.report, level)

    def complete(self) -> bool:
        """Whether every article was enriched, and every report answered by a level."""
        if len(self._met) + self._dead[_NOT_ENRICHED] < self._articles:
            return False
        missing = sum(key not in self._levels for key, _, _ in self._reports())
        return missing <= self._dead[_NOT_ANSWERED]

    def steps(self) -> list[tuple[Row, LevelReport]]:
        """The rows in order of publication, each with its level."""
        found = [
            (_row(enriched, self._levels[key]), self._levels[key])
            for key, enriched, _ in self._reports()
            if key in self._levels
        ]
        return sorted(found, key=lambda step: _order(step[0]))

    def _reports(self) -> list[tuple[str, EnrichedArticle, str]]:
        return [
            (report_id(enriched.article, dyad, enriched.coder), enriched, dyad)
            for enriched in self._met.values()
            for dyad in enriched.dyads
        ]


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    options = _parser().parse_args(argv)
    paths = [Path(each) for each in options.path] or [_SEEDS]
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
    signal.signal(signal.SIGTERM, _interrupt)
    began = time.monotonic()

    def tell(step: str) -> None:
        print(f"{time.monotonic() - began:5.1f} s  {step}", file=sys.stderr, flush=True)

    def hear(name: str, line: str) -> None:
        if options.verbose:
            print(f"{name:>6} | {line}", file=sys.stderr, flush=True)

    stack = Stack(Ports(), on_line=hear, on_step=tell)
    with running(stack):
        published, refused = _replay(stack, paths)
        tell(f"{published} articles published")
        steps = _follow(stack, published).steps()
    tell("stopped")
    if options.json:
        for row, _ in steps:
            print(json.dumps(_plain(row), ensure_ascii=False))
    else:
        _show(steps)
    return 1 if refused else 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _replay(stack: Stack, paths: Sequence[Path]) -> tuple[int, int]:
    """Replays the paths by the command a user would give; how many were published, and refused."""
    command = [sys.executable, "-m", "tocsin.cli", "replay", "--json", "--run-id", _RUN]
    done = subprocess.run(  # noqa: S603 - the argument list is our own
        [*command, *map(str, paths)],
        env={**os.environ, **stack.env},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if not done.stdout:
        raise TocsinError("the replay failed")
    told = json.loads(done.stdout)
    return told["published"] + told["revised"], told["refused"]


def _follow(stack: Stack, articles: int) -> Ladder:
    names = [topics.ENRICHED.name, topics.LEVELS.name, *_DEAD]
    reader = bus.Reader(stack.kafka, names, from_beginning=True)
    ladder = Ladder(articles)
    until = time.monotonic() + _DEADLINE_S
    try:
        while not ladder.complete():
            stack.check()
            if time.monotonic() > until:
                raise Unavailable(f"not every article was answered within {_DEADLINE_S:.0f} s")
            for record in reader.poll(0.2):
                ladder.take(record)
    finally:
        reader.close()
    return ladder


def _row(enriched: EnrichedArticle, level: LevelReport) -> Row:
    return Row(
        article=enriched.article.guid,
        published_at=enriched.article.published_at,
        dyad=level.dyad,
        level=level.level,
        state=level.state.value,
        why=level.why,
        evidence=level.citation.evidence.text if level.citation else "",
    )


def _order(row: Row) -> tuple[bool, float, str, str]:
    at = row.published_at
    return at is None, at.timestamp() if at else 0.0, row.article, row.dyad


def _plain(row: Row) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(row)
    return plain


def _show(steps: Sequence[tuple[Row, LevelReport]]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 132, highlight=False)
    table = Table(title="Observed escalation in reporting, pair by pair", show_lines=True)
    for name in ("article", "published", "pair"):
        table.add_column(name, no_wrap=True)
    table.add_column("level", no_wrap=True)
    table.add_column("why", ratio=2)
    table.add_column("evidence", ratio=3)
    for row, level in steps:
        if level.fell:
            table.add_row(*(Text(cell, style="dim") for cell in _quiet(row.dyad, level)))
        at = f"{row.published_at:%Y-%m-%d}" if row.published_at else "undated"
        stands = Text(f"{row.level} {level.name}\n{row.state}", style=_COLOURS[row.level])
        table.add_row(
            *(_text(cell) for cell in (row.article.split("_")[0][:16], at, row.dyad)),
            stands,
            _text(row.why + (f"\nalso: {level.cooperation}" if level.cooperation else "")),
            _text(row.evidence),
        )
    console.print(table)


def _quiet(dyad: str, level: LevelReport) -> tuple[str, ...]:
    """What the time without news did to a level, before the report that ended it."""
    days = "\n".join(f"{fell.at:%Y-%m-%d}" for fell in level.fell)
    steps = "\n".join(str(fell.level) for fell in level.fell)
    return "", days, dyad, steps, f"quiet: falls to {level.fell[-1].level}", ""


# Green, yellow, orange, red: the order a reader knows from weather warnings.
_COLOURS: Final = ("green", "green", "yellow", "dark_orange", "red", "bold red")


def _text(words: str) -> Text:
    """Feed text as plain cells: no markup is read in it, no terminal escape passes."""
    return Text("".join(c for c in words if c.isprintable() or c == "\n"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin demo",
        description="See Tocsin work: start all, replay articles, show the ladder, stop all.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "path", nargs="*", help="what to replay; the five seeds if nothing is named"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("--verbose", action="store_true", help="show what the services log")
    return parser
