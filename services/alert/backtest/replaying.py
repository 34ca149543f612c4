"""Coded reports through the fold of the service: what it would have said, and when. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from services.alert.domain import fold
from services.alert.domain.alerts import verify
from services.alert.domain.state import Config, State
from tocsin.messages import Alert, Change, EventReport, LevelReport

RUN: Final = "backtest"
_ORIGIN: Final = "exercise"  # as the store has it for replays
_ARRIVED: Final = datetime(2100, 1, 1, tzinfo=UTC)  # every report is in: only publication counts
_RAISES: Final = (Change.RAISED, Change.LEVEL_UP)


class Point(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a pair stood at a moment."""

    at: datetime
    level: int
    pressure: float


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """All that a run said, the alerts in order of time. `unverified`: alerts that do not add up."""

    alerts: tuple[Alert, ...]
    points: dict[str, tuple[Point, ...]]
    reports: int
    unverified: tuple[tuple[str, str], ...]


def replay(
    reports: Sequence[EventReport], config: Config, *, progress: Callable[[int], None]
) -> Replay:
    """The reports, in order of publication, through the same fold as the service's.

    At the end every pair lives on to the last publication of all, as under the live clock.
    """
    states: dict[str, State] = {}
    alerts: list[Alert] = []
    points: dict[str, list[Point]] = {}

    def keep(dyad: str, step: fold.Step) -> None:
        states[dyad] = step.state
        alerts.extend(step.alerts)
        if step.level:
            points.setdefault(dyad, []).extend(_points(step.level))

    for number, report in enumerate(reports, start=1):
        dyad = report.dyad
        state = states.get(dyad) or State(dyad=dyad, origin=_ORIGIN, run=RUN)
        keep(dyad, fold.apply(state, report, _ARRIVED, config))
        progress(number)
    end = max((each.clock for each in states.values() if each.clock), default=None)
    for dyad, state in sorted(states.items()):
        if end is not None and state.clock is not None:
            keep(dyad, fold.advance(state, end, config))
    alerts.sort(key=lambda each: (each.at, each.dyad, each.id, each.revision))
    return Replay(
        alerts=tuple(alerts),
        points={dyad: tuple(each) for dyad, each in sorted(points.items())},
        reports=len(reports),
        unverified=tuple((each.id, why) for each in alerts for why in verify(each)),
    )


def raises(alerts: Iterable[Alert], level: int) -> list[Alert]:
    """The alerts that say a pair came up to this level or above."""
    return [each for each in alerts if each.change in _RAISES and each.level >= level]


def _points(level: LevelReport) -> list[Point]:
    fell = [Point(at=each.at, level=each.level, pressure=level.pressure) for each in level.fell]
    return [*fell, Point(at=level.at, level=level.level, pressure=level.pressure)]
