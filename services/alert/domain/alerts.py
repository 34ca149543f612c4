"""Alerts: which change is worth a revision, what a revision says, and whether it adds up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.alert.domain import wording
from services.alert.domain.claims import Claim
from services.alert.domain.confidence import misfits, terms
from services.alert.domain.episodes import Episode, Rule
from services.alert.domain.levels import NAMES, Standing, threshold
from services.alert.domain.state import Told
from tocsin.messages import (
    Alert,
    AlertPhase,
    AlertStatus,
    Change,
    Citation,
    LevelState,
    Severity,
)

OVER: Final = (AlertPhase.RESOLVED, AlertPhase.RETRACTED)
_RISES: Final = (Change.RAISED, Change.LEVEL_UP)
_SEVERITY: Final = (
    Severity.INFO,
    Severity.INFO,
    Severity.WARNING,
    Severity.WARNING,
    Severity.CRITICAL,
    Severity.CRITICAL,
)
_MORE_FAMILIES: Final = 5  # (ours)
_REPEAT_AFTER: Final = timedelta(hours=1)  # (ours) the floor between revisions of one level
_MAX_FACTS: Final = 200
_MAX_CITATIONS: Final = 3


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """Where a pair stands at `at`, with every claim at the level it earns.

    `relief` says since when, and after what, the level falls twice as fast.
    """

    dyad: str
    run: str | None
    at: datetime
    standing: Standing
    claims: tuple[Claim, ...]
    pressure: float = 0.0
    pressure_z: float | None = None
    relief: str = ""
    blind_since: datetime | None = None


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """The material change of an episode, told by a rule."""

    rule: Rule
    episode: Episode
    change: Change


def material_change(told: Told | None, standing: Standing, at: datetime) -> Change | None:
    """What is new enough to ring for, the gravest first; None if nothing is."""
    if told is None or told.phase in OVER:
        return Change.RAISED
    if standing.level > told.level:
        return Change.LEVEL_UP
    same = standing.level == told.level
    if same and standing.state is LevelState.CONFIRMED and told.state is LevelState.PROVISIONAL:
        return Change.CONFIRMED
    return None if at - told.at < _REPEAT_AFTER else _more(told, standing)


def _more(told: Told, standing: Standing) -> Change | None:
    known = set(told.facts)
    if any(fact not in known for each in standing.support for fact in each.facts):
        return Change.NEW_FACT
    if len(standing.sides) >= told.families + _MORE_FAMILIES:
        return Change.MORE_SOURCES
    return None


def tell(told: Told | None, revision: Revision, on: Occasion) -> tuple[Alert, Told]:
    """The next revision of an alert, and what it has now told."""
    phase = _phase(revision.change)
    number = (told.revision if told else 0) + 1
    fresh = told is None or told.phase in OVER
    known = () if told is None or fresh else told.facts
    facts = () if phase in OVER else tuple(dict.fromkeys((*known, *_facts(on.standing))))
    now = Told(
        rule=revision.rule.name,
        revision=number,
        phase=phase,
        level=on.standing.level,
        state=on.standing.state,
        families=len(on.standing.sides),
        facts=facts[-_MAX_FACTS:],
        at=on.at,
        started_at=revision.episode.started_at,
        peak=max(revision.episode.peak, on.standing.level),
        rose=number if told is None or revision.change in _RISES else told.rose,
    )
    before = 0 if told is None or fresh else told.level
    return _alert(revision, on, now, before), now


def verify(alert: Alert) -> list[str]:
    """What in an alert does not follow from its own payload; empty if all of it does."""
    wrong = misfits(alert.terms, alert.confidence)
    if alert.threshold != threshold(alert.level, alert.state):
        wrong.append(f"the threshold of level {alert.level} is not {alert.threshold}")
    if alert.confidence < alert.threshold:
        wrong.append("the confidence is below the threshold")
    if alert.level_name != NAMES[alert.level]:
        wrong.append(f"level {alert.level} is not {alert.level_name!r}")
    if alert.severity is not _SEVERITY[_ringing_level(alert.change, alert.level, alert.peak)]:
        wrong.append(f"level {alert.level} is not {alert.severity}")
    if alert.level > alert.peak:
        wrong.append(f"level {alert.level} is above the peak {alert.peak}")
    return wrong


def _alert(revision: Revision, on: Occasion, now: Told, before: int) -> Alert:
    rule, episode, standing = revision.rule, revision.episode, on.standing
    ringing = _ringing_level(revision.change, standing.level, episode.peak)
    words = {
        "dyad": on.dyad,
        "level": str(standing.level),
        "level_name": NAMES[standing.level],
        "state": standing.state.value,
        "direction": wording.sides(standing),
    }
    return Alert(
        id=episode.id,
        revision=now.revision,
        rule=rule.name,
        rule_version=rule.version,
        dyad=on.dyad,
        phase=now.phase,
        status=AlertStatus.ACTUAL if on.run is None else AlertStatus.EXERCISE,
        severity=_SEVERITY[ringing],
        change=revision.change,
        level_before=before,
        level=standing.level,
        level_name=words["level_name"],
        state=standing.state,
        started_at=episode.started_at,
        at=on.at,
        confidence=standing.confidence,
        threshold=threshold(standing.level, standing.state),
        summary=wording.summary(on.dyad, standing, before),
        why=wording.why_alert(standing),
        direction=words["direction"],
        directed_at_state=directed_at_state(standing),
        peak=now.peak,
        terms=terms(standing.sides),
        citations=_citations(standing),
        novelty=wording.novelty(episode.after, episode.started_at, on.pressure_z),
        lowers=wording.lowers(on.claims, on.at, on.relief) or wording.blind(on.blind_since),
        labels=dict(rule.labels),
        annotations={name: text.format_map(words) for name, text in rule.annotations.items()},
        duration_h=_duration_h(revision.change, episode, on.at),
        run=on.run,
        rose=now.rose,
        blind=on.blind_since is not None,
    )


def directed_at_state(standing: Standing) -> bool:
    """Whether any act at this level is directed at the other state itself."""
    return not standing.support or any(each.at_state for each in standing.support)


def _ringing_level(change: Change, level: int, peak: int) -> int:
    """The level that sets the severity: what is over was as grave as its peak."""
    return peak if change in (Change.RESOLVED, Change.RETRACTED) else level


def _phase(change: Change) -> AlertPhase:
    over = {
        Change.EASED: AlertPhase.EASING,
        Change.RESOLVED: AlertPhase.RESOLVED,
        Change.RETRACTED: AlertPhase.RETRACTED,
    }
    return over.get(change, AlertPhase.FIRING)


def _facts(standing: Standing) -> tuple[str, ...]:
    return tuple(sorted({fact for each in standing.support for fact in each.facts}))


def _citations(standing: Standing) -> tuple[Citation, ...]:
    cited: dict[str, Citation] = {}
    for claim in wording.gravest(standing.support):
        cited.setdefault(claim.citation.evidence.text, claim.citation)
    return tuple(cited.values())[:_MAX_CITATIONS]


def _duration_h(change: Change, episode: Episode, at: datetime) -> float | None:
    if change is not Change.RESOLVED:
        return None
    return round((at - episode.started_at) / timedelta(hours=1), 2)
