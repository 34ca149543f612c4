"""Pressure: the trend line beside the level, never the level itself.

A decayed sum of -score times status weight, read against the pair's own past.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from services.alert.domain.gate import worth
from tocsin.messages import CodedEvent, EventReport

_HALF_LIFE: Final = timedelta(hours=72)  # (ours)
_BASELINE_DAYS: Final = 90
_MIN_SAMPLES: Final = 10  # no claim about the usual before ten days of it
_DAY: Final = timedelta(days=1)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)


class Load(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one report adds to the pressure, at its publication."""

    at: datetime
    report: str
    size: float


class Pressure(msgspec.Struct, frozen=True, kw_only=True):
    """The pressure at `at`, the moment of its last load, and the midnights before it (UTC)."""

    value: float = 0.0
    at: datetime | None = None
    midnights: tuple[float, ...] = ()
    sampled: datetime | None = None


def load_of(report: EventReport) -> float:
    """What the report adds: hostile acts push, friendly acts between the two relieve."""
    events = [each for each in report.events if each.score <= 0 or _is_between(each, report.dyad)]
    return round(-sum(event.score * worth(event).weight for event in events), 4)


def _is_between(event: CodedEvent, dyad: str) -> bool:
    """Whether both states take part; what one offers its neighbours relieves nothing."""
    sides = [side.state for side in (event.source, event.target) if side]
    return sorted(set(sides)) == dyad.split("-")


def settle(pressure: Pressure, loads: Iterable[Load], until: datetime) -> Pressure:
    """The pressure with the loads before `until` in it, sampled at every midnight before it.

    Loads enter one by one in the order of publication, so that batches of any size give the
    same floating-point result.
    """
    for load in sorted(loads, key=_order):
        if pressure.at is None or _midnight_after(pressure) <= load.at:
            pressure = _sample(pressure, load.at)
        if pressure.at is None:
            pressure = msgspec.structs.replace(pressure, value=load.size, at=load.at)
            continue
        at = max(load.at, pressure.at)
        value = _decayed(pressure, at) + load.size * 2.0 ** -((at - load.at) / _HALF_LIFE)
        pressure = Pressure(
            value=value, at=at, midnights=pressure.midnights, sampled=pressure.sampled
        )
    return _sample(pressure, until)


def read(pressure: Pressure, loads: Iterable[Load], at: datetime) -> tuple[float, float | None]:
    """The pressure at `at`, and how many deviations it stands above its own usual."""
    now = settle(pressure, loads, at)
    value = _decayed(now, at)
    usual = pressure.midnights
    if len(usual) < _MIN_SAMPLES:
        return round(value, 3), None
    mean = math.fsum(usual) / len(usual)
    spread = math.sqrt(math.fsum([(each - mean) ** 2 for each in usual]) / len(usual))
    return round(value, 3), round((value - mean) / spread, 2) if spread > 0.001 else None


def _order(load: Load) -> tuple[datetime, str]:
    return load.at, load.report


def _midnight_after(pressure: Pressure) -> datetime:
    """The first midnight (UTC) that is not sampled yet."""
    since = pressure.sampled or pressure.at or _FIRST
    return since.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY


def _decayed(pressure: Pressure, at: datetime) -> float:
    if pressure.at is None:
        return 0.0
    halvings: float = max(at - pressure.at, timedelta()) / _HALF_LIFE
    return float(pressure.value * 2.0**-halvings)


def _sample(pressure: Pressure, until: datetime) -> Pressure:
    if pressure.at is None:
        return pressure
    start = max(pressure.sampled or pressure.at, until - _BASELINE_DAYS * _DAY)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    taken = []
    while midnight <= until:
        taken.append(round(_decayed(pressure, midnight), 4))
        midnight += _DAY
    if not taken:
        return pressure
    samples = (*pressure.midnights, *taken)[-_BASELINE_DAYS:]
    return msgspec.structs.replace(pressure, midnights=samples, sampled=midnight - _DAY)
