"""One way to read a file: each format by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from services.ingest.domain.items import Item, Refused
from services.ingest.sources.formats import eml, feed, gdelt, jsonl, newsml, newsml1, nitf, text
from services.ingest.sources.formats.detect import Format
from services.ingest.sources.formats.given import REFUSED_HEAD, CutShort, Given
from tocsin.errors import BadMessage, Reason

MAX_LINE_BYTES: Final = 10_000_000  # one article; beyond it is no article
MAX_TEXT_BYTES: Final = 10_000_000
MAX_DOCUMENT_BYTES: Final = 20_000_000

# An article a line: line, where it is from, its number → the article, or BadMessage.
LINES: Final[dict[Format, Callable[[bytes, Given, int], Item]]] = {
    Format.LINES: jsonl.item,
    Format.GKG: gdelt.item,
}
# A document: all of it → its articles in its order.
DOCUMENTS: Final[dict[Format, Callable[[bytes, Given], Iterator[Item | Refused]]]] = {
    Format.TEXT: text.items,
    Format.MAIL: eml.items,
    Format.NEWSML: newsml.items,
    Format.NEWSML1: newsml1.items,
    Format.NITF: nitf.items,
    Format.FEED: feed.items,
    Format.LISTED_JSON: gdelt.listed_json,
    Format.LISTED_CSV: gdelt.listed_csv,
}


class Unfinished(Refused, frozen=True):
    """Half a document; it may be whole later."""


def document(kind: Format, data: bytes, given: Given) -> Iterator[Item | Refused]:
    """The articles of a document in its order, and what is refused of it; never raises."""
    most = MAX_TEXT_BYTES if kind is Format.TEXT else MAX_DOCUMENT_BYTES
    if len(data) > most:
        why = BadMessage(Reason.TOO_LARGE, f"{given.origin}: over {most} bytes")
        yield Refused(given.origin, data[:REFUSED_HEAD], why)
        return
    try:
        yield from DOCUMENTS[kind](data, given)
    except CutShort as error:
        yield Unfinished(given.origin, data[:REFUSED_HEAD], error)
    except BadMessage as error:
        yield Refused(given.origin, data[:REFUSED_HEAD], error)


def line(kind: Format, data: bytes | None, given: Given, number: int) -> Item | Refused:
    """The article of a line, or why it is none; no data for a line over the limit. Never raises."""
    origin = f"{given.origin}:{number}"
    if data is None:
        why = BadMessage(Reason.TOO_LARGE, f"{origin}: a line of over {MAX_LINE_BYTES} bytes")
        return Refused(origin, b"", why)
    try:
        return LINES[kind](data, given, number)
    except BadMessage as error:
        return Refused(origin, data[:REFUSED_HEAD], error)
