"""Ringing: the revisions that one step of the fold gives, in the order of their time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from services.alert.domain.alerts import OVER, Occasion, Revision, material_change, tell
from services.alert.domain.episodes import Episode, Rule, Turn, Walk
from services.alert.domain.levels import Standing, standing
from services.alert.domain.state import Told
from tocsin.messages import Alert, Change


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's walks through one step: what is now final, and what is still open."""

    rule: Rule
    final: Walk
    open: Walk

    @property
    def current(self) -> Episode | None:
        """The episode whose level stands now."""
        episode = self.open.track.current
        return episode if episode and episode.cleared_at is None else None


def ring(
    told: dict[str, Told], rounds: Sequence[Round], now: Occasion, *, loud: bool
) -> tuple[tuple[Alert, ...], dict[str, Told]]:
    """The new revisions, and all that has been told with them.

    What calms down is told once it is final; what rises is told at once, unless not `loud`.
    """
    alerts: list[Alert] = []
    told = dict(told)
    for each in rounds:
        for revision, occasion in _revisions(told, each, now, loud=loud):
            episode = revision.episode.id
            alert, told[episode] = tell(told.get(episode), revision, occasion)
            alerts.append(alert)
    return tuple(alerts), told


def _revisions(
    told: dict[str, Told], turn: Round, now: Occasion, *, loud: bool
) -> Iterator[tuple[Revision, Occasion]]:
    """The revisions of one rule. Reads `told` as it grows: each sees what the last one said."""
    over = (each for each in turn.open.turns if each.over)
    for each in (*turn.final.turns, *over):
        change = _calmer(told.get(each.episode.id), each)
        if change:
            yield _revision(turn, each.episode, change), _back(now, each.at, each.standing)
    for episode, known in list(told.items()):
        met = turn.final.met | turn.open.met
        if known.rule == turn.rule.name and known.phase not in OVER and episode not in met:
            yield _revision(turn, _gone(episode, known), Change.RETRACTED), now
    current = turn.open.track.current
    if loud and current and now.at - current.started_at >= turn.rule.hold_for:
        yield from _risen(told.get(current.id), turn, current, now)


def _risen(
    known: Told | None, turn: Round, episode: Episode, now: Occasion
) -> Iterator[tuple[Revision, Occasion]]:
    if episode.cleared_at is None:
        change = material_change(known, now.standing, now.at)
        if change:
            yield _revision(turn, episode, change), now
    elif known is None:
        # It came and went before its reports did; it is told as it began, and resolved in time.
        yield _revision(turn, episode, Change.RAISED), _back(now, episode.started_at)


def _calmer(told: Told | None, turn: Turn) -> Change | None:
    if told is None or told.phase in OVER:
        return None
    if turn.over:
        return Change.RESOLVED
    return Change.EASED if turn.standing.level < told.level else None


def _revision(turn: Round, episode: Episode, change: Change) -> Revision:
    return Revision(rule=turn.rule, episode=episode, change=change)


def _gone(episode: str, known: Told) -> Episode:
    """An episode that the reports no longer show, from what was told of it."""
    return Episode(id=episode, started_at=known.started_at, level=0, peak=known.peak)


def _back(now: Occasion, at: datetime, then: Standing | None = None) -> Occasion:
    """The pair as it stood at an earlier moment. Its z-score then is not known any more."""
    claims = tuple(each for each in now.claims if each.at <= at)
    return msgspec.structs.replace(
        now, at=at, standing=then or standing(claims, at), claims=claims, pressure_z=None
    )
