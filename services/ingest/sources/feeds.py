"""One poll of a feed: what is new or edited in it becomes items, and is taken in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from services.ingest.app import Verdict
from services.ingest.domain.entries import Remembered, changes, kept, keyed, waiting
from services.ingest.domain.rhythm import Health, judge
from services.ingest.feed_state import Cursor, FeedState, Lease, LeaseLost
from services.ingest.fetch.result import Failed, NotModified
from services.ingest.metrics import Poll
from services.ingest.parse.result import FeedEntry
from services.ingest.sources.config import FeedSource
from services.ingest.sources.drafts import Draft, draft, entries_of
from services.ingest.sources.pages import seek
from services.ingest.sources.reader import Document, Reader
from services.ingest.sources.standing import answered, asked_of, is_watched, pace_of
from services.ingest.sources.taking import Limits, Taking
from tocsin.blocking import blocking

_DEPARTED: Final = 20_000  # entries kept that left the feed; about 70 bytes each
_WAITING: Final = 200  # entries of a feed that wait for their page; with text, so about 2 kB each


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """A poll that came to its end. `outcome`: of `metrics.Poll` or `Trouble`."""

    before: Health
    after: Health
    outcome: str
    verdicts: tuple[Verdict, ...] = ()


class _Look(msgspec.Struct, frozen=True, kw_only=True):
    """What a poll found, before any of it is taken. `entries`: None if the feed has not changed."""

    source: FeedSource
    lease: Lease
    cursor: Cursor
    read: Document | NotModified
    entries: Mapping[str, FeedEntry] | None
    memory: Mapping[str, Remembered]
    drafts: Sequence[Draft]


class Feeds:
    """Polls feeds.

    Nothing is lost and nothing comes twice, because of the order: what is published is remembered
    by the intake, then here as taken, and only then the cursor moves. A kill in between leaves the
    cursor where it was, so that the whole feed is read again. What was remembered is no news then;
    what was not goes through the intake again, which knows it or, killed between the broker's word
    and its own note, publishes it once more under the same id and revision.
    """

    def __init__(
        self,
        reader: Reader,
        state: FeedState,
        taking: Taking,
        limits: Limits,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._reader = reader
        self._state = state
        self._taking = taking
        self._limits = limits
        self._clock = clock
        self.settling: set[asyncio.Task[Polled]] = set()

    async def poll(self, source: FeedSource, lease: Lease) -> Polled:
        """Polls one feed to its end.

        Once anything may be published it is not broken off: who cancels it leaves that part
        running, in `settling`.

        Raises:
            Unavailable: broker or Redis are away; nothing is lost, the cursor stays.
            LeaseLost: another worker has the feed.
        """
        cursor = await blocking(lambda: self._cursor(source))
        read = await self._read(source, cursor)
        if isinstance(read, Failed):
            return await blocking(lambda: self._failed(source, lease, cursor, read))
        look = await self._look(source, lease, cursor, read)
        settling = asyncio.create_task(blocking(lambda: self._settle(look)))
        self.settling.add(settling)
        settling.add_done_callback(self.settling.discard)
        return await asyncio.shield(settling)

    def _cursor(self, source: FeedSource) -> Cursor:
        """Where the feed stands; from the beginning, if it was given another URL since."""
        found = self._state.cursors([source.name]).get(source.name)
        return found if found and found.url == source.url else Cursor(url=source.url)

    async def _read(self, source: FeedSource, cursor: Cursor) -> Document | NotModified | Failed:
        asked = asked_of(source, cursor.health)
        same = cursor.asked == asked
        return await self._reader.feed(
            source,
            url=asked,
            etag=cursor.etag if same else None,
            last_modified=cursor.last_modified if same else None,
        )

    async def _look(
        self, source: FeedSource, lease: Lease, cursor: Cursor, read: Document | NotModified
    ) -> _Look:
        """What is new or edited, with the pages behind it."""
        entries = keyed(entries_of(read.feed, source)) if isinstance(read, Document) else None
        memory: dict[str, Remembered] = {}
        if entries or cursor.pages:
            memory = await blocking(lambda: self._state.entries(source.name))
        return _Look(
            source=source,
            lease=lease,
            cursor=cursor,
            read=read,
            entries=entries,
            memory=memory,
            drafts=await self._drafts(source, cursor, entries or {}, memory),
        )

    async def _drafts(
        self,
        source: FeedSource,
        cursor: Cursor,
        entries: Mapping[str, FeedEntry],
        memory: Mapping[str, Remembered],
    ) -> list[Draft]:
        """In the feed's order; behind them those that only their page was sought for."""
        found = changes(entries, memory, now_s=self._now_s(), days=self._limits.days)
        edited = {each.key for each in found}
        tried = [each for each in waiting(memory) if each.key not in edited]
        pages = await seek(
            self._reader,
            source,
            [*found, *tried],
            most=self._limits.pages,
            within_s=self._limits.pages_s,
        )
        watched = is_watched(cursor, source, self._clock())
        drafts = []
        for place, each in enumerate(found):
            wait = place < _WAITING - len(tried)
            sought = pages.get(each.key)
            drafts.append(draft(each, sought, source, watched=watched, may_wait=wait))
        return drafts + [
            draft(each, pages[each.key], source, watched=watched, again=True)
            for each in tried
            if each.key in pages
        ]

    def _settle(self, look: _Look) -> Polled:
        """Takes in what was found, and moves the cursor behind it."""
        name = look.source.name
        drafts = look.drafts[::-1]  # feeds begin with the newest
        verdicts, taken = self._taking.take(look.source, look.lease, drafts)
        memory = {**look.memory, **taken}
        if look.entries is not None:
            changed, forgotten = kept(
                memory,
                list(look.entries),
                now_s=self._now_s(),
                days=self._limits.days,
                departed=_DEPARTED,
            )
            self._state.remember(name, changed)
            self._state.forget(name, forgotten)
        waits = sum(1 for each in memory.values() if each.tries)
        return self._answered(look, waits, verdicts)

    def _answered(self, look: _Look, waits: int, verdicts: tuple[Verdict, ...]) -> Polled:
        before, now = look.cursor.health, self._clock()
        document = look.read if isinstance(look.read, Document) else None
        asked = asked_of(look.source, before)
        moved_to = asked if asked != look.source.url else None
        if document:
            moved_to = document.answer.moved_to or moved_to
        found = answered(
            look.read,
            look.drafts,
            entries=None if look.entries is None else len(look.entries),
            moved_to=moved_to,
            now=now,
        )
        health = judge(before, found, pace_of(look.source), now)
        cursor = msgspec.structs.replace(look.cursor, health=health, pages=waits)
        if document:
            # Of a feed that was cut short the rest is still to come, whatever has not changed.
            whole = "truncated" not in document.feed.flags
            cursor = msgspec.structs.replace(
                cursor,
                asked=asked_of(look.source, health),
                etag=document.answer.etag if whole else None,
                last_modified=document.answer.last_modified if whole else None,
            )
        self._finish(look.lease, cursor)
        news = Poll.NEWS if found.new or found.edited else Poll.NOTHING_NEW
        outcome = news if document else Poll.NOT_MODIFIED
        return Polled(before=before, after=health, outcome=outcome.value, verdicts=verdicts)

    def give_up(self, source: FeedSource, lease: Lease, why: Failed) -> Polled:
        """The poll as failed, which could not come to its own end."""
        return self._failed(source, lease, self._cursor(source), why)

    def _failed(self, source: FeedSource, lease: Lease, cursor: Cursor, why: Failed) -> Polled:
        health = judge(cursor.health, why, pace_of(source), self._clock())
        self._finish(lease, msgspec.structs.replace(cursor, health=health))
        return Polled(before=cursor.health, after=health, outcome=why.trouble.value)

    def _finish(self, lease: Lease, cursor: Cursor) -> None:
        self._state.renew_entries(lease.name)
        if not self._state.finish(lease, cursor.health.next_at or self._clock(), cursor):
            raise LeaseLost(f"{lease.name} is polled by another worker")

    def _now_s(self) -> int:
        return int(self._clock().timestamp())
