"""How far independent families together back a level: 1 - prod(1 - weight)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from services.alert.domain.claims import Claim, weigh
from tocsin.messages import Term


def strongest_by_family(claims: Iterable[Claim]) -> list[Claim]:
    """One claim a family, the strongest, weightiest first.

    The same text counts once, for the strongest family that carries it, the first of equals:
    copies of a wire story are that wire.
    """
    sides = list(claims)
    carriers: dict[str, Claim] = {}
    for claim in sides:
        carrier = carriers.get(claim.fingerprint)
        if carrier is None or _carries(claim, carrier):
            carriers[claim.fingerprint] = claim
    best: dict[str, Claim] = {}
    for claim in sides:
        if claim.fingerprint and carriers[claim.fingerprint].family != claim.family:
            continue
        held = best.get(claim.family)
        if held is None or _outweighs(claim, held):
            best[claim.family] = claim
    return sorted(best.values(), key=lambda claim: (-claim.weight, claim.family))


def combined(weights: Iterable[float]) -> float:
    """The probability that at least one of the independent tellings is right, to 4 digits."""
    return round(1 - math.prod(1 - weight for weight in sorted(weights)), 4)


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


def _carries(claim: Claim, carrier: Claim) -> bool:
    """Whether of two with the same text this one is the origin: the stronger, else the earlier."""
    mine = (claim.tier_weight, carrier.at, claim.family)
    return mine > (carrier.tier_weight, claim.at, carrier.family)


def _outweighs(claim: Claim, held: Claim) -> bool:
    return (claim.weight, claim.at, claim.event) > (held.weight, held.at, held.event)


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
