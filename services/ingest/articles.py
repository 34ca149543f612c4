"""Files as article messages on standard output: what a backtest asks of ingest, without a broker.

`python -m services.ingest.articles PATH…` writes one `Article` a line in order of publication. It
reads what `tocsin replay` reads. A file of JSON lines is taken for an archive: its lines may have
only a headline, and one without a name is known by its place.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from services.ingest.domain.agencies import Agencies
from services.ingest.domain.items import Item, Refused, article
from services.ingest.domain.story import telling
from services.ingest.recent import RecentStories
from services.ingest.sources.files import Index, index, order, read_all
from tocsin.errors import BadMessage, UsageError
from tocsin.messages import Article, encode

_AGENCIES: Final = Path(__file__).parent / "data" / "agencies.toml"
_ARCHIVES: Final = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_SOURCE: Final = "backtest"
_BATCH: Final = 200
_STORY_DAYS: Final = 3  # as the service's settings have them
_STORY_TEXTS: Final = 30_000


def articles(
    paths: Sequence[Path], agencies: Agencies, *, outlet: str | None, now: datetime
) -> Iterator[Article | BadMessage]:
    """Every article below the paths in order of publication, or why one is refused.

    Raises:
        UsageError: a path does not exist.
    """
    found = [_index(path) for path in paths]
    yield from (each.error for one in found for each in one.refused)
    entries = sorted((each for one in found for each in one.entries), key=order)
    stories = RecentStories(days=_STORY_DAYS, texts=_STORY_TEXTS)
    for start in range(0, len(entries), _BATCH):
        read: list[Article | BadMessage] = []
        for item in read_all(entries[start : start + _BATCH]):
            try:
                read.append(_article(item, agencies, outlet, now))
            except BadMessage as error:
                read.append(error)
        told = [each for each in read if isinstance(each, Article)]
        named = iter(stories.assign([telling(each) for each in told]))
        yield from (
            msgspec.structs.replace(each, story=next(named)) if isinstance(each, Article) else each
            for each in read
        )


def _article(
    item: Item | Refused, agencies: Agencies, outlet: str | None, now: datetime
) -> Article:
    if isinstance(item, Refused):
        raise item.error
    found = article(item, agencies, run=None, now=now)
    return found if found.outlet else msgspec.structs.replace(found, outlet=outlet)


def _index(path: Path) -> Index:
    if path.name.endswith(_ARCHIVES):
        return index([path], source=_SOURCE, archive=True)
    return index([path])


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the articles of the paths; 1 if any was refused."""
    parser = argparse.ArgumentParser(prog="python -m services.ingest.articles", description=__doc__)
    parser.add_argument("path", nargs="+", type=Path)
    parser.add_argument("--outlet", help="who publishes what names no outlet")
    options = parser.parse_args(argv)
    agencies = Agencies(tomllib.loads(_AGENCIES.read_text("utf-8")))
    refused = 0
    try:
        for each in articles(options.path, agencies, outlet=options.outlet, now=datetime.now(UTC)):
            if isinstance(each, BadMessage):
                refused += 1
                sys.stderr.write(f"{each.detail}\n")
            else:
                sys.stdout.buffer.write(encode(each) + b"\n")
        sys.stdout.buffer.flush()
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except BrokenPipeError:
        return 1
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
