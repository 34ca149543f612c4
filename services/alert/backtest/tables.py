"""A run in figures: the table for people, the object for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from services.alert.backtest.scoring import LEVELS, Found, Score
from tocsin.messages import Alert


def lines(figures: Score, took: dict[str, float], level: int) -> list[str]:
    """The figures for people."""
    found = [
        _run(figures, took),
        f"{figures.alerts:,} revisions of alerts, {figures.verified:,} of them verified",
        "",
        "raises to level    count    a day",
        *(
            f"  {each} or above {figures.raises[each]:11,} {figures.a_day[each]:8.2f}"
            for each in LEVELS
        ),
    ]
    if figures.precision is not None:
        counted = f"{figures.right} of {figures.labelled} labelled raises"
        found += ["", f"precision {figures.precision:.2f} ({counted})"]
    return [*found, *_crises(figures, level)] if figures.crises else found


def _run(figures: Score, took: dict[str, float]) -> str:
    """What was read, and how long it took."""
    read = f"{figures.articles:,} articles of {figures.days} days, {figures.reports:,} reports"
    return f"{read}; coded in {took['coding_s']:.0f} s, replayed in {took['fold_s']:.0f} s"


def _crises(figures: Score, level: int) -> list[str]:
    since = "(hours from the midnight, UTC, of the trigger day)"
    hit = sum(each.first is not None for each in figures.crises)
    columns = f"{'first raise':16} {'hours':>7}  {'pair':7} {'to':>2} {'peak':>4}"
    return [
        "",
        f"{hit} of {len(figures.crises)} crises raise to level {level} or above {since}",
        f"  {'crisis':28} {'trigger':10}  {columns}",
        *map(_line, figures.crises),
    ]


def _line(each: Found) -> str:
    at = f"{each.first:%Y-%m-%d %H:%M}" if each.first else "-"
    hours = f"{each.hours:.1f}" if each.hours is not None else "-"
    return (
        f"  {each.crisis[:28]:28} {each.trigger}  {at:16} {hours:>7}  "
        f"{each.dyad or '-':7} {each.level or '-':>2} {each.reached:>4}"
    )


def raised(alert: Alert) -> str:
    """One raise in a line: when, who, from what to what, and the sentence."""
    quote = alert.citations[0].evidence.text if alert.citations else ""
    moved = f"{alert.level_before}→{alert.level} {alert.state}"
    return f"{alert.at:%Y-%m-%d %H:%M}  {alert.dyad}  {moved:15}  {' '.join(quote.split())[:160]}"


def result(figures: Score, ups: Sequence[Alert], took: dict[str, float]) -> dict[str, Any]:
    """The same for programs, each raise with the article and sentence it cites first."""
    listed = [
        {
            "at": each.at,
            "dyad": each.dyad,
            "from": each.level_before,
            "to": each.level,
            "state": each.state,
            "alert": each.id,
            "article": each.citations[0].article.id if each.citations else None,
            "sentence": each.citations[0].evidence.text if each.citations else None,
        }
        for each in ups
    ]
    plain = msgspec.to_builtins(figures)
    return {**plain, "precision": figures.precision, "took": took, "listed": listed}
