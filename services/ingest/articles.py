"""Files as article messages on standard output: what a backtest asks of ingest, without a broker.

`python -m services.ingest.articles PATH…` writes one `Article` a line in the order of the files.
Beside what `tocsin replay` reads it takes archives: JSONL, gzipped too, whose lines have a body
or only a headline.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, cast

import msgspec

from services.ingest.domain.agencies import Agencies
from services.ingest.domain.items import Item, article, published
from services.ingest.sources.files import index, read
from tocsin.errors import BadMessage, Reason, UsageError
from tocsin.messages import Article, PublishedBasis, encode

_AGENCIES: Final = Path(__file__).parent / "data" / "agencies.toml"
_ARCHIVES: Final = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_WRAPPED: Final = re.compile(r"\n(?=\S)")  # a line that goes on; a paragraph begins with spaces
_SOURCE: Final = "backtest"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an archive; text is `text`, else `body`, else the title alone."""

    text: str | None = None
    body: str | None = None
    title: str | None = None
    id: str | int | None = None
    url: str | None = None
    outlet: str | None = None
    language: str | None = None
    published_at: str | None = None
    date: str | None = None
    ts: str | None = None


def articles(
    paths: Sequence[Path], agencies: Agencies, *, outlet: str | None, now: datetime
) -> Iterator[Article | BadMessage]:
    """Every article below the paths, or why one is refused.

    Raises:
        UsageError: a path does not exist.
    """
    for path in paths:
        items = _archive(path) if path.name.endswith(_ARCHIVES) else _folder(path)
        for item in items:
            if isinstance(item, BadMessage):
                yield item
                continue
            try:
                found = article(item, agencies, run=None, now=now)
            except BadMessage as error:
                yield error
                continue
            yield found if found.outlet else msgspec.structs.replace(found, outlet=outlet)


def _folder(path: Path) -> Iterator[Item | BadMessage]:
    found = index([path])
    yield from (each.error for each in found.refused)
    for entry in found.entries:
        try:
            yield read(entry)
        except BadMessage as error:
            yield error


def _archive(path: Path) -> Iterator[Item | BadMessage]:
    decoder = msgspec.json.Decoder(Line)
    with _opened(path) as lines:
        for number, data in enumerate(lines, start=1):
            if data.strip():
                origin = f"{path}:{number}"
                try:
                    yield _item(decoder.decode(data), path, number)
                except msgspec.ValidationError as error:
                    yield BadMessage(Reason.WRONG_SHAPE, f"{origin}: {error}")
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    yield BadMessage(Reason.NOT_JSON, f"{origin}: {error}")
                except BadMessage as error:
                    yield error


def _opened(path: Path) -> IO[bytes]:
    try:
        if path.suffix == ".gz":
            return cast("IO[bytes]", gzip.open(path))
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _item(line: Line, path: Path, number: int) -> Item:
    origin = f"{path}:{number}"
    text = line.text or _unwrapped(line.body or "") or _cased(line.title or "")
    if not text.strip():
        raise BadMessage(Reason.EMPTY, f"{origin}: no text, body or title")
    try:
        at, flags = published(line.published_at or line.date or line.ts)
    except ValueError as error:
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: date: {error}") from error
    return Item(
        # The place in the file is the last resort: two wires of one minute may say the same.
        guid=str(line.id) if line.id is not None else f"{path.name}:{number}",
        source=_SOURCE,
        origin=origin,
        text=text,
        title=line.title,
        url=line.url,
        outlet=line.outlet,
        language=line.language,
        published_at=at,
        published_basis=PublishedBasis.FEED if at else PublishedBasis.NONE,
        flags=flags,
    )


def _unwrapped(body: str) -> str:
    """A body with its wrapped lines joined, a paragraph a line."""
    return _WRAPPED.sub(" ", body)


def _cased(title: str) -> str:
    """A headline from the days of capitals, each word with one: names can be found again."""
    if not title.isupper() or " " not in title:
        return title
    return " ".join(
        word if "." in word.rstrip(".,;:") else word.capitalize() for word in title.split(" ")
    )


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
