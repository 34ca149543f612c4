"""Courtesy to hosts: one request at a time to each, a gap between two, rest when one asks for it.

Each worker keeps its own: two workers may ask one host at the same time, no more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

_LONGEST_REST_S: Final = 86_400.0
_MOST: Final = 10_000  # hosts remembered; those at rest go last


class _Host:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0  # who holds the lock or waits for it
        self.free_at = 0.0
        self.rests_until = 0.0


class Hosts:
    """Whose turn it is, by host."""

    def __init__(
        self, *, gap_s: float = 1.0, clock: Callable[[], float] = time.monotonic, most: int = _MOST
    ) -> None:
        self._gap_s = gap_s
        self._clock = clock
        self._most = most
        self._hosts: dict[str, _Host] = {}

    def __len__(self) -> int:
        return len(self._hosts)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[float]:
        """Holds the host for one request; yields the seconds it asked to be left alone for.

        Other than 0.0 says: not now, come back then. The wait for a turn is the caller's to bound.
        """
        held = self._held(host)
        held.users += 1
        try:
            async with held.lock:
                if rest_s := self.rest_s(host):
                    yield rest_s
                    return
                await asyncio.sleep(max(held.free_at - self._clock(), 0.0))
                try:
                    yield 0.0
                finally:
                    held.free_at = self._clock() + self._gap_s
        finally:
            held.users -= 1

    def back_off(self, host: str, seconds: float) -> None:
        """Leaves the host alone for so long, a day at most, whichever source asks."""
        held = self._held(host)
        until = self._clock() + min(max(seconds, 0.0), _LONGEST_REST_S)
        held.rests_until = max(held.rests_until, until)

    def rest_s(self, host: str) -> float:
        """Seconds for which the host asked to be left alone; 0.0 if it did not."""
        held = self._hosts.get(host)
        return max(held.rests_until - self._clock(), 0.0) if held else 0.0

    def _held(self, host: str) -> _Host:
        if host not in self._hosts:
            if len(self._hosts) >= self._most:
                self._forget()
            self._hosts[host] = _Host()
        return self._hosts[host]

    def _forget(self) -> None:
        """Makes room: whoever is not in use, first those with nothing to remember."""
        now = self._clock()
        idle = [name for name, each in self._hosts.items() if not each.users]
        done = [
            name
            for name in idle
            if max(self._hosts[name].free_at, self._hosts[name].rests_until) <= now
        ]
        for name in done or idle[:1]:
            del self._hosts[name]
