"""The dispatcher: carries the outbox to its channels, each at its own pace.

At least once, in order; one worker at a time holds a channel. A slow or dead receiver holds up its
own channel and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from services.alert.outbox import Entry, Outbox
from tocsin.errors import Unavailable
from tocsin.observe import get_logger

_WAIT_MS: Final = 500  # for news; also how long a stop may take to be seen
_RENEW_S: Final = 5.0  # a third of the lease
_BACKOFF_S: Final = (0.2, 5.0)
_OTHERS_S: Final = 1.0  # between looks at a lease that another worker has


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt went for a batch: all passed on, unless told otherwise.

    `again_in_s`: nothing was, try again then. `aside`: can never be, with the reason.
    """

    again_in_s: float | None = None
    aside: str | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One way out. `send` gets up to `batch` entries and how often it has tried them."""

    name: str
    batch: int
    send: Callable[[Sequence[Entry], int], Awaitable[Sent]]


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
    while entries and not stop.is_set():
        sent = await channel.send(entries, tries)
        tries += 1
        if sent.again_in_s is None:
            if sent.aside is not None:
                await _set_aside(outbox, channel, entries, sent.aside)
            await outbox.mark(channel.name, holder, entries[-1].id)
            return
        if not await _waited(outbox, channel, holder, sent.again_in_s, stop):
            return


async def _set_aside(outbox: Outbox, channel: Channel, entries: Sequence[Entry], why: str) -> None:
    get_logger().error("set aside", channel=channel.name, messages=len(entries), why=why)
    for entry in entries:
        await outbox.set_aside(channel.name, entry, why)


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
