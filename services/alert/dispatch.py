"""The dispatcher: carries the outbox to its channels, each at its own pace.

At least once, in order; one worker at a time holds a channel. A slow or dead receiver holds up its
own channel and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec

from services.alert.outbox import Entry, Outbox, Settled
from tocsin.errors import Unavailable
from tocsin.observe import get_logger

T = TypeVar("T")

LEASE_S: Final = 15.0  # longer than one attempt of any channel; a longer attempt, a longer lease
_WAIT_MS: Final = 500  # for news; also how long a stop may take to be seen
_BACKOFF_S: Final = (0.2, 5.0)
_OTHERS_S: Final = 1.0  # between looks at a lease that another worker has


class Carrier(Protocol):
    """One way out: passes the outbox on for as long as it has the turn."""

    @property
    def name(self) -> str:
        """Its name, in Redis and in the metrics."""
        ...

    @property
    def lease_s(self) -> float:
        """How long its lease lasts: longer than any attempt of it."""
        ...

    async def carry(self, turn: Turn) -> None:
        """Comes back at the stop, or when the turn is lost."""
        ...


class Turn:
    """The lease of one channel, held by this worker: what may be done with it, and until when."""

    def __init__(
        self,
        outbox: Outbox,
        carrier: Carrier,
        every: Sequence[str],
        stop: asyncio.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.outbox = outbox
        self.channel = carrier.name
        self.stop = stop
        self._lease_s = carrier.lease_s
        self._every = every
        self._clock = clock
        self._holder = uuid.uuid4().hex
        self._until = 0.0
        self._abandoned = False

    @property
    def left_s(self) -> float:
        """For how long the lease is sure to be ours, whatever Redis does."""
        return self._until - self._clock()

    async def hold(self) -> bool:
        """Takes or keeps the lease; false if another worker has it, or at the stop."""
        asked_at = self._clock()
        if self.stop.is_set() or not await self.outbox.hold(
            self.channel, self._holder, self._lease_s
        ):
            return False
        self._until = asked_at + self._lease_s
        return True

    async def during(self, work: Coroutine[Any, Any, T], *, threaded: bool) -> T | None:
        """What `work` gives, the lease kept meanwhile; None if it was lost or the stop came first.

        `work` is cancelled then. What it does in a thread goes on, and so the lease is left to run
        out: nobody else may send before this has come to its end.
        """
        sending = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self.stop.wait())
        try:
            while not sending.done():
                await asyncio.wait(
                    {sending, stopped},
                    timeout=self._lease_s / 3,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not sending.done() and not await self._still():
                    self._abandoned = threaded
                    return None
            return sending.result()
        finally:
            stopped.cancel()
            sending.cancel()

    async def _still(self) -> bool:
        try:
            return await self.hold()
        except Unavailable:
            return self.left_s > 0

    async def settle(self, settled: Settled) -> bool:
        """Notes what is done; false if the lease was lost meanwhile."""
        if not await self.outbox.settle(self.channel, self._holder, settled):
            return False
        if settled.place:
            await self.outbox.trim(self._every)
        return True

    async def rest(self, for_s: float, after: str | None = None) -> bool:
        """Keeps the turn for `for_s`, or until there is news behind the entry `after`.

        False when it was lost, or at the stop.
        """
        ends_at = self._clock() + for_s
        while (rest_s := ends_at - self._clock()) > 0 and not self.stop.is_set():
            if self.left_s < self._lease_s * 2 / 3 and not await self.hold():
                return False
            if after is None:
                await pause(self.stop, min(rest_s, self._lease_s / 3))
                continue
            wait_ms = max(1, min(int(rest_s * 1000), _WAIT_MS))
            if await self.outbox.after(after, 1, wait_ms):
                return True
        return not self.stop.is_set()

    async def release(self) -> None:
        """Gives the lease to whoever wants it, unless something of ours may still be under way."""
        if not self._abandoned:
            with contextlib.suppress(Unavailable):
                await self.outbox.release(self.channel, self._holder)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt went: the first `passed` entries are done with.

    The one after them can never be delivered if `aside` says why.
    """

    passed: int = 0
    aside: str | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A way out for all that is said, in order. `send` gets up to `batch` entries."""

    name: str
    batch: int
    send: Callable[[Sequence[Entry]], Coroutine[Any, Any, Sent]]
    lease_s: float = LEASE_S

    async def carry(self, turn: Turn) -> None:
        """Passes everything on, one batch after the other."""
        while await turn.hold():
            entries = await turn.outbox.unsent(self.name, self.batch, _WAIT_MS)
            while entries and await turn.hold():
                sent = await turn.during(self._send(entries), threaded=True)
                if sent is None:
                    return
                entries = await self._settled(turn, entries, sent)

    async def _send(self, entries: Sequence[Entry]) -> Sent:
        """Passes over what is for another channel alone."""
        ours = [each.only in (None, self.name) for each in entries]
        if all(ours):
            return await self.send(entries)
        count = ours.index(False)
        if count == 0:
            return Sent(passed=1)
        return await self.send(entries[:count])

    async def _settled(self, turn: Turn, entries: Sequence[Entry], sent: Sent) -> list[Entry]:
        """What is left of the entries; nothing if the lease was lost."""
        done = sent.passed
        if sent.aside is not None:
            get_logger().error("set aside", channel=self.name, why=sent.aside)
            await turn.outbox.set_aside(self.name, entries[done], sent.aside)
            done += 1
        if done and not await turn.settle(Settled(place=entries[done - 1].id)):
            return []
        return list(entries[done:])


async def drain(
    outbox: Outbox, carrier: Carrier, every: Sequence[str], stop: asyncio.Event
) -> None:
    """Passes the outbox on through one channel until the stop.

    `every` names all channels: what they all have passed on is dropped.
    """
    wait_s, longest_s = _BACKOFF_S
    turn = Turn(outbox, carrier, every, stop)
    while not stop.is_set():
        began_at = time.monotonic()
        try:
            if await turn.hold():
                await carrier.carry(turn)
            else:
                await pause(stop, _OTHERS_S)
        except Unavailable as error:
            if time.monotonic() - began_at > longest_s * 2:  # it went well for a while
                wait_s = _BACKOFF_S[0]
            get_logger().warning("waiting", channel=carrier.name, error=str(error))
            await pause(stop, wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            wait_s = min(wait_s * 2, longest_s)
    await turn.release()


async def pause(stop: asyncio.Event, for_s: float) -> None:
    """Comes back after `for_s`, or at the stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), for_s)
