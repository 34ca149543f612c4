"""Relief: a corroborated retreat, concession or ceasefire, after which quiet counts double."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.alert.domain.claims import Claim, claim_of
from services.alert.domain.confidence import confidence
from services.alert.domain.families import Families
from services.alert.domain.gate import Worth, is_friendly
from tocsin.messages import CodedEvent, EventReport, Plover, TimeType

CORROBORATED_AT: Final = 0.50  # threat-levels section 2, as for levels 1 to 3
TOGETHER: Final = timedelta(hours=72)  # (ours) reports of one relief come within this
_NOW: Final = (TimeType.CURRENT, TimeType.ONGOING)
_CEASEFIRE: Final = ("ceasefire", "truce", "armistice")


def reliefs_of(report: EventReport, at: datetime, families: Families) -> tuple[Claim, ...]:
    """The strongest claim of relief in a report published at `at`, if there is one."""
    worth = Worth(level=0, weight=1.0, opens=False, reason="relief")
    claims = [claim_of(report, each, worth, at, families) for each in report.events if _is(each)]
    between = [each for each in claims if each.direction != report.dyad]
    return (max(between, key=lambda each: (each.weight, each.event)),) if between else ()


def moments(reliefs: Iterable[Claim]) -> list[datetime]:
    """When relief was told and, with what was told shortly before, corroborated; in order."""
    told = sorted(reliefs, key=lambda each: (each.at, each.event))
    return [
        each.at
        for place, each in enumerate(told)
        if confidence(other for other in told[: place + 1] if each.at - other.at <= TOGETHER)
        >= CORROBORATED_AT
    ]


def eased(claims: Iterable[Claim], since: Sequence[datetime]) -> Iterable[Claim]:
    """The claims with the first relief after each."""
    return [_eased(each, since) for each in claims] if since else claims


def _eased(claim: Claim, since: Sequence[datetime]) -> Claim:
    place = bisect.bisect_left(since, claim.at)
    if place == len(since):
        return claim
    if claim.eased_from is not None and claim.eased_from <= since[place]:
        return claim
    return msgspec.structs.replace(claim, eased_from=since[place])


def _is(event: CodedEvent) -> bool:
    """Whether the event relieves: the reporter vouches for it, and it is of these days."""
    kind = event.plover in (Plover.RETREAT, Plover.CONCEDE) or (
        event.plover is Plover.AGREE and event.mode in _CEASEFIRE
    )
    both = event.source is not None and event.target is not None
    return kind and both and is_friendly(event) and event.time.type in _NOW
