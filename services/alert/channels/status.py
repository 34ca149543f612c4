"""How far behind each channel is, for the metrics, and which are stuck, for the health."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from services.alert import metrics
from services.alert.dispatch import Carrier, pause
from services.alert.outbox import Outbox
from tocsin.errors import Unavailable
from tocsin.observe import Health, get_logger

STUCK_AFTER_S: Final = 900.0  # (ours) longer than any group waits, and any breaker is open


async def watch(
    outbox: Outbox,
    channels: Sequence[Carrier],
    health: Health,
    every_s: float,
    stop: asyncio.Event,
) -> None:
    """Looks until the stop, at what all workers together have passed on."""
    while not stop.is_set():
        try:
            await look(outbox, channels, health)
        except Unavailable as error:
            get_logger().warning("waiting", error=str(error))
        await pause(stop, every_s)


async def look(
    outbox: Outbox,
    channels: Sequence[Carrier],
    health: Health,
    clock: Callable[[], float] = time.time,
) -> None:
    """Sets the lag of each channel, and tells of the stuck ones with the health.

    The service stays ready: what a receiver does is no reason to take it out.
    """
    for each in channels:
        since_s = await outbox.waiting_since_s(each.name)
        lag_s = max(0.0, clock() - since_s) if since_s is not None else 0.0
        metrics.LAG_SECONDS.labels(channel=each.name).set(lag_s)
        if lag_s > STUCK_AFTER_S:
            health.mark_degraded(f"channel {each.name}", f"nothing passed on for {lag_s:.0f} s")
        else:
            health.mark_fine(f"channel {each.name}")
