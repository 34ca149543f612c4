"""Where a feed stands after a poll, as its source and its document tell; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.ingest.domain.rhythm import Answered, Health, Pace
from services.ingest.feed_state import Cursor
from services.ingest.fetch.result import NotModified
from services.ingest.sources.config import FeedSource, seconds
from services.ingest.sources.drafts import Draft
from services.ingest.sources.reader import Document

_MOVED_FAILURES: Final = 3  # in a row where the feed moved to, until it is sought at its own URL
_SILENCE_S: Final = 86_400.0  # after which what a feed has has not just appeared


def asked_of(source: FeedSource, health: Health) -> str:
    """The URL to poll: where the feed moved to for good, while it answers there.

    A secret is sent to nobody but whom it was given for.
    """
    moved = health.moved_to
    stays = source.authorization_env is not None or health.failures >= _MOVED_FAILURES
    return source.url if moved is None or stays else moved


def answered(
    read: Document | NotModified,
    drafts: Sequence[Draft],
    *,
    entries: int | None,
    moved_to: str | None,
    now: datetime,
) -> Answered:
    """What a poll found, for the feed's health and its next time."""
    told = read.feed.entries if isinstance(read, Document) else ()
    new = [each.change.entry for each in drafts if each.change.is_new]
    edited = [each for each in drafts if not each.change.is_new and not each.again]
    dates = [each.published_at for each in told if each.published_at and each.published_at <= now]
    if any(each.published_at is None or each.published_at > now for each in new):
        dates.append(now)  # found just now, whenever it was published
    waits = [read.max_age_s] if isinstance(read, NotModified) else []
    if isinstance(read, Document):
        waits += [read.answer.max_age_s, read.feed.ttl_s]
    return Answered(
        entries=entries,
        new=len(new),
        edited=len(edited),
        newest=max(dates, default=None),
        asked_s=max((each for each in waits if each), default=0.0),
        moved_to=moved_to,
    )


def is_watched(cursor: Cursor, source: FeedSource, now: datetime) -> bool:
    """Whether what is new has just appeared: not at a first poll, nor after a long silence."""
    last = cursor.health.last_ok
    silence_s = max(_SILENCE_S, 2 * pace_of(source).ceiling_s)
    return last is not None and (now - last).total_seconds() <= silence_s


def pace_of(source: FeedSource) -> Pace:
    """How often the feed is to be asked."""
    return Pace(
        name=source.name,
        interval_s=seconds(source.interval),
        longest_s=seconds(source.longest_interval),
        stale_after_s=seconds(source.stale_after),
    )
