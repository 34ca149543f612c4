"""Plain text: a file is an article."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.domain.items import Item
from services.ingest.sources.formats.given import Given
from tocsin.errors import BadMessage, Reason
from tocsin.messages import PublishedBasis


def items(data: bytes, given: Given) -> Iterator[Item]:
    """The one article of a file.

    Raises:
        BadMessage: it is empty, or no UTF-8 text.
    """
    yield Item(
        guid=given.name,
        source=given.source,
        origin=given.origin,
        text=_text(data, given.origin),
        published_at=given.written_at,
        published_basis=PublishedBasis.MANIFEST if given.written_at else PublishedBasis.NONE,
        raw=data,
    )


def _text(data: bytes, origin: str) -> str:
    if not data.strip():
        raise BadMessage(Reason.EMPTY, f"{origin}: an empty file")
    if b"\x00" in data:
        raise BadMessage(Reason.NOT_TEXT, f"{origin}: a binary file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadMessage(Reason.NOT_TEXT, f"{origin}: not UTF-8 at byte {error.start}") from error
