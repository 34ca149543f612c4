"""The levels as threat-levels.md and the decisions define them, with no thought for speed."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import pairwise

import msgspec

from services.alert.domain.fading import HOLD

CONFIRMED = {1: 0.5, 2: 0.5, 3: 0.5, 4: 0.6, 5: 0.8}


def left(claim, at):
    """What a claim counts for: an hour of quiet after a retreat counts as two, a blind one as none."""
    marks = {claim.at, at, claim.eased_from or at, *(m for pause in claim.pauses for m in pause)}
    quiet = timedelta()
    for start, end in pairwise(sorted(each for each in marks if claim.at <= each <= at)):
        if not any(since <= start < until for since, until in claim.pauses):
            eased = claim.eased_from is not None and start >= claim.eased_from
            quiet += (end - start) * (2 if eased else 1)
    level = claim.level
    while level > 0 and quiet >= HOLD[level]:
        quiet -= HOLD[level]
        level -= 1
    return level


def family(claim, known):
    """For whom a claim counts: the strongest, then the first family that carries its story."""
    same = [each for each in known if each.story and each.story == claim.story]
    if not same:
        return claim.family
    strongest = max(each.carried or each.tier_weight for each in same)
    first = [each for each in same if (each.carried or each.tier_weight) == strongest]
    start = min(each.at for each in first)
    return max(each.family for each in first if each.at == start)


def confidence(claims, known):
    best = {}
    for claim in claims:
        name = family(claim, known)
        best[name] = max(best.get(name, 0.0), claim.weight)
    return round(1 - math.prod(1 - weight for weight in sorted(best.values())), 4), best


def standing(claims, at):
    """Level, state and confidence."""
    known = [each for each in claims if each.at <= at]
    for level in range(5, 0, -1):
        support = [each for each in known if left(each, at) >= level]
        backing, _ = confidence(support, known)
        if backing >= CONFIRMED[level]:
            return level, "confirmed", backing
        if confidence([each for each in support if each.level >= 3], known)[0] >= 0.3:
            return level, "provisional", backing
    return 0, "calm", 0.0


def is_war(claims, at):
    blows = [e for e in claims if e.assault and e.at_state and at - e.at < HOLD[5]]
    backing, best = confidence(blows, claims)
    return len({each.direction for each in blows}) > 1 and len(best) > 2 and backing >= 0.8


def earned(claims):
    found = []
    for claim in sorted(claims, key=lambda each: (each.at, not each.opens, each.event)):
        level, assault = claim.level, claim.assault
        if not claim.opens:
            level, assault = min(level, standing(found, claim.at)[0]), False
        elif assault and is_war([*found, claim], claim.at):
            level = 5
        if level:
            found.append(msgspec.structs.replace(claim, level=level, assault=assault, opens=True))
    return tuple(found)
