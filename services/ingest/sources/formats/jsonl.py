"""JSON lines: an article a line."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import msgspec

from services.ingest.domain.items import Item, published
from services.ingest.sources.formats.given import Given
from tocsin.errors import BadMessage, Reason
from tocsin.messages import PublishedBasis, digest

_WRAPPED: Final = re.compile(r"\n(?=\S)")  # a line that goes on; a paragraph begins with spaces


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line. The text is `text`, else `body`; in an archive, else the title alone."""

    text: str | None = None
    body: str | None = None
    title: str | None = None
    id: str | int | None = None
    url: str | None = None
    outlet: str | None = None
    source: str | None = None
    language: str | None = None
    byline: str | None = None
    published_at: str | None = None
    date: str | None = None
    ts: str | None = None


_DECODER: Final = msgspec.json.Decoder(Line)


def item(data: bytes, given: Given, number: int) -> Item:
    """The article of a line.

    Raises:
        BadMessage: it is no JSON, has no text, or a date that is none.
    """
    origin = f"{given.origin}:{number}"
    line = _line(data, origin)
    text = _archived(line, origin) if given.archive else _said(line, origin)
    at, flags = _published(line, origin)
    return Item(
        guid=_guid(line, text, given, number),
        source=line.source or given.source,
        origin=origin,
        text=text,
        title=line.title,
        url=line.url,
        outlet=line.outlet,
        language=line.language,
        byline=line.byline,
        published_at=at,
        published_basis=PublishedBasis.FEED if at else PublishedBasis.NONE,
        flags=flags,
        raw=data,
    )


def _line(data: bytes, origin: str) -> Line:
    try:
        return _DECODER.decode(data)
    except msgspec.ValidationError as error:
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(Reason.NOT_JSON, f"{origin}: {error}") from error


def _said(line: Line, origin: str) -> str:
    if line.text is not None:
        return line.text
    if line.body is None:
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: neither `text` nor `body`")
    return _unwrapped(line.body)


def _archived(line: Line, origin: str) -> str:
    text = line.text or _unwrapped(line.body or "") or _cased(line.title or "")
    if not text.strip():
        raise BadMessage(Reason.EMPTY, f"{origin}: no text, body or title")
    return text


def _published(line: Line, origin: str) -> tuple[datetime | None, tuple[str, ...]]:
    for field in ("published_at", "date", "ts"):
        if given := getattr(line, field):
            try:
                return published(given)
            except ValueError as error:
                raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: {field}: {error}") from error
    return None, ()


def _guid(line: Line, text: str, given: Given, number: int) -> str:
    if line.id is not None and line.id != "":
        return str(line.id)
    if given.archive:  # two wires of one minute may say the same
        return f"{given.name}:{number}"
    # Without a name a line is known by its words: another day's file of the same name holds other
    # articles, not revisions of these.
    return line.url or digest("line", text)


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
