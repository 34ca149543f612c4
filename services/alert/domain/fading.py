"""How a claim fades: it holds its own level for a while, then counts one level lower, and so on."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from services.alert.domain.claims import Claim

WAR: Final = 5
# (ours) threat-levels section 2, rule 5.
HOLD: Final = {
    1: timedelta(hours=72),
    2: timedelta(hours=72),
    3: timedelta(days=7),
    4: timedelta(days=7),
    5: timedelta(days=14),
}
LIFE: Final = sum(HOLD.values(), timedelta())  # of a claim, from war down to nothing
NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
# After how much quiet a claim of a level counts one less, two less, ...
_EDGES: Final = tuple(
    tuple(itertools.accumulate(HOLD[each] for each in range(level, 0, -1)))
    for level in range(WAR + 1)
)


def faded(level: int, age: timedelta) -> int:
    """What is left of a level after `age` of quiet."""
    return level - bisect.bisect_right(_EDGES[level], age)


def left(claim: Claim, at: datetime) -> int:
    """The level that a claim still counts for. After a retreat quiet counts double."""
    age = at - claim.at
    eased = claim.eased_from
    if eased is not None and at > eased:
        age += at - eased
    if claim.pauses:
        age -= _blank(claim, at)
    return claim.level - bisect.bisect_right(_EDGES[claim.level], age)


def _blank(claim: Claim, at: datetime) -> timedelta:
    """How much of the quiet before `at` was not seen, as it would have counted."""
    blank = timedelta()
    for start, end in claim.pauses:
        until = min(end, at)
        blank += max(until - start, timedelta())
        if claim.eased_from is not None:
            blank += max(until - max(start, claim.eased_from), timedelta())
    return blank


def counts_until(claim: Claim, level: int) -> datetime:
    """Until when (exclusive) the claim counts for `level`, which is at most its own."""
    span = _EDGES[claim.level][claim.level - level]
    eased = claim.eased_from
    if claim.pauses:
        return _counts_until(claim, span)
    if eased is None or claim.at + span <= eased:
        return claim.at + span
    return eased - (eased - claim.at - span) // 2  # rounded up


def _counts_until(claim: Claim, span: timedelta) -> datetime:
    """When so much quiet has been seen: piece by piece, each at its own pace."""
    eased = claim.eased_from or NEVER
    marks = {claim.at, *(each for pause in claim.pauses for each in pause), eased, NEVER}
    for start, end in itertools.pairwise(sorted(each for each in marks if each >= claim.at)):
        if any(since <= start < until for since, until in claim.pauses):
            continue
        pace = 2 if start >= eased else 1
        if span <= (end - start) * pace:
            return start - (-span // pace)  # rounded up
        span -= (end - start) * pace
    return NEVER


def turning_points(claims: Iterable[Claim], start: datetime, end: datetime) -> list[datetime]:
    """The moments in [start, end) at which the level may change, in order."""
    moments = {start} if start < end else set()
    for claim in claims:
        fades = (counts_until(claim, level) for level in range(claim.level, 0, -1))
        moments.update(each for each in (claim.at, *fades) if start <= each < end)
    return sorted(moments)
