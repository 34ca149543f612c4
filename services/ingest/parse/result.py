"""What feeds and pages say, in plain text: what the parsers hand on."""

from __future__ import annotations

from datetime import datetime

import msgspec


class FeedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a feed. `text`: plain, a paragraph a line; `guid`: never empty.

    `is_summary`: the text is, as far as can be told, not the whole article. `published_at`: aware
    UTC as the feed says it, None if it says none or what it says cannot be read (then
    `bad_date` is in `flags`); a day alone stands at noon with the flag `day_only`.
    """

    guid: str
    link: str | None = None  # absolute, canonical
    title: str | None = None
    text: str = ""
    is_summary: bool = True
    published_at: datetime | None = None
    updated_at: datetime | None = None
    byline: str | None = None
    outlet: str | None = None  # who publishes, where an aggregator says so
    language: str | None = None
    flags: tuple[str, ...] = ()


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed as it was read, entries in the feed's order. `ttl_s`: how long it asks to be left."""

    entries: tuple[FeedEntry, ...]
    kind: str = ""  # rss20, atom10, json11 ...
    title: str | None = None
    language: str | None = None
    ttl_s: float | None = None
    flags: tuple[str, ...] = ()  # malformed, truncated ...


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """An article's page. `text`: plain, a paragraph a line, without captions; empty if none found.

    `published_at`: only from the page's own metadata, aware UTC, as in FeedEntry.
    """

    text: str
    title: str | None = None
    byline: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    canonical: str | None = None  # absolute; of the same site as the page
    outlet: str | None = None
    language: str | None = None
    flags: tuple[str, ...] = ()
