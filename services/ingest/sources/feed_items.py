"""What a feed's entry, and the page behind it, are as an item for the intake."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from services.ingest.domain.address import same_site
from services.ingest.domain.items import Item
from services.ingest.parse.result import FeedEntry, Page
from services.ingest.sources.config import FeedSource
from tocsin.messages import PublishedBasis

SUMMARY_ONLY: Final = "summary_only"
_OF_THE_DATE: Final = ("day_only", "zone_assumed", "bad_date")


def to_item(
    entry: FeedEntry,
    page: Page | None,
    source: FeedSource,
    *,
    url: str | None = None,
    fresh: bool = False,
) -> Item:
    """The item of an entry. `url`: under which it was first published, if it was.

    `page`: only if its text is to stand for the entry's. The feed's date comes before the page's;
    without any it stays undated.
    """
    at, basis, flags = _date(entry, page)
    thin = page is None and entry.is_summary
    text = page.text if page else entry.text
    return Item(
        guid=entry.guid,
        source=source.name,
        origin=f"{source.name}: {entry.guid[:200]}",
        text=text,
        title=entry.title or (page.title if page else None),
        url=url or address(entry, page),
        outlet=entry.outlet or source.outlet or source.family,
        language=entry.language or source.language or (page.language if page else None),
        published_at=at,
        published_basis=basis,
        flags=(*flags, SUMMARY_ONLY) if thin else flags,
        fresh=fresh,
        byline=entry.byline or (page.byline if page else None),
        family=source.family,
        tier=source.tier,
        country=source.country,
        raw=b"" if text.strip() else msgspec.json.encode(entry),
    )


def wants_page(entry: FeedEntry, source: FeedSource) -> bool:
    """Whether the page behind an entry is to be read."""
    if source.page == "never" or not entry.link:
        return False
    return source.page == "always" or entry.is_summary


def is_better(page: Page, entry: FeedEntry) -> bool:
    """Whether the page says more: a wall of cookies or a paywall often says less."""
    return len(page.text) > len(entry.text)


def address(entry: FeedEntry, page: Page | None) -> str | None:
    """The entry's link, unless that only leads on to another site, where the article stands.

    A page's word on itself is taken only then: some sites give all their pages one address.
    """
    told = page.canonical if page else None
    if not told or not entry.link or same_site(told, entry.link):
        return entry.link
    parts = urlsplit(told)
    return told if parts.path.strip("/") or parts.query else entry.link


def _date(
    entry: FeedEntry, page: Page | None
) -> tuple[datetime | None, PublishedBasis, tuple[str, ...]]:
    of_page = page.flags if page else ()
    if entry.published_at:
        rest = tuple(each for each in of_page if each not in (*_OF_THE_DATE, *entry.flags))
        return entry.published_at, PublishedBasis.FEED, (*entry.flags, *rest)
    flags = tuple(dict.fromkeys((*entry.flags, *of_page)))
    if page and page.published_at:
        return page.published_at, PublishedBasis.PAGE, flags
    return None, PublishedBasis.NONE, flags
