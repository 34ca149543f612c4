"""What news management says of an item: its version, whether it stands, and from when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.ingest.domain.items import Held, Item, Refused
from services.ingest.sources.formats.given import Given, moment
from tocsin.errors import BadMessage, Reason
from tocsin.messages import PublishedBasis

_STORY_RUNS: Final = timedelta(days=3)  # a desk writes through a story so long; later it corrects
_MOST_VERSIONS: Final = 1_000_000
_TAKEN_BACK: Final = frozenset(["canceled", "cancelled", "withheld"])


class Management(msgspec.Struct, frozen=True, kw_only=True):
    """As the item says it; times are still text."""

    guid: str
    version: str | None = None
    status: str | None = None
    first_at: str | None = None
    version_at: str | None = None
    embargo: str | None = None


def issued(item: Item, told: Management, given: Given) -> Item | Refused:
    """The item as of this version; one that may not be published yet is held.

    A version is dated when its words were written, since they say "on Monday"; one of later than
    `_STORY_RUNS` corrects an old article and is as old as that. What was taken back comes as a
    version without its words, so that what it said is withdrawn.
    """
    at, flags = _written(told, given)
    embargo = moment(told.embargo)[0]
    if embargo and embargo > given.now:
        why = BadMessage(Reason.EMBARGOED, f"{item.origin}: embargoed until {embargo:%F %H:%M} UTC")
        return Held(origin=item.origin, data=item.text.encode("utf-8", "replace"), error=why,
                    until=embargo)  # fmt: skip
    if at and embargo and embargo > at:
        at = embargo
    item = msgspec.structs.replace(
        item,
        guid=told.guid,
        version=_number(told.version),
        published_at=at,
        published_basis=PublishedBasis.FEED if at else PublishedBasis.NONE,
        flags=(*item.flags, *flags),
    )
    if (told.status or "").lower() not in _TAKEN_BACK:
        return item
    return msgspec.structs.replace(
        item,
        title=None,
        # With its name, since texts of the same words are copies of each other.
        text=f"Withdrawn by its publisher: {told.guid}, version {item.version or 1}.",
        flags=(*item.flags, "withdrawn"),
    )


def _written(told: Management, given: Given) -> tuple[datetime | None, tuple[str, ...]]:
    first, first_flags = moment(told.first_at)
    this, this_flags = moment(told.version_at)
    if this is None:
        return (first, (*first_flags, *this_flags)) if first else (given.written_at, this_flags)
    if first is None or timedelta(0) <= this - first <= _STORY_RUNS:
        return this, this_flags
    return first, (*first_flags, "late_version")


def _number(version: str | None) -> int:
    if version and version.isascii() and version.isdigit() and len(version) < 10:
        return min(int(version), _MOST_VERSIONS)
    return 0
