"""A feed's entries in the words they came in, before anything is judged."""

from __future__ import annotations

from enum import IntEnum

import msgspec

MAX_ENTRIES = 20_000  # far above any honest feed; what follows is left and the feed flagged


class Part(IntEnum):
    """Which of an entry's texts one is, the most trusted last."""

    MEDIA = 0  # what is said of a video
    SUMMARY = 1
    CONTENT = 2


class RawText(msgspec.Struct, frozen=True):
    """One of an entry's texts."""

    part: Part
    value: str
    markup: bool = True


class RawEntry(msgspec.Struct, kw_only=True):
    """An entry as it came; links absolute, dates as they were written, in order of trust."""

    guid: str = ""
    links: tuple[str, ...] = ()
    title: str = ""
    title_markup: bool = True
    texts: tuple[RawText, ...] = ()
    published: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    source: str = ""
    language: str = ""


class RawFeed(msgspec.Struct, kw_only=True):
    """A feed as it came."""

    kind: str
    entries: list[RawEntry]
    title: str = ""
    language: str = ""
    ttl_s: float | None = None
    flags: tuple[str, ...] = ()
