"""Ringing: the revisions that one step of the fold gives, in the order of their time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from services.alert.domain.alerts import OVER, Occasion, Revision, material_change, tell
from services.alert.domain.episodes import Episode, Rule, Turn, Walk
from services.alert.domain.state import Told
from tocsin.messages import Alert, Change


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's walks through one step: what is now final, and what is still open."""

    rule: Rule
    final: Walk
    open: Walk

    @property
    def current(self) -> Episode | None:
        """The episode that stands now: not cleared, and for as long as the rule asks."""
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
            yield _revision(turn, each.episode, change), _then(now, each)
    for episode, known in list(told.items()):
        met = turn.final.met | turn.open.met
        if known.rule == turn.rule.name and known.phase not in OVER and episode not in met:
            yield _revision(turn, _gone(episode, known), Change.RETRACTED), now
    current = turn.current
    if loud and current and now.at - current.started_at >= turn.rule.hold_for:
        news = material_change(told.get(current.id), now.standing, now.at)
        if news:
            yield _revision(turn, current, news), now


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


def _then(now: Occasion, turn: Turn) -> Occasion:
    """The pair as it stood at the turn. Its z-score then is not known any more."""
    claims = tuple(each for each in now.claims if each.at <= turn.at)
    return msgspec.structs.replace(
        now, at=turn.at, standing=turn.standing, claims=claims, pressure_z=None
    )
