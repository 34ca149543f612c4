"""The level of a pair at a moment: a function of its claims and of nothing else.

A claim fades one level at a time (fading.py), so the level falls one step at a time after quiet,
and there is no running total to go wrong when reports come out of order.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.alert.domain.claims import Claim
from services.alert.domain.confidence import (
    Tellers,
    combined,
    joins,
    ranked,
    strongest_by_family,
    take,
    tellers,
    turns,
)
from services.alert.domain.fading import (
    HOLD,
    LIFE,
    NEVER,
    WAR,
    counts_until,
    faded,
    left,
    turning_points,
)
from tocsin.messages import LevelState

__all__ = ["HOLD", "LIFE", "WAR", "faded", "turning_points"]

NAMES: Final = (
    "calm",
    "friction",
    "threat of force",
    "display of force",
    "use of force",
    "war",
)
# (ours) All numbers below are starting values, threat-levels section 2.
_CONFIRMED_AT: Final = {1: 0.50, 2: 0.50, 3: 0.50, 4: 0.60, 5: 0.80}
_PROVISIONAL_AT: Final = 0.30
_PROVISIONAL_FROM: Final = 3
_WAR_FAMILIES: Final = 3
INSTANT: Final = timedelta(microseconds=1)  # [a, b + INSTANT) holds b


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The level at a moment, and the claims at or above it.

    `sides` are the strongest of them by family, weightiest first; `bearing`, those that earn it.
    """

    level: int
    state: LevelState
    confidence: float
    support: tuple[Claim, ...] = ()
    sides: tuple[Claim, ...] = ()
    bearing: tuple[Claim, ...] = ()

    @property
    def holds_until(self) -> datetime:
        """Before this the level does not fall, whatever is heard."""
        return min((counts_until(each, self.level) for each in self.bearing), default=NEVER)


Timeline = Sequence[tuple[datetime, Standing]]
CALM: Final = Standing(level=0, state=LevelState.CALM, confidence=0.0)


def standing(claims: Iterable[Claim], at: datetime) -> Standing:
    """The highest level that is confirmed or, on acts from level 3 up, provisional."""
    known = [each for each in claims if each.at <= at]
    counts = [left(each, at) for each in known]
    told = tellers(known)
    by_level: list[list[Claim]] = [[] for _ in range(WAR + 1)]
    for count, each in zip(counts, known, strict=True):
        by_level[count].append(each)
    best: dict[str, Claim] = {}
    grave: dict[str, Claim] = {}
    for level in range(WAR, 0, -1):
        for each in by_level[level]:
            take(best, each, told)
            if each.level >= _PROVISIONAL_FROM:
                take(grave, each, told)
        state = _state(level, best, grave) if best else None
        if state is not None:
            sides = tuple(ranked(best))
            return Standing(
                level=level,
                state=state,
                confidence=combined(each.weight for each in sides),
                support=tuple(
                    each for count, each in zip(counts, known, strict=True) if count >= level
                ),
                sides=sides,
                bearing=sides if state is LevelState.CONFIRMED else tuple(grave.values()),
            )
    return CALM


def timeline(claims: Sequence[Claim], start: datetime, end: datetime) -> Timeline:
    """Where the pair stands at `start`, and at each moment before `end` at which its level changes.

    `claims` are in order. Between two looks the level cannot change: it falls when one of the
    claims that bear it fades, rises with a claim above it, and does either when a story turns out
    to be another family's. All other claims only add to it.
    """
    if start >= end:
        return ()
    now = standing(claims, start)
    found = [(start, now)]
    first: dict[str, Claim] = {}
    place = bisect.bisect_right(claims, start, key=_at)
    for claim in claims[:place]:
        joins(claim, first)
    until = now.holds_until
    while True:
        moment = min(until, end)
        while place < len(claims) and claims[place].at < moment:
            claim = claims[place]
            place += 1
            if joins(claim, first) or claim.level > now.level:
                moment = claim.at
        if moment >= end:
            return found
        while place < len(claims) and claims[place].at <= moment:
            joins(claims[place], first)
            place += 1
        then = standing(claims, moment)
        if then.level != now.level:
            found.append((moment, then))
        now, until = then, then.holds_until


