"""How fast a channel may go: a token bucket, back-off with jitter, a circuit breaker."""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import IntEnum
from typing import Final

_BACKOFF_S: Final = (1.0, 60.0)
_LONGEST_OPEN_S: Final = 900.0


class Breaker(IntEnum):
    """Closed lets all through; open none; half-open one, to see."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Bucket:
    """Tokens that fill up at a rate, to at most a burst."""

    def __init__(self, per_minute: float | None, burst: int, clock: Callable[[], float]) -> None:
        self._per_s = per_minute / 60 if per_minute else None
        self._burst = float(burst)
        self._clock = clock
        self._tokens = self._burst
        self._at = clock()

    def wait_s(self) -> float:
        """Until there is a token; 0 if there is one."""
        if self._per_s is None:
            return 0.0
        self._fill(self._per_s)
        return max(0.0, 1.0 - self._tokens) / self._per_s

    def take(self) -> None:
        """One token less."""
        if self._per_s is not None:
            self._fill(self._per_s)
            self._tokens -= 1.0

    def empty(self) -> None:
        """No token is left: the sink says that it was too much."""
        self._tokens = min(self._tokens, 0.0)

    def _fill(self, per_s: float) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * per_s)
        self._at = now


class Pace:
    """When the next attempt of a channel may be made, from how the last ones went."""

    def __init__(
        self,
        bucket: Bucket,
        *,
        breaker_after: int,
        open_s: float,
        clock: Callable[[], float],
        jitter: Callable[[], float] = lambda: random.uniform(0.5, 1.0),  # noqa: S311 - jitter
    ) -> None:
        self._bucket = bucket
        self._breaker_after = breaker_after
        self._open_s = open_s
        self._clock = clock
        self._jitter = jitter
        self._failures = 0
        self._not_before = clock()

    @property
    def state(self) -> Breaker:
        """Of the breaker."""
        if self._failures < self._breaker_after:
            return Breaker.CLOSED
        return Breaker.OPEN if self._clock() < self._not_before else Breaker.HALF_OPEN

    def wait_s(self) -> float:
        """Until the next attempt; 0 if it may be made now."""
        return max(0.0, self._not_before - self._clock(), self._bucket.wait_s())

    def attempt(self) -> None:
        """One is made."""
        self._bucket.take()

    def went_well(self) -> None:
        """The sink took it: all is forgotten."""
        self._failures = 0

    def failed(self, after_s: float | None = None) -> None:
        """The sink did not take it; `after_s` is when it asked to be tried again."""
        self._failures += 1
        backoff_s = min(_BACKOFF_S[0] * 2.0 ** min(self._failures - 1, 20), _BACKOFF_S[1])
        self._wait(self._opened_s() or backoff_s, after_s)

    def refused(self) -> None:
        """The sink will never take this one. The next may go at once, unless it goes on so."""
        self._failures += 1
        self._wait(self._opened_s(), None)

    def _opened_s(self) -> float:
        """How long the breaker now stays open; 0 if it is closed."""
        beyond = self._failures - self._breaker_after
        return min(self._open_s * 2.0 ** min(beyond, 20), _LONGEST_OPEN_S) if beyond >= 0 else 0.0

    def limited(self, after_s: float | None = None) -> None:
        """The sink lives, and asks for less: no failure, but a wait."""
        self._bucket.empty()
        self._wait(_BACKOFF_S[0], after_s)

    def _wait(self, wait_s: float, after_s: float | None) -> None:
        self._not_before = self._clock() + max(wait_s * self._jitter(), after_s or 0.0)
