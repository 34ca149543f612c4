"""The plain sentences of levels and alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.alert.domain.claims import Claim
from services.alert.domain.levels import NAMES, Standing, next_fall


def number(value: float) -> str:
    """A weight or a confidence as people write it: `.30`, `1.00`."""
    return f"{value:.2f}".removeprefix("0")


def backing(standing: Standing) -> str:
    """Who backs a level, and how far: `EFE (.70) and unknown (.30): confirmed at .79`."""
    families = [f"{each.family} ({number(each.weight)})" for each in standing.sides[:4]]
    more = len(standing.sides) - len(families)
    listed = ", ".join([*families, f"{more} more"] if more else families)
    return f"{listed}: {standing.state} at {number(standing.confidence)}"


def why(standing: Standing, claim: Claim | None, *, reaches: bool) -> str:
    """Why the level is what it is after a report whose best claim is `claim`."""
    if standing.level == 0:
        return f"{claim.act}: not enough to raise the level" if claim else "nothing hostile is live"
    if claim is None:
        return f"nothing new; level {standing.level} stands on {backing(standing)}"
    told = f"{claim.act}, by {_source(claim)} ({number(claim.weight)})"
    if reaches:
        return f"{told}: {standing.state}"
    return f"{told}: level {claim.level}; level {standing.level} stands on {backing(standing)}"


def why_alert(standing: Standing) -> str:
    """Why an alert rings: its gravest act, and who backs the level."""
    if not standing.support:
        return "no act of this level is live any more"
    return f"{gravest(standing.support)[0].act}; {backing(standing)}"


def summary(dyad: str, standing: Standing, before: int) -> str:
    """One line for a pager: pair, level, state, and where it comes from."""
    move = "up from" if before < standing.level else "down from"
    moved = f", {move} {before}" if before != standing.level else ""
    state = f" ({standing.state})" if standing.level else ""
    return f"{dyad}: level {standing.level}, {NAMES[standing.level]}{state}{moved}"


def lowers(claims: Sequence[Claim], at: datetime, relief: str = "") -> str:
    """What would lower the level."""
    fall = next_fall(claims, at)
    if fall is None:
        return ""
    moment, then = fall
    return (
        f"falls to level {then.level} ({NAMES[then.level]}) at {moment:%Y-%m-%d %H:%M} UTC "
        f"if nothing more is heard; {relief or 'sooner after a corroborated retreat or ceasefire'}"
    )


def blind(since: datetime | None) -> str:
    """That nothing is heard, and since when."""
    if since is None:
        return ""
    return f"blind since {since:%Y-%m-%d %H:%M} UTC: no source is heard, so the level stands still"


def relief(standing: Standing, reliefs: Sequence[Claim], at: datetime) -> str:
    """Since when, and after what, quiet counts double for what earns the level; else nothing."""
    since = [each.eased_from for each in standing.support if each.eased_from]
    if not since or min(since) > at:
        return ""
    acts = [each for each in reliefs if each.at == min(since)]
    told = f", after {acts[0].act}, by {_source(acts[0])}" if acts else ""
    return f"quiet counts double since {min(since):%Y-%m-%d %H:%M} UTC{told}"


def novelty(ended_at: datetime | None, started_at: datetime, z: float | None) -> str:
    """How unusual an episode is for its pair."""
    if ended_at is None:
        since = "the first episode on record"
    else:
        since = f"the first in {(started_at - ended_at).days} days"
    return since if z is None else f"{since}; pressure {z:+.1f} deviations from the pair's usual"


def sides(standing: Standing) -> str:
    """Who acts on whom at this level: `USA→VEN`, or both."""
    return " and ".join(sorted({each.direction for each in standing.support}))


def gravest(claims: Sequence[Claim]) -> list[Claim]:
    """The claims, gravest and best backed first."""
    return sorted(
        claims, key=lambda each: (-each.level, -each.weight, -each.at.timestamp(), each.event)
    )


def _source(claim: Claim) -> str:
    return claim.family if claim.family != "unknown" else "an unknown source"
