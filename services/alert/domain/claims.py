"""A report, boiled down to claims: what one source family vouches for, and how far."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from services.alert.domain.families import Families, Source, identify
from services.alert.domain.gate import Worth, worth
from tocsin.messages import (
    AttributionKind,
    Citation,
    CodedEvent,
    EventReport,
    Evidence,
    Magnitude,
    Plover,
)

_ANONYMOUS: Final = 0.7  # (ours) if only anonymous sources vouch for it
_MAX_QUOTE: Final = 600  # characters of evidence kept in the state; a sentence is rarely longer
_MAX_FACT: Final = 80
# What is counted, in the several words of the wires (ours).
_KINDS: Final = {
    "persons": (
        "person persons people personnel troop troops soldier soldiers serviceman servicemen "
        "militiaman militiamen militia reservist reservists fighter fighters men guards sailors"
    ),
    "ships": (
        "ship ships warship warships destroyer destroyers frigate frigates vessel vessels boat "
        "boats corvette corvettes cruiser cruisers gunboat gunboats speedboat speedboats"
    ),
    "aircraft": (
        "aircraft jet jets plane planes warplane warplanes airplane airplanes bomber bombers "
        "helicopter helicopters"
    ),
    "missiles": "missile missiles rocket rockets projectile projectiles",
    "drones": "drone drones uav uavs",
    "shells": "shell shells round rounds",
}
_KIND: Final = {word: kind for kind, words in _KINDS.items() for word in words.split()}


class Claim(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One act of a pair as one article tells it. Kept in the state; fields are only ever added.

    `certainty` is the coder's own, times the weight of the report status.
    `weight = tier_weight * (0.7 if anonymous) * certainty`.
    """

    at: datetime  # when it was reported, not when it was done
    level: int
    opens: bool
    family: str
    tier: str
    tier_weight: float
    anonymous: bool
    certainty: float
    weight: float
    direction: str
    at_state: bool  # directed at the other state itself
    assault: bool
    act: str
    facts: tuple[str, ...]
    article: str
    fingerprint: str
    event: str
    citation: Citation
    story: str = ""  # near-identical texts share it: they count as one family
    carried: float = 0.0  # the tier weight of the family that its story counts for, if not its own
    eased_from: datetime | None = None  # since then quiet counts double, see relief.py
    pauses: tuple[tuple[datetime, datetime], ...] = ()  # in these it does not fade, see sight.py


def claims_of(report: EventReport, at: datetime, families: Families) -> tuple[Claim, ...]:
    """A claim for each hostile event of a report published at `at`, most important first."""
    source = identify(families, report.article, report.dyad)
    weighed = ((event, worth(event)) for event in report.events)
    return tuple(
        _claim(report, event, value, source, at) for event, value in weighed if value.level > 0
    )


def claim_of(
    report: EventReport, event: CodedEvent, value: Worth, at: datetime, families: Families
) -> Claim:
    """What one event of a report claims."""
    return _claim(report, event, value, identify(families, report.article, report.dyad), at)


def strongest(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Of the claims of one report, the strongest of each level and direction.

    An article is one telling however often it repeats itself; the facts of the weaker sentences
    go to the strongest.
    """
    best: dict[tuple[object, ...], Claim] = {}
    for claim in claims:
        key = (claim.level, claim.direction, claim.at_state, claim.assault, claim.opens)
        held = best.get(key)
        best[key] = claim if held is None else _joined(held, claim)
    return tuple(best.values())


def direction(event: CodedEvent, dyad: str) -> str:
    """Who acts on whom, `USA→VEN`, or the pair's name when the act names no side of it."""
    one, other = dyad.split("-")
    acting = event.source.state if event.source else ""
    if acting not in (one, other):
        target = event.target.state if event.target else ""
        acting = {one: other, other: one}.get(target, "")
    return {one: f"{one}→{other}", other: f"{other}→{one}"}.get(acting, dyad)


def cite(report: EventReport, event: CodedEvent) -> Citation:
    """The event's first sentence with its article."""
    return Citation(article=report.article, evidence=_quote(event.evidence[0]), event=event.id)


def describe(event: CodedEvent) -> str:
    """The act in one plain phrase: `U.S. military → boats: ASSAULT destroy, asserted (three)`."""
    who = (event.source.text if event.source else "") or "someone"
    whom = f" → {event.target.text}" if event.target and event.target.text else ""
    mode = f" {event.mode}" if event.mode else ""
    counts = ", ".join(each.text for each in event.magnitude[:2])
    counted = f" ({counts})" if counts else ""
    return f"{who[:60]}{whom[:60]}: {event.plover}{mode}, {event.status}{counted[:80]}"


def _claim(
    report: EventReport, event: CodedEvent, value: Worth, source: Source, at: datetime
) -> Claim:
    anonymous = event.attribution.kind is AttributionKind.ANONYMOUS
    certainty = round(min(max(event.confidence, 0.0), 1.0) * value.weight, 4)
    return Claim(
        at=at,
        level=value.level,
        opens=value.opens,
        family=source.family,
        tier=source.tier,
        tier_weight=source.weight,
        anonymous=anonymous,
        certainty=certainty,
        weight=weigh(source.weight, anonymous=anonymous, certainty=certainty),
        direction=direction(event, report.dyad),
        at_state=event.directed_at_state,
        assault=event.plover is Plover.ASSAULT and value.level >= 4,
        act=describe(event),
        facts=_facts(event),
        article=report.article.id,
        fingerprint=report.article.fingerprint,
        event=event.id,
        citation=cite(report, event),
        story=report.article.story or report.article.fingerprint,
    )


def weigh(tier_weight: float, *, anonymous: bool, certainty: float) -> float:
    """What one telling weighs, 0 to 1."""
    return round(tier_weight * (_ANONYMOUS if anonymous else 1.0) * certainty, 4)


def _joined(held: Claim, other: Claim) -> Claim:
    facts = (*held.facts, *(fact for fact in other.facts if fact not in held.facts))
    return msgspec.structs.replace(other if other.weight > held.weight else held, facts=facts)


def _facts(event: CodedEvent) -> tuple[str, ...]:
    """What would be news if it changed: class and mode, place, counts of a kind.

    The same in other words is the same: three destroyers are three warships, and a second telling
    of them is more evidence, no new fact.
    """
    facts = [f"{event.plover} {event.mode}" if event.mode else f"{event.plover}"]
    if event.place:
        facts.append(f"{event.plover} at {event.place}")
    facts += [_count(event.plover, each) for each in event.magnitude]
    return tuple(dict.fromkeys(fact[:_MAX_FACT] for fact in facts))


def _count(plover: Plover, magnitude: Magnitude) -> str:
    words = magnitude.unit.casefold().split()
    kind = next((_KIND[word] for word in reversed(words) if word in _KIND), " ".join(words))
    return f"{plover} {magnitude.value:g} {kind}"


def _quote(evidence: Evidence) -> Evidence:
    if len(evidence.text) <= _MAX_QUOTE:
        return evidence
    return Evidence(
        text=evidence.text[:_MAX_QUOTE], start=evidence.start, end=evidence.start + _MAX_QUOTE
    )
