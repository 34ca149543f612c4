"""`tocsin code`: text in, coded events out, without a broker."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from services.enrich.domain.table import table
from services.enrich.nlp import Coder
from tocsin.errors import UsageError
from tocsin.messages import Article, CodedEvent, EnrichedArticle, digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BATCH = 32
_UNDATED = datetime(1970, 1, 1, tzinfo=UTC)

_EXAMPLES = """examples:
  tocsin code article.txt --published 2025-08-19       a table, with the cues marked
  tocsin code < articles.jsonl > events.jsonl          {"id", "text", "published_at"?} a line
"""


class Line(msgspec.Struct, kw_only=True):
    """One line of standard input."""

    text: str
    id: str = ""
    published_at: datetime | None = None


def main(argv: Sequence[str]) -> int:
    """Codes files into a table, or lines of JSON into lines of JSON; returns the exit code."""
    arguments = _arguments(argv)
    coder = Coder(ner="all" if arguments.ner == "all" else "relevant")
    if arguments.files:
        for name in arguments.files:
            article = _article(Line(text=_read(name), published_at=_day(arguments.published)))
            print(table(article, coder.enrich([article])[0]))
        return 0
    for batch in _batches(_lines()):
        for article, enriched in zip(batch, coder.enrich(batch), strict=True):
            print(msgspec.json.encode(_coded(coder, article, enriched)).decode())
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin code",
        description="Text in, coded events out, without a broker.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="text files; none reads JSON lines"
    )
    parser.add_argument("--published", metavar="DAY", help="publication day of the files, ISO")
    parser.add_argument("--ner", choices=("relevant", "all"), default="relevant")
    return parser.parse_args(list(argv))


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from error


def _day(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(f"--published {text}: not an ISO day") from error


def _lines() -> Iterator[Article]:
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if line.strip():
            try:
                yield _article(msgspec.json.decode(line, type=Line))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise UsageError(f"line {number}: {error}") from error


def _article(line: Line) -> Article:
    ident = line.id or digest(line.text)
    return Article(
        id=ident,
        guid=ident,
        source="code",
        text=line.text,
        fingerprint="",
        fetched_at=_UNDATED,
        published_at=line.published_at,
    )


def _batches(articles: Iterator[Article]) -> Iterator[list[Article]]:
    batch: list[Article] = []
    for article in articles:
        batch.append(article)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _coded(coder: Coder, article: Article, enriched: EnrichedArticle) -> dict[str, Any]:
    return {
        "id": article.id,
        "language": coder.language(article),
        "entities": enriched.entities,
        "cues": enriched.cues,
        "events": [_event(event) for event in enriched.events],
    }


def _event(event: CodedEvent) -> dict[str, Any]:
    """An event flattened for people and scripts: the first evidence, the time's parts."""
    return {
        "source": event.source,
        "target": event.target,
        "plover": event.plover,
        "mode": event.mode,
        "cameo": event.cameo,
        "status": event.status,
        "time": event.time,
        "scope": event.scope,
        "telling": event.telling,
        "magnitude": event.magnitude,
        "attribution": event.attribution,
        "place": event.place,
        "directed_at_state": event.directed_at_state,
        "score": event.score,
        "confidence": event.confidence,
        "evidence": event.evidence[0],
        "also": event.evidence[1:],
    }
