"""A run as one HTML page: a chart a pair, level and pressure, the alerts and crises marked.

Inline SVG, no script, nothing fetched. Days without an article are left out of the axis.
"""

from __future__ import annotations

import bisect
import html
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from services.alert.backtest.replaying import Point, Replay, raises
from services.alert.backtest.scoring import Crisis
from services.alert.domain.levels import NAMES
from tocsin.messages import Alert

_PAIRS: Final = 40  # charts; the pairs with most raises
_WIDTH: Final = 1000
_HEIGHT: Final = 110
_TOP: Final = 5  # the highest level
_COLOURS: Final = ("#7a8", "#9a7", "#ca3", "#e80", "#d33", "#905")

_STYLE: Final = """
body{font:14px/1.4 system-ui,sans-serif;max-width:1060px;margin:2em auto;padding:0 1em;color:#222}
h2{font-size:15px;margin:1.6em 0 .2em} svg{width:100%;height:auto;display:block}
.axis{stroke:#ddd;stroke-width:1} .gap{stroke:#bbb;stroke-dasharray:2 3}
text{font:10px system-ui,sans-serif;fill:#777}
.level{fill:none;stroke:#333;stroke-width:1.5} .area{fill:#456;opacity:.12}
.pressure{fill:none;stroke:#38c;stroke-width:1;opacity:.8} .crisis{fill:#fc0;opacity:.25}
@media (prefers-color-scheme:dark){
  body{background:#111;color:#ddd} .level{stroke:#eee} .axis{stroke:#333}
}
"""


class Axis:
    """Days with articles, side by side; what lies between two of them is cut out."""

    def __init__(self, days: Sequence[date]) -> None:
        self.days = sorted(days)
        self._step = _WIDTH / max(len(self.days), 1)

    def x(self, at: datetime) -> float:
        """Where a moment stands; in a gap, where the gap is."""
        day = at.astimezone(UTC).date()
        place = bisect.bisect_left(self.days, day)
        if place == len(self.days) or self.days[place] != day:
            return round(place * self._step, 1)
        inside = (at - datetime(day.year, day.month, day.day, tzinfo=UTC)) / timedelta(days=1)
        return round((place + inside) * self._step, 1)

    def gaps(self) -> list[tuple[float, date]]:
        """Where a stretch of days begins, and with which day."""
        one = timedelta(days=1)
        return [
            (round(place * self._step, 1), day)
            for place, day in enumerate(self.days)
            if place == 0 or day - self.days[place - 1] > one
        ]


def page(run: Replay, days: dict[str, int], truth: Sequence[Crisis], *, level: int) -> str:
    """The page; its charts are those of the pairs with most raises to `level`, crises first."""
    axis = Axis([date.fromisoformat(each) for each in days])
    ups = raises(run.alerts, level)
    by_pair: dict[str, list[Alert]] = {}
    for each in ups:
        by_pair.setdefault(each.dyad, []).append(each)
    wanted = {dyad for each in truth for dyad in each.dyads}
    pairs = sorted(by_pair, key=lambda dyad: (dyad not in wanted, -len(by_pair[dyad]), dyad))
    charts = [_chart(dyad, run.points[dyad], by_pair[dyad], truth, axis) for dyad in pairs[:_PAIRS]]
    rest = f", {_PAIRS} of them shown" if len(pairs) > _PAIRS else ""
    span = f"{axis.days[0]} to {axis.days[-1]}" if axis.days else "no dated article"
    head = (
        f"<h1>Tocsin backtest</h1><p>{html.escape(span)}, {len(days)} days with articles; "
        f"{len(ups)} raises to level {level} or above on {len(pairs)} pairs{rest}. "
        "Line: level 0 to 5; blue: pressure; marks: raises; yellow: a crisis of the truth file. "
        "Observed escalation in reporting, never a probability of war.</p>"
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Tocsin backtest</title>'
        f"<style>{_STYLE}</style><body>{head}{''.join(charts)}</body></html>\n"
    )


def _chart(
    dyad: str, points: Sequence[Point], ups: Sequence[Alert], truth: Sequence[Crisis], axis: Axis
) -> str:
    parts = [
        *(_crisis(each, axis) for each in truth if dyad in each.dyads),
        *(f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{_y(n)}" y2="{_y(n)}"/>' for n in range(6)),
        *(_gap(x, day) for x, day in axis.gaps()),
        _levels(points, axis),
        _pressure(points, axis),
        *(_mark(each, axis) for each in ups),
    ]
    return (
        f"<h2>{html.escape(dyad)}: {len(ups)} raises</h2>"
        f'<svg viewBox="0 -6 {_WIDTH} {_HEIGHT + 22}" role="img" aria-label="{html.escape(dyad)}">'
        f"{''.join(parts)}</svg>"
    )


def _y(level: float) -> float:
    return round(_HEIGHT - level * _HEIGHT / _TOP, 1)


def _levels(points: Sequence[Point], axis: Axis) -> str:
    """A step line: the level stands until the next point."""
    path, level = f"M0 {_y(0)}", 0
    for point in points:
        x = axis.x(point.at)
        if point.level != level:
            path += f"H{x}V{_y(point.level)}"
            level = point.level
    path += f"H{_WIDTH}"
    return f'<path class="area" d="{path}V{_y(0)}Z"/><path class="level" d="{path}"/>'


def _pressure(points: Sequence[Point], axis: Axis) -> str:
    top = max((each.pressure for each in points), default=0.0)
    if top <= 0:
        return ""
    placed = [f"{axis.x(each.at)} {_y(_TOP * max(each.pressure, 0.0) / top)}" for each in points]
    return f'<polyline class="pressure" points="{", ".join(placed)}"/>'


def _mark(alert: Alert, axis: Axis) -> str:
    quote = alert.citations[0].evidence.text if alert.citations else ""
    words = (
        f"{alert.at:%Y-%m-%d %H:%M} UTC: level {alert.level}, {NAMES[alert.level]} ({alert.state})"
    )
    return (
        f'<circle cx="{axis.x(alert.at)}" cy="{_y(alert.level)}" r="4" '
        f'fill="{_COLOURS[alert.level]}"><title>{html.escape(words)}\n{html.escape(quote)}</title></circle>'
    )


def _crisis(crisis: Crisis, axis: Axis) -> str:
    start = datetime(crisis.trigger.year, crisis.trigger.month, crisis.trigger.day, tzinfo=UTC)
    x = axis.x(start)
    width = max(axis.x(start + timedelta(days=7)) - x, 2)
    return (
        f'<rect class="crisis" x="{x}" y="0" width="{width}" height="{_HEIGHT}">'
        f"<title>{html.escape(crisis.name)}, {crisis.trigger}</title></rect>"
    )


def _gap(x: float, day: date) -> str:
    return (
        f'<line class="gap" x1="{x}" x2="{x}" y1="0" y2="{_HEIGHT}"/>'
        f'<text x="{x + 2}" y="{_HEIGHT + 12}">{day}</text>'
    )