def _state(level: int, best: Mapping[str, Claim], grave: Mapping[str, Claim]) -> LevelState | None:
    """How far these claims, one a family, back the level; None if they do not."""
    if combined(each.weight for each in best.values()) >= _CONFIRMED_AT[level]:
        return LevelState.CONFIRMED
    if combined(each.weight for each in grave.values()) >= _PROVISIONAL_AT:
        return LevelState.PROVISIONAL
    return None


def threshold(level: int, state: LevelState) -> float:
    """The confidence that earns `level` in this state."""
    if state is LevelState.CALM:
        return 0.0
    return _CONFIRMED_AT[level] if state is LevelState.CONFIRMED else _PROVISIONAL_AT


def next_fall(claims: Iterable[Claim], at: datetime) -> tuple[datetime, Standing] | None:
    """When the level next falls if nothing more is heard, and to what; None from calm."""
    known = [each for each in claims if each.at <= at]
    now = standing(known, at)
    # With nothing more heard the level only falls, so the first fall can be searched for.
    moments = sorted({counts_until(each, now.level) for each in now.support})
    first = bisect.bisect_left(
        moments, 1, key=lambda moment: int(standing(known, moment).level < now.level)
    )
    if first == len(moments) or moments[first] == NEVER:
        return None
    return moments[first], standing(known, moments[first])


def earned(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims in order, each at the level it really earns among those before it.

    A mention takes the level that stands when it comes, or nothing; an assault becomes war when
    assaults go both ways and three families say so within the hold of a war. Earned twice is as
    earned once.
    """
    ledger = _Ledger()
    for claim in sorted(claims, key=_order):
        ledger.enter(claim)
    return tuple(ledger.found)


class _Ledger:
    """The claims so far, and until when what stands needs no other look at all of them."""

    def __init__(self) -> None:
        self.found: list[Claim] = []
        self._first: dict[str, Claim] = {}
        self._level = 0
        self._level_until = NEVER
        self._blows: list[Claim] = []
        self._war_until: datetime | None = None

    def enter(self, claim: Claim) -> None:
        turned = turns(claim, self._first)
        if turned:
            self._level_until, self._war_until = claim.at, None
        level, assault = claim.level, claim.assault
        if not claim.opens:
            level, assault = min(level, self._standing(claim.at)), False
        elif assault and level < WAR:
            joins(claim, self._first)
            level = WAR if self._is_war(claim) else level
        if level <= 0:
            return
        if not claim.opens or level != claim.level:
            claim = msgspec.structs.replace(claim, level=level, assault=assault, opens=True)
        self.found.append(claim)
        joins(claim, self._first)
        if claim.assault and claim.at_state:
            self._blows.append(claim)
        if turned or level > self._level:
            self._level_until = claim.at

    def _standing(self, at: datetime) -> int:
        if at >= self._level_until:
            now = standing(self.found, at)
            self._level, self._level_until = now.level, now.holds_until
        return self._level

    def _is_war(self, claim: Claim) -> bool:
        if self._war_until is None or claim.at >= self._war_until:
            blows = [*self._blows, claim] if claim.at_state else self._blows
            self._war_until = _war_until(blows, claim.at, self._first)
        return self._war_until is not None


def _war_until(blows: Sequence[Claim], at: datetime, told: Tellers) -> datetime | None:
    """Until when these blows are a war, as they are at `at`; None if they are none.

    A story stays its teller's, also when the teller's own blow is too old to count.
    """
    if len({each.direction for each in blows}) < 2:
        return None
    fresh = [each for each in blows if at - each.at < HOLD[WAR]]
    last = {each.direction: each.at for each in fresh}
    sides = strongest_by_family(fresh, told)
    if len(last) < 2 or len(sides) < _WAR_FAMILIES:
        return None
    if combined(each.weight for each in sides) < _CONFIRMED_AT[WAR]:
        return None
    return min(*last.values(), *(each.at for each in sides)) + HOLD[WAR]


def _at(claim: Claim) -> datetime:
    return claim.at


def _order(claim: Claim) -> tuple[datetime, bool, str]:
    # Of one moment, what opens comes before what only refreshes.
    return claim.at, not claim.opens, claim.event
