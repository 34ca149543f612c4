"""What is remembered of one pair of states: bounded, plain data, one value in the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.alert.domain.claims import Claim
from services.alert.domain.episodes import Rule, Track
from services.alert.domain.families import Families
from services.alert.domain.levels import LIFE, faded
from services.alert.domain.pressure import Load, Pressure
from tocsin.messages import AlertPhase, LevelState

_MAX_CLAIMS: Final = 400  # of one pair; a claim is about a kilobyte
_MAX_HEARD: Final = 1000
_MAX_OVER: Final = 20  # alerts that are over, remembered for their revision
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
    it are replayed at each step, so the order in which they came does not matter.
    """

    dyad: str
    origin: str
    run: str | None = None
    watermark: datetime | None = None
    clock: datetime | None = None
    settled: datetime | None = None
    claims: tuple[Claim, ...] = ()
    heard: tuple[Heard, ...] = ()
    tracks: dict[str, Track] = {}
    told: dict[str, Told] = {}
    pressure: Pressure = Pressure()
    loads: tuple[Load, ...] = ()
    shown: int = 0  # the level of the last LevelReport


def is_stale(state: State, mark: Heard) -> bool:
    """Whether this report, or a newer one of the same article, is in already."""
    return any(each.article == mark.article and rank(each) >= rank(mark) for each in state.heard)


def rank(mark: Heard) -> tuple[int, str, str]:
    """Which of two reports on one article stands: the later revision, then the later coder."""
    return mark.revision, mark.coder, mark.report


def pruned(state: State, earned: tuple[Claim, ...], line: datetime) -> State:
    """The state without what can no longer matter after `line`, and within its bounds."""
    before = [each for each in earned if each.at < line and faded(each.level, line - each.at) > 0]
    after = [each for each in state.claims if each.at >= line]
    claims = [*_undominated(before, line), *after]
    if len(claims) > _MAX_CLAIMS:
        claims = sorted(claims, key=lambda each: (each.level, each.at))[-_MAX_CLAIMS:]
    heard = sorted(
        (each for each in state.heard if each.at >= line - LIFE), key=lambda each: each.at
    )
    return msgspec.structs.replace(
        state, claims=tuple(claims), heard=tuple(heard[-_MAX_HEARD:]), told=_bounded(state.told)
    )


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
