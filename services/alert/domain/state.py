"""What is remembered of one pair of states: bounded, plain data, one value in the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.alert.domain.claims import Claim
from services.alert.domain.confidence import Carrier, Tellers, tellers
from services.alert.domain.episodes import Rule, Track
from services.alert.domain.fading import LIFE, left
from services.alert.domain.families import Families
from services.alert.domain.pressure import Load, Pressure
from services.alert.domain.relief import TOGETHER
from tocsin.messages import AlertPhase, LevelState

_MAX_CLAIMS: Final = 400  # of one pair; a claim is about a kilobyte
_KEPT_CLAIMS: Final = 300  # of more than that: the gravest, then the newest
_MAX_SEEN: Final = 1000
_MAX_RELIEFS: Final = 60
_PRUNE_EVERY: Final = timedelta(hours=1)
_MAX_OVER: Final = 20  # alerts that are over, remembered for their revision
_MAX_CARRIERS: Final = 300
# Copies of a wire story come within the day: before that, who carries a text may still change.
_COPIES_WITHIN: Final = timedelta(hours=24)


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What the fold needs beside the reports: rules, families, and the allowed lateness."""

    rules: tuple[Rule, ...]
    families: Families
    lateness: timedelta


class Heard(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A report that is in the state already; the newest revision of an article stands."""

    article: str
    revision: int
    coder: str
    report: str
    at: datetime


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the last revision of an alert said."""

    rule: str
    revision: int
    phase: AlertPhase
    level: int
    state: LevelState
    families: int
    facts: tuple[str, ...]
    at: datetime
    started_at: datetime
    peak: int
    rose: int = 1  # the revision at which the level last rose


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One pair, in the world or in one replay.

    `watermark` is the newest publication heard of, `clock` that or a later tick. What lies before
    `settled` (clock - lateness) is final: tracks and pressure stand there. Claims and loads after
    it are replayed at each step, so the order in which they came does not matter. `seen` goes by
    article id; `carriers`, of stories whose claims were dropped, by story and by article id.
    Before `holds_until` the level does not fall if nothing more is heard.
    """

    dyad: str
    origin: str
    run: str | None = None
    watermark: datetime | None = None
    clock: datetime | None = None
    settled: datetime | None = None
    claims: tuple[Claim, ...] = ()
    carriers: dict[str, Carrier] = {}
    reliefs: tuple[Claim, ...] = ()
    seen: dict[str, Heard] = {}
    tracks: dict[str, Track] = {}
    told: dict[str, Told] = {}
    pressure: Pressure = Pressure()
    loads: tuple[Load, ...] = ()
    shown: int = 0  # the level of the last LevelReport
    blind: bool = False  # whether that said that nothing is heard
    holds_until: datetime | None = None
    pruned_at: datetime | None = None  # where `settled` was then


def is_stale(state: State, mark: Heard) -> bool:
    """Whether this report, or a newer one of the same article, is in already."""
    known = state.seen.get(mark.article)
    return known is not None and rank(known) >= rank(mark)


def rank(mark: Heard) -> tuple[int, str, str]:
    """Which of two reports on one article stands: the later revision, then the later coder."""
    return mark.revision, mark.coder, mark.report


def pruned(state: State, earned: tuple[Claim, ...], line: datetime) -> State:
    """The state without what can no longer matter after `line`, and within its bounds.

    Nothing hangs on when it is done; once an hour of the pair's time is often enough.
    """
    fresh = state.pruned_at is not None and line - state.pruned_at < _PRUNE_EVERY
    if fresh and len(state.claims) <= _MAX_CLAIMS and len(state.seen) <= _MAX_SEEN:
        return state
    told = tellers(each for each in earned if each.at < line)
    final = [(_final(each, line, told), left(each, line)) for each in earned if each.at < line]
    before = [each for each, still in final if still]
    after = [each for each in state.claims if each.at >= line]
    kept = _undominated(before, line)
    stays = {each.article for each in kept}
    # A story stays its teller's when the teller's own claim has faded.
    gone = [each for each, _ in final if each.article not in stays]
    claims = [*kept, *after]
    if len(claims) > _MAX_CLAIMS:
        claims = sorted(claims, key=lambda each: (each.level, each.at))[-_KEPT_CLAIMS:]
    seen = sorted(
        (each for each in state.seen.values() if each.at >= line - LIFE), key=lambda each: each.at
    )
    reliefs = [each for each in state.reliefs if each.at >= line - TOGETHER]
    return msgspec.structs.replace(
        state,
        claims=tuple(claims),
        carriers=_carriers(state.carriers, gone, line),
        seen={each.article: each for each in seen[-_MAX_SEEN:]},
        reliefs=tuple(reliefs[-_MAX_RELIEFS:]),
        told=_bounded(state.told),
        pruned_at=line,
    )


def _final(claim: Claim, line: datetime, told: Tellers) -> Claim:
    """The claim with what is final of it: the family its story counts for, and since when it eases.

    The claims that say so may be dropped after this.
    """
    teller = told.get(claim.story)
    if teller is not None and teller.family != claim.family:
        claim = msgspec.structs.replace(
            claim, family=teller.family, carried=max(teller.tier_weight, teller.carried)
        )
    if claim.eased_from is not None and claim.eased_from >= line:
        claim = msgspec.structs.replace(claim, eased_from=None)
    return msgspec.structs.replace(claim, pauses=()) if claim.pauses else claim


def _carriers(known: dict[str, Carrier], gone: list[Claim], line: datetime) -> dict[str, Carrier]:
    """Whose the stories are of which all claims are gone, under each of their names."""
    found = dict(known)
    for each in gone:
        weight = each.carried or each.tier_weight
        carrier = Carrier(story=each.story, family=each.family, weight=weight, at=each.at)
        for name in (each.story, each.article):
            if name and (name not in found or found[name].weight < weight):
                found[name] = carrier
    fresh = [(each.at, name) for name, each in found.items() if each.at >= line - LIFE]
    return {name: found[name] for _, name in sorted(fresh)[-_MAX_CARRIERS:]}


def _undominated(claims: list[Claim], line: datetime) -> list[Claim]:
    """The claims that no later, no weaker one of the same family, kind and side outlives."""
    best: dict[tuple[object, ...], tuple[int, float]] = {}
    kept = []
    for claim in sorted(claims, key=lambda each: (each.at, each.event), reverse=True):
        key = (claim.family, claim.direction, claim.at_state, claim.assault)
        level, weight = best.get(key, (0, 0.0))
        if claim.level <= level and claim.weight <= weight:
            continue
        kept.append(claim)
        if claim.at < line - _COPIES_WITHIN and claim.level >= level and claim.weight >= weight:
            best[key] = (claim.level, claim.weight)
    return kept[::-1]


def _bounded(told: dict[str, Told]) -> dict[str, Told]:
    over = [
        (each.at, alert)
        for alert, each in told.items()
        if each.phase in (AlertPhase.RESOLVED, AlertPhase.RETRACTED)
    ]
    forgotten = {alert for _, alert in sorted(over)[:-_MAX_OVER]}
    return {alert: each for alert, each in told.items() if alert not in forgotten}
