"""A feed that was saved to a file: RSS, Atom, JSON Feed. The pages behind it are not fetched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.ingest.domain.items import Item
from services.ingest.parse.feed import parse_feed
from services.ingest.sources.formats.given import Given
from tocsin.errors import BadMessage, Reason
from tocsin.messages import PublishedBasis

_SUMMARY: Final = "summary_only"


def items(data: bytes, given: Given) -> Iterator[Item]:
    """Every entry of a feed that says anything, in its order.

    Raises:
        BadMessage: it is no feed, or an empty one.
    """
    try:
        feed = parse_feed(data, "", "")
    except BadMessage as error:
        raise BadMessage(error.reason, f"{given.origin}: {error.detail}") from error
    if not feed.entries:
        raise BadMessage(Reason.EMPTY, f"{given.origin}: a feed without entries")
    for number, entry in enumerate(feed.entries, start=1):
        at = entry.published_at
        thin = (_SUMMARY,) if entry.is_summary else ()
        yield Item(
            guid=entry.guid,
            source=given.source,
            origin=f"{given.origin}#{number}",
            text=entry.text,
            title=entry.title,
            url=entry.link,
            outlet=entry.outlet or feed.title,
            language=entry.language or feed.language,
            published_at=at,
            published_basis=PublishedBasis.FEED if at else PublishedBasis.NONE,
            flags=(*entry.flags, *thin),
            byline=entry.byline,
        )
