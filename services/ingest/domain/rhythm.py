"""How a feed is doing, and when to ask it again."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from services.ingest.fetch.result import Failed, Trouble
from tocsin.messages import digest

_DAY_S: Final = 86_400.0
_CALMER: Final = 1.5  # without news an interval of 5 min takes nearly three hours to grow to one
_KEENER: Final = 0.5
# What a feed may ask for, in intervals: generators write `ttl` 60 into feeds with news every
# minute, and a poll of what has not changed costs its publisher next to nothing.
_ASKED_INTERVALS: Final = 4.0
_JITTER: Final = 0.25  # so that feeds that failed together do not come back together


class Status(StrEnum):
    """How a feed is doing. A closed set: these are metric labels."""

    NEW = "new"  # never asked
    FRESH = "fresh"
    EMPTY = "empty"  # it answers, and has no entries
    STALE = "stale"  # it answers, and its newest article is old
    FAILING = "failing"


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often a feed is to be asked, and when it counts as stale; seconds."""

    name: str
    interval_s: float
    longest_s: float
    stale_after_s: float

    @property
    def ceiling_s(self) -> float:
        """The longest time between two polls that neither failed nor were told to wait."""
        return max(self.interval_s, self.longest_s)


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A poll that got an answer. `entries`: how many the feed holds, None if it has not changed.

    `newest`: the latest publication among them; `asked_s`: how long the feed asks to be left;
    `moved_to`: where it is read from, if it moved for good.
    """

    entries: int | None = None
    new: int = 0
    edited: int = 0
    newest: datetime | None = None
    asked_s: float = 0.0
    moved_to: str | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a feed was at its last poll. `since`: when the status began; `failures`: in a row.

    `newest`: publication of its newest article (or when it was found, if that has no date);
    `last_new`: when an article was last found. `interval_s`: the one that it has come to by now.
    """

    status: Status = Status.NEW
    since: datetime | None = None
    trouble: Trouble | None = None
    detail: str = ""
    failures: int = 0
    entries: int | None = None
    newest: datetime | None = None
    last_new: datetime | None = None
    last_poll: datetime | None = None
    last_ok: datetime | None = None
    moved_to: str | None = None
    interval_s: float | None = None
    next_at: datetime | None = None


def judge(before: Health, polled: Answered | Failed, pace: Pace, now: datetime) -> Health:
    """The feed's health after a poll, with the time of the next one."""
    if isinstance(polled, Failed):
        return _failing(before, polled, pace, now)
    interval_s = next_interval_s(
        before.interval_s or pace.interval_s, news=bool(polled.new or polled.edited), pace=pace
    )
    entries = before.entries if polled.entries is None else polled.entries
    newest = _latest(before.newest, polled.newest, now)
    status = _status(entries, newest, pace, now)
    return Health(
        status=status,
        since=before.since if before.status is status else now,
        entries=entries,
        newest=newest,
        last_new=now if polled.new else before.last_new,
        last_poll=now,
        last_ok=now,
        moved_to=polled.moved_to,
        interval_s=interval_s,
        next_at=now + timedelta(seconds=wait_s(interval_s, asked_s=polled.asked_s, pace=pace)),
    )


def next_interval_s(before_s: float, *, news: bool, pace: Pace) -> float:
    """News halves the interval, none lets it grow, between the two that the source is told."""
    wanted = before_s * (_KEENER if news else _CALMER)
    return min(max(wanted, pace.interval_s), pace.ceiling_s)


def wait_s(interval_s: float, *, asked_s: float, pace: Pace) -> float:
    """How long to leave a feed that answered: as long as it asks, within reason."""
    return max(interval_s, min(asked_s, _ASKED_INTERVALS * pace.interval_s, pace.ceiling_s))


def back_off_s(failures: int, failed: Failed, pace: Pace) -> float:
    """How long to leave a feed after so many failures in a row, the last of which is given.

    What a publisher asks for is kept, up to a day; one that says that it is gone is asked daily.
    """
    if failed.trouble is Trouble.GONE:
        return max(_DAY_S, pace.interval_s)
    chance = int(digest(pace.name, str(failures))[:8], 16) / 0xFFFF_FFFF
    doubled = min(pace.ceiling_s, pace.interval_s * 2.0 ** min(failures - 1, 30))
    backed = max(pace.interval_s, doubled * (1 - _JITTER * chance))
    return max(backed, min(failed.retry_after_s or 0.0, _DAY_S))


def _failing(before: Health, failed: Failed, pace: Pace, now: datetime) -> Health:
    failures = before.failures + 1
    return msgspec.structs.replace(
        before,
        status=Status.FAILING,
        since=before.since if before.status is Status.FAILING else now,
        trouble=failed.trouble,
        detail=failed.detail,
        failures=failures,
        last_poll=now,
        next_at=now + timedelta(seconds=back_off_s(failures, failed, pace)),
    )


def _status(entries: int | None, newest: datetime | None, pace: Pace, now: datetime) -> Status:
    if entries == 0:
        return Status.EMPTY
    if newest and now - newest > timedelta(seconds=pace.stale_after_s):
        return Status.STALE
    return Status.FRESH


def _latest(before: datetime | None, found: datetime | None, now: datetime) -> datetime | None:
    """The later of the two; a date in the future keeps no feed fresh."""
    known = [min(each, now) for each in (before, found) if each]
    return max(known, default=None)
