"""The command `tocsin ingest`: files, folders or a stream published as live articles, once."""

from __future__ import annotations

import argparse
import functools
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from services.ingest.app import Intake, Tally
from services.ingest.domain.items import Item, Refused
from services.ingest.publishing import (
    chosen_settings,
    intake_of,
    patiently,
    progress,
    say,
    stop_on_signals,
    summary,
)
from services.ingest.settings import Settings
from services.ingest.sources.config import Common
from services.ingest.sources.file import read_sources
from services.ingest.sources.files import Index, index, read_all
from services.ingest.sources.filled import filled
from services.ingest.sources.formats.given import Given
from services.ingest.sources.stdin import batches
from tocsin.errors import Unavailable, UsageError

_PATIENCE_S: Final = 300.0  # a broker that is started anew is back by then
_DEFAULT: Final = "ingest"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

_EXAMPLES: Final = """examples:
  tocsin ingest story.txt wire/ feed.jsonl.gz         what was not published before
  tail -f wire.jsonl | tocsin ingest -                a stream, as its lines come
  tocsin ingest - --outlet "Example Wire" < mail.eml
  tocsin ingest export/ --source wires --json         with family and tier of sources.toml

The articles are live, not an exercise: alerts of them ring. Reads text, JSON lines, mail, NewsML,
NITF, saved feeds and GDELT's lists, packed too. A source is part of who an article is: the same
file under another source is another article. Sources are looked up in the file that
TOCSIN_INGEST_SOURCES names. Exit codes: 0 all was taken, 1 some was not, 2 misused.
"""


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code.

    Raises:
        TocsinError: a path or the source is not there, or broker or Redis stay away.
    """
    options = _parser().parse_args(argv)
    if "-" in options.path and len(options.path) > 1:
        raise UsageError("- is standard input: it comes alone")
    chosen = chosen_settings()
    source = _source(options, chosen)
    stop = stop_on_signals()
    found = (
        None
        if options.path == ["-"]
        else index([Path(each) for each in options.path], source=source.name)
    )
    feed = _stream(source, chosen, stop) if found is None else _files(found, chosen, stop)
    try:
        with intake_of("ingest", chosen) as intake:
            total = hand_in(feed, intake, source, stop=stop, patience_s=_PATIENCE_S)
    except Unavailable as error:
        raise Unavailable(f"{error}; what was published is not published again") from error
    left = len(found.entries) + len(found.refused) - total.met if found else 0
    if left:
        say("stopped before the end; the same command goes on from there")
    summary({"source": source.name}, total, found.ignored if found else 0, as_json=options.json)
    return 1 if total.refused or left else 0


def hand_in(
    feed: Iterable[Sequence[Item | Refused]],
    intake: Intake,
    source: Common,
    *,
    stop: threading.Event,
    patience_s: float,
) -> Tally:
    """What became of all that the feed gave.

    Raises:
        Unavailable: broker or Redis were away for longer than `patience_s`.
    """
    total = Tally()
    told = progress(source.name)
    for batch in feed:
        items = [filled(each, source) for each in batch]
        take = functools.partial(intake.take, items, run=None)
        total.add(patiently(take, patience_s, stop).tally)
        told(total, "")
    return total


def _files(
    found: Index, chosen: Settings, stop: threading.Event
) -> Iterator[Sequence[Item | Refused]]:
    for start in range(0, len(found.refused), chosen.batch):
        if not stop.is_set():
            yield found.refused[start : start + chosen.batch]
    for start in range(0, len(found.entries), chosen.batch):
        if not stop.is_set():
            yield read_all(found.entries[start : start + chosen.batch])


def _stream(
    source: Common, chosen: Settings, stop: threading.Event
) -> Iterator[Sequence[Item | Refused]]:
    given = Given(origin="stdin", name="stdin", source=source.name, now=datetime.now(UTC))
    return batches(sys.stdin.fileno(), given, chosen.batch, stop)


def _source(options: argparse.Namespace, chosen: Settings) -> Common:
    """Whose articles these are: as the sources file says, or only a name.

    Raises:
        UsageError: the file names no such source.
    """
    found = Common(name=options.source)
    if chosen.sources and options.source != _DEFAULT:
        named = {each.name: each for each in read_sources(Path(chosen.sources))}
        if options.source not in named:
            raise UsageError(f"--source {options.source}: not in {Path(chosen.sources).name}")
        found = named[options.source]
    return msgspec.structs.replace(found, outlet=options.outlet or found.outlet)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin ingest",
        description="Publish files, folders or a stream as live articles, each once.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", nargs="+", help="a file, a folder of them, or - for standard input")
    parser.add_argument("--source", type=_name, default=_DEFAULT, help="whose articles these are")
    parser.add_argument("--outlet", help="who publishes what names no outlet")
    parser.add_argument("--json", action="store_true", help="the summary as one JSON object")
    return parser


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text}: small letters, digits and hyphens, at most 63")
    return text
