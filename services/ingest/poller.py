"""Polls the feeds that are due, several at a time, none held by another."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from services.ingest import metrics
from services.ingest.domain.rhythm import Health, Status
from services.ingest.feed_state import FeedState, Lease, LeaseLost
from services.ingest.fetch.result import Failed, Trouble
from services.ingest.metrics import Poll
from services.ingest.sources.config import FeedSource
from services.ingest.sources.feeds import Feeds, Polled
from services.ingest.sources.reader import host_of
from tocsin.blocking import blocking
from tocsin.errors import Unavailable
from tocsin.observe import get_logger

_TICK_S: Final = 0.25  # between two looks for what is due, and for the end
_SURVEY_S: Final = 10.0  # between two counts of the feeds' health
_POLL_S: Final = 600.0  # a poll that takes longer hangs on something nobody thought of
_SOON: Final = timedelta(seconds=20)  # until a feed is polled again that broker or Redis kept
_PAUSE_S: Final = 5.0  # in which no poll begins, since it could not be brought to its end
_WARN_S: Final = 30.0  # between two lines that say so
_FINISH_S: Final = 5.0  # at the end, for what is being published
_GIVE_BACK_S: Final = 1.0


class Resting(Protocol):
    """Which hosts asked to be left alone; `fetch.hosts.Hosts` is the real one."""

    def rest_s(self, host: str) -> float:
        """Seconds for which the host asked to be left alone."""


class Poller:
    """The loop around `Feeds`: claims what is due, renews the leases, tells how the feeds are.

    Feeds of one host are polled one after another, and take only one of the `polls` that run at a
    time: a host that hangs with fifty feeds on it does not hold the others.
    """

    def __init__(
        self,
        sources: Sequence[FeedSource],
        feeds: Feeds,
        state: FeedState,
        hosts: Resting,
        *,
        polls: int,
        lease_s: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_survey: Callable[[Mapping[Status, int]], None] = lambda _: None,
    ) -> None:
        self._sources = {each.name: each for each in sources}
        self._feeds = feeds
        self._state = state
        self._hosts = hosts
        self._polls = polls
        self._lease_s = lease_s
        self._clock = clock
        self._on_survey = on_survey
        self._active: dict[asyncio.Task[None], Lease] = {}
        self._resume_at = self._warn_at = 0.0
        self._log = get_logger()

    async def run(self, stop: threading.Event) -> None:
        """Polls until it is told to stop; what is being published then is brought to its end."""
        regular = [
            asyncio.create_task(self._regularly(self._renew, self._lease_s / 3)),
            asyncio.create_task(self._regularly(self._survey, _SURVEY_S)),
        ]
        try:
            enrolled = False
            while not stop.is_set():
                if time.monotonic() >= self._resume_at:
                    enrolled = enrolled or await self._tried(self._enrol())
                    if enrolled:
                        await self._tried(self._start_due())
                if self._active:
                    await asyncio.wait(
                        self._active, timeout=_TICK_S, return_when=asyncio.FIRST_COMPLETED
                    )
                else:
                    await asyncio.sleep(_TICK_S)
        finally:
            for task in regular:
                task.cancel()
            await self._end()

    async def _enrol(self) -> None:
        urls = {each.name: each.url for each in self._sources.values()}
        await blocking(lambda: self._state.enrol(urls, self._clock()))

    async def _start_due(self) -> None:
        while len(self._active) < self._polls and (names := self._free()):
            leases = await blocking(
                lambda names=names: self._state.claim(  # type: ignore[misc]
                    names, 1, now=self._clock(), lease_s=self._lease_s
                )
            )
            if not leases:
                return
            task = asyncio.create_task(self._poll(self._sources[leases[0].name], leases[0]))
            self._active[task] = leases[0]
            task.add_done_callback(self._active.pop)

    def _free(self) -> list[str]:
        """The feeds whose host is neither asked just now nor at rest."""
        busy = {host_of(self._sources[each.name].url) for each in self._active.values()}
        return [
            each.name
            for each in self._sources.values()
            if (host := host_of(each.url)) not in busy and not self._hosts.rest_s(host)
        ]

    async def _poll(self, source: FeedSource, lease: Lease) -> None:
        outcome, began = Poll.FELL_OVER.value, time.monotonic()
        try:
            async with asyncio.timeout(_POLL_S):
                polled = await self._feeds.poll(source, lease)
            outcome = polled.outcome
            self._tell(source, polled)
        except Unavailable as error:
            outcome = Poll.UNAVAILABLE.value
            self._waits(error)
            await self._give_back(lease, self._clock() + _SOON)
        except LeaseLost:
            outcome = Poll.LEASE_LOST.value
        except Exception as error:  # noqa: BLE001 - one feed must not end the others
            self._log.exception("a poll fell over", source=source.name)
            await self._give_up(source, lease, error)
        metrics.POLLS.labels(outcome).inc()
        metrics.POLL_SECONDS.observe(time.monotonic() - began)

    def _tell(self, source: FeedSource, polled: Polled) -> None:
        before, after = polled.before, polled.after
        if before.status is after.status:
            return
        log = self._log.warning if after.status is Status.FAILING else self._log.info
        why: dict[str, Any] = {}
        if after.trouble:
            why = {"trouble": after.trouble.value, "detail": after.detail}
        log("feed status", source=source.name, was=before.status, status=after.status, **why)

    async def _give_up(self, source: FeedSource, lease: Lease, error: Exception) -> None:
        """The feed is failing for an error of ours, and is left alone as one that is down."""
        hung = isinstance(error, TimeoutError)
        failed = Failed(
            trouble=Trouble.TIMED_OUT if hung else Trouble.BROKEN,
            detail=f"the poll took over {_POLL_S:g} s"
            if hung
            else f"an error of ingest: {error!r:.200}",
        )
        with contextlib.suppress(Unavailable, LeaseLost):
            self._tell(source, await blocking(lambda: self._feeds.give_up(source, lease, failed)))

    async def _give_back(self, lease: Lease, due: datetime) -> None:
        with contextlib.suppress(Unavailable):
            await blocking(lambda: self._state.finish(lease, due))

    async def _renew(self) -> None:
        active = list(self._active.items())
        held = await blocking(
            lambda: self._state.renew(
                [lease for _, lease in active], now=self._clock(), lease_s=self._lease_s
            )
        )
        for (task, _), holds in zip(active, held, strict=True):
            if not holds:
                task.cancel()

    async def _survey(self) -> None:
        cursors = await blocking(lambda: self._state.cursors(list(self._sources)))
        healths = [cursors[name].health if name in cursors else Health() for name in self._sources]
        counted = Counter(each.status for each in healths)
        for status in Status:
            metrics.SOURCES.labels(status.value).set(counted[status])
        self._on_survey(counted)

    async def _regularly(self, action: Callable[[], Any], every_s: float) -> None:
        while True:
            await self._tried(action())
            await asyncio.sleep(every_s)

    async def _tried(self, action: Any) -> bool:
        """Whether it could be done; else Redis is away."""
        try:
            await action
        except Unavailable as error:
            self._waits(error)
            return False
        return True

    def _waits(self, error: Unavailable) -> None:
        now = time.monotonic()
        self._resume_at = now + _PAUSE_S
        if now >= self._warn_at:
            self._warn_at = now + _WARN_S
            self._log.warning("waiting", error=str(error))

    async def _end(self) -> None:
        """Breaks off what only reads, and gives those feeds back for another worker to take."""
        leases = list(self._active.values())
        tasks = list(self._active)
        settling = list(self._feeds.settling)
        for task in tasks:
            task.cancel()
        if settling:
            await asyncio.wait(settling, timeout=_FINISH_S)
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GIVE_BACK_S):
                for lease in leases:  # those that came to their end are nobody's by now
                    await self._give_back(lease, self._clock())
