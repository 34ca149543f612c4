"""The dispatcher: carries the outbox to its channels, each at its own pace.

At least once, in order; one worker at a time holds a channel. A slow or dead receiver holds up its
own channel and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import msgspec

from services.alert.outbox import Entry, Outbox
from tocsin.errors import Unavailable
from tocsin.observe import get_logger

_WAIT_MS: Final = 500  # for news; also how long a stop may take to be seen
_RENEW_S: Final = 5.0  # a third of the lease
_BACKOFF_S: Final = (0.2, 5.0)
_OTHERS_S: Final = 1.0  # between looks at a lease that another worker has


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt went: the first `passed` entries are done with.

    The one after them can never be delivered if `aside` says why, and is to be tried again after
    `again_in_s` if that is set.
    """

    passed: int = 0
    aside: str | None = None
    again_in_s: float | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One way out. `send` gets up to `batch` entries and how often the first has been tried."""

    name: str
    batch: int
    send: Callable[[Sequence[Entry], int], Coroutine[Any, Any, Sent]]


async def drain(
    outbox: Outbox, channel: Channel, every: Sequence[str], stop: asyncio.Event
) -> None:
    """Passes the outbox on through one channel until the stop.

    `every` names all channels: what they all have passed on is dropped.
    """
    holder = uuid.uuid4().hex
    wait_s, longest_s = _BACKOFF_S
    while not stop.is_set():
        try:
            if await outbox.hold(channel.name, holder):
                await _pass_on(outbox, channel, holder, stop)
                await outbox.trim(every)
            else:
                await pause(stop, _OTHERS_S)
            wait_s = _BACKOFF_S[0]
        except Unavailable as error:
            get_logger().warning("waiting", channel=channel.name, error=str(error))
            await pause(stop, wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            wait_s = min(wait_s * 2, longest_s)
    with contextlib.suppress(Unavailable):
        await outbox.release(channel.name, holder)


async def pause(stop: asyncio.Event, for_s: float) -> None:
    """Comes back after `for_s`, or at the stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), for_s)


async def _pass_on(outbox: Outbox, channel: Channel, holder: str, stop: asyncio.Event) -> None:
    entries = await outbox.unsent(channel.name, channel.batch, _WAIT_MS)
    tries = 0
    while entries and await outbox.hold(channel.name, holder):
        sent = await _unless(stop, channel.send(entries, tries))
        if sent is None:
            return
        done = await _done(outbox, channel, entries, sent)
        if done:
            await outbox.mark(channel.name, holder, entries[done - 1].id)
            entries, tries = entries[done:], 0
        if sent.again_in_s is not None:
            tries += 1
            if not await _waited(outbox, channel, holder, sent.again_in_s, stop):
                return


async def _done(outbox: Outbox, channel: Channel, entries: Sequence[Entry], sent: Sent) -> int:
    if sent.aside is None:
        return sent.passed
    get_logger().error("set aside", channel=channel.name, why=sent.aside)
    await outbox.set_aside(channel.name, entries[sent.passed], sent.aside)
    return sent.passed + 1


async def _waited(
    outbox: Outbox, channel: Channel, holder: str, for_s: float, stop: asyncio.Event
) -> bool:
    """Keeps the lease for `for_s`; false when it was lost, or at the stop."""
    while for_s > 0 and not stop.is_set():
        await pause(stop, min(for_s, _RENEW_S))
        for_s -= _RENEW_S
        if not await outbox.hold(channel.name, holder):
            return False
    return not stop.is_set()


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, Sent]) -> Sent | None:
    """What `work` gives, or None if the stop came first."""
    sending = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({sending, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if sending.done():
        return sending.result()
    sending.cancel()
    return None
