"""The level of a pair at a moment: a function of its claims and of nothing else.

A claim holds its own level for a while, then counts one level lower, and so on down to 0; so the
level falls one step at a time after quiet, and there is no running total to go wrong when
reports come out of order.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.alert.domain.claims import Claim
from services.alert.domain.confidence import confidence, strongest_by_family
from tocsin.messages import LevelState

NAMES: Final = (
    "calm",
    "friction",
    "threat of force",
    "display of force",
    "use of force",
    "war",
)
WAR: Final = 5
# (ours) All numbers below are starting values, threat-levels section 2.
HOLD: Final = {
    1: timedelta(hours=72),
    2: timedelta(hours=72),
    3: timedelta(days=7),
    4: timedelta(days=7),
    5: timedelta(days=14),
}
LIFE: Final = sum(HOLD.values(), timedelta())  # of a claim, from war down to nothing
_CONFIRMED_AT: Final = {1: 0.50, 2: 0.50, 3: 0.50, 4: 0.60, 5: 0.80}
_PROVISIONAL_AT: Final = 0.30
_PROVISIONAL_FROM: Final = 3
_WAR_FAMILIES: Final = 3


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The level at a moment, and the claims at or above it."""

    level: int
    state: LevelState
    confidence: float
    support: tuple[Claim, ...] = ()


CALM: Final = Standing(level=0, state=LevelState.CALM, confidence=0.0)


def standing(claims: Iterable[Claim], at: datetime) -> Standing:
    """The highest level that is confirmed or, on acts from level 3 up, provisional."""
    live = [(faded(each.level, at - each.at), each) for each in claims if each.at <= at]
    for level in range(max((left for left, _ in live), default=0), 0, -1):
        support = tuple(each for left, each in live if left >= level)
        backing = confidence(support)
        if backing >= _CONFIRMED_AT[level]:
            return _standing(level, LevelState.CONFIRMED, backing, support)
        grave = [each for each in support if each.level >= _PROVISIONAL_FROM]
        if confidence(grave) >= _PROVISIONAL_AT:
            return _standing(level, LevelState.PROVISIONAL, backing, support)
    return CALM


def threshold(level: int, state: LevelState) -> float:
    """The confidence that earns `level` in this state."""
    if state is LevelState.CALM:
        return 0.0
    return _CONFIRMED_AT[level] if state is LevelState.CONFIRMED else _PROVISIONAL_AT


def faded(level: int, age: timedelta) -> int:
    """What is left of a level after `age` of quiet."""
    while level > 0 and age >= HOLD[level]:
        age -= HOLD[level]
        level -= 1
    return level


def turning_points(claims: Iterable[Claim], start: datetime, end: datetime) -> list[datetime]:
    """The moments in [start, end) at which the level may change, in order."""
    moments = {start} if start < end else set()
    for claim in claims:
        moment = claim.at
        for level in range(claim.level, -1, -1):
            if start <= moment < end:
                moments.add(moment)
            moment += HOLD.get(level, timedelta())
    return sorted(moments)


def next_fall(claims: Sequence[Claim], at: datetime) -> tuple[datetime, Standing] | None:
    """When the level next falls if nothing more is heard, and to what; None from calm."""
    level = standing(claims, at).level
    known = [each for each in claims if each.at <= at]
    moments = turning_points(known, at, at + LIFE)
    # With nothing more heard the level only falls, so the first fall can be searched for.
    first = bisect.bisect_left(
        moments, 1, key=lambda moment: int(standing(known, moment).level < level)
    )
    return (moments[first], standing(known, moments[first])) if first < len(moments) else None


def earned(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims in order, each at the level it really earns among those before it.

    A mention takes the level that stands when it comes, or nothing; an assault becomes war when
    assaults go both ways and three families say so within the hold of a war. Earned twice is as
    earned once.
    """
    found: list[Claim] = []
    for claim in sorted(claims, key=_order):
        level, assault = claim.level, claim.assault
        if not claim.opens:
            level, assault = min(level, standing(found, claim.at).level), False
        elif assault and _is_war([*found, claim], claim.at):
            level = WAR
        if level > 0:
            found.append(msgspec.structs.replace(claim, level=level, assault=assault, opens=True))
    return tuple(found)


def _is_war(claims: Iterable[Claim], at: datetime) -> bool:
    blows = [each for each in claims if each.assault and each.at_state and at - each.at < HOLD[WAR]]
    if len({each.direction for each in blows}) < 2:
        return False
    enough = len(strongest_by_family(blows)) >= _WAR_FAMILIES
    return enough and confidence(blows) >= _CONFIRMED_AT[WAR]


def _standing(
    level: int, state: LevelState, backing: float, support: tuple[Claim, ...]
) -> Standing:
    return Standing(level=level, state=state, confidence=backing, support=support)


def _order(claim: Claim) -> tuple[datetime, bool, str]:
    # Of one moment, what opens comes before what only refreshes.
    return claim.at, not claim.opens, claim.event
