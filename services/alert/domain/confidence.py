"""How far independent families together back a level: 1 - prod(1 - weight)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from services.alert.domain.claims import Claim, weigh
from tocsin.messages import Term

Tellers = Mapping[str, Claim]
NOBODY: Final[Tellers] = {}


class Carrier(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Whose a story is of which the claims were dropped. `story`: the name it went by."""

    story: str
    family: str
    weight: float
    at: datetime


def retold(claims: Iterable[Claim], dropped: Mapping[str, Carrier]) -> Iterable[Claim]:
    """The claims with one name for each story, and for whom it counts if that was dropped.

    A near-copy names the article that it copies; that one, and its exact copies, go by their text.
    `dropped` goes by both.
    """
    claims = list(claims)
    if not dropped and all(each.story == each.fingerprint for each in claims):
        return claims
    texts = {name: each.story for name, each in dropped.items()}
    texts |= {each.article: each.story for each in claims}
    return [_retold(each, texts.get(each.story, each.story), dropped) for each in claims]


def _retold(claim: Claim, story: str, dropped: Mapping[str, Carrier]) -> Claim:
    if story != claim.story:
        claim = msgspec.structs.replace(claim, story=story)
    carrier = dropped.get(story)
    if carrier is None or carrier.family == claim.family:
        return claim
    if (claim.carried or claim.tier_weight) > carrier.weight:
        return claim
    return msgspec.structs.replace(claim, family=carrier.family, carried=carrier.weight)


def tellers(claims: Iterable[Claim]) -> Tellers:
    """For each story that several families carry, the claim of the family that it counts for.

    That is the strongest family, the first of equals: copies of a wire story are that wire.
    """
    first: dict[str, Claim] = {}
    shared: set[str] = set()
    for claim in claims:
        story = claim.story
        held = first.get(story)
        if held is None:
            if story:
                first[story] = claim
            continue
        if held.family != claim.family:
            shared.add(story)
        if _carries(claim, held):
            first[story] = claim
    return {story: first[story] for story in shared} if shared else NOBODY


def turns(claim: Claim, first: Mapping[str, Claim]) -> bool:
    """Whether with this claim its story counts for another family than before."""
    held = first.get(claim.story)
    return held is not None and held.family != claim.family and _carries(claim, held)


def joins(claim: Claim, first: dict[str, Claim]) -> bool:
    """Enters the claim into the tellers by story; whether its story now counts for another."""
    held = first.get(claim.story)
    if held is None:
        if claim.story:
            first[claim.story] = claim
        return False
    if not _carries(claim, held):
        return False
    first[claim.story] = claim
    return held.family != claim.family


def strongest_by_family(claims: Iterable[Claim], told: Tellers | None = None) -> list[Claim]:
    """One claim a family, the strongest, weightiest first.

    A story counts for its teller, whoever carries it; `told` are the tellers, by default those
    among these claims.
    """
    sides = list(claims)
    told = tellers(sides) if told is None else told
    best: dict[str, Claim] = {}
    for claim in sides:
        take(best, claim, told)
    return ranked(best)


def take(best: dict[str, Claim], claim: Claim, told: Tellers) -> None:
    """Puts the claim in the place of the family it counts for, if it is the strongest so far."""
    family = claim.family
    if told and claim.story in told:
        family = told[claim.story].family
    held = best.get(family)
    if held is None or _outweighs(claim, held):
        best[family] = claim


def ranked(best: Mapping[str, Claim]) -> list[Claim]:
    """The claims, each under the family it counts for, weightiest first."""
    named = [
        claim if claim.family == family else msgspec.structs.replace(claim, family=family)
        for family, claim in best.items()
    ]
    return sorted(named, key=lambda claim: (-claim.weight, claim.family))


def combined(weights: Iterable[float]) -> float:
    """The probability that at least one of the independent tellings is right, to 4 digits."""
    return round(1 - math.prod([1 - weight for weight in sorted(weights)]), 4)


def confidence(claims: Iterable[Claim]) -> float:
    """How far the families behind these claims back them together, 0 to 1."""
    return combined(claim.weight for claim in strongest_by_family(claims))


def terms(claims: Iterable[Claim]) -> tuple[Term, ...]:
    """Every term of the confidence of these claims, weightiest first."""
    return tuple(_term(claim) for claim in strongest_by_family(claims))


def misfits(listed: Sequence[Term], total: float) -> list[str]:
    """What does not add up in the terms of a confidence; empty if they give `total`."""
    wrong = [
        f"the term of {term.family} says {term.weight}"
        for term in listed
        if weigh(term.tier_weight, anonymous=term.anonymous, certainty=term.certainty)
        != term.weight
    ]
    if len({term.family for term in listed}) < len(listed):
        wrong.append("a family counts twice")
    recomputed = combined(term.weight for term in listed)
    if recomputed != total:
        wrong.append(f"the terms give {recomputed}, not {total}")
    return wrong


def _carries(claim: Claim, held: Claim) -> bool:
    """Whether of two with the same story this one is the origin: the stronger, else the earlier."""
    mine = claim.carried or claim.tier_weight
    theirs = held.carried or held.tier_weight
    if mine != theirs:
        return mine > theirs
    return (held.at, claim.family) > (claim.at, held.family)


def _outweighs(claim: Claim, held: Claim) -> bool:
    if claim.weight != held.weight:
        return claim.weight > held.weight
    return (claim.at, claim.event) > (held.at, held.event)


def _term(claim: Claim) -> Term:
    return Term(
        family=claim.family,
        tier=claim.tier,
        tier_weight=claim.tier_weight,
        anonymous=claim.anonymous,
        certainty=claim.certainty,
        weight=claim.weight,
        event=claim.event,
        citation=claim.citation,
    )
