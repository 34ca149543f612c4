"""How the sources do: what `tocsin sources list` says of each, the worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.ingest.domain.rhythm import Health, Status
from services.ingest.feed_state import Cursor
from services.ingest.sources.config import Config, FeedSource, FolderSource, PushSource

OVERDUE: Final = "overdue"  # no worker asks it
OFF: Final = "off"
UNWATCHED: Final = "unwatched"  # it is not polled, so there is no health of it
# The worst first.
STATUSES: Final = (
    Status.FAILING.value,
    OVERDUE,
    Status.STALE.value,
    Status.EMPTY.value,
    Status.NEW.value,
    Status.FRESH.value,
    UNWATCHED,
    OFF,
)
_GRACE: Final = timedelta(minutes=5)  # a poll that is under way, pages and all


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One source. `newest`: publication of its newest article; `words`: what to know of it."""

    name: str
    kind: str
    status: str
    since: datetime | None = None
    newest: datetime | None = None
    last_new: datetime | None = None
    last_poll: datetime | None = None
    next_poll: datetime | None = None
    failures: int = 0
    entries: int | None = None
    moved_to: str | None = None
    words: str = ""


def listed(
    sources: Sequence[Config], cursors: Mapping[str, Cursor], now: datetime
) -> tuple[Row, ...]:
    """A row for each source, the worst first, then by name."""
    found = [_row(each, cursors.get(each.name), now) for each in sources]
    return tuple(sorted(found, key=lambda row: (STATUSES.index(row.status), row.name)))


def ago(at: datetime | None, now: datetime) -> str:
    """How long since, or until, in the largest unit: `40s`, `5m`, `3h`, `2d`; `-` for never."""
    if at is None:
        return "-"
    left_s = abs((now - at).total_seconds())
    for unit, length_s in (("d", 86_400), ("h", 3600), ("m", 60)):
        if left_s >= length_s:
            return f"{left_s // length_s:.0f}{unit}"
    return f"{left_s:.0f}s"


def _row(source: Config, cursor: Cursor | None, now: datetime) -> Row:
    kind = str(source.__struct_config__.tag)
    if not source.enabled:
        return Row(name=source.name, kind=kind, status=OFF, words="enabled = false")
    match source:
        case PushSource():
            words = f"sends by itself, known by {source.token_env}"
            return Row(name=source.name, kind=kind, status=UNWATCHED, words=words)
        case FolderSource():
            words = f"looked into every {source.interval}"
            return Row(name=source.name, kind=kind, status=UNWATCHED, words=words)
        case FeedSource():
            return _feed(source, cursor, now)


def _feed(source: FeedSource, cursor: Cursor | None, now: datetime) -> Row:
    # What was found out under another URL says nothing of this one.
    health = cursor.health if cursor and cursor.url == source.url else Health()
    overdue = health.next_at is not None and now - health.next_at > _GRACE
    failing = health.status is Status.FAILING
    return Row(
        name=source.name,
        kind="feed",
        status=OVERDUE if overdue and not failing else health.status.value,
        since=health.next_at if overdue and not failing else health.since,
        newest=health.newest,
        last_new=health.last_new,
        last_poll=health.last_poll,
        next_poll=health.next_at,
        failures=health.failures,
        entries=health.entries,
        moved_to=health.moved_to,
        words="; ".join(_words(source, health, overdue=overdue, now=now)),
    )


def _words(source: FeedSource, health: Health, *, overdue: bool, now: datetime) -> list[str]:
    said = []
    match health.status:
        case Status.FAILING:
            trouble = health.trouble.value if health.trouble else "failed"
            said.append(f"{trouble}: {health.detail}" if health.detail else trouble)
        case Status.STALE:
            said.append(
                f"nothing new for {ago(health.newest, now)} (stale_after {source.stale_after})"
            )
        case Status.EMPTY:
            said.append("it answers, and has no entries")
        case Status.NEW:
            said.append("not asked yet")
    if overdue:
        said.append(f"due {ago(health.next_at, now)} ago and not asked: does ingest run?")
    if health.moved_to:
        said.append(f"moved for good: url = {health.moved_to}")
    return said
