"""What another set of rules would have said of the same reports, and why not the same. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec

from services.alert.domain.episodes import Rule, applies
from tocsin.messages import Alert, Change

_Key = tuple[str, str, str, int]


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that the new rules do not give, and what holds it back."""

    alert: Alert
    why: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Revisions that only the new rules give, only the old ones, and how many both do."""

    added: tuple[Alert, ...]
    removed: tuple[Removed, ...]
    kept: int


def difference(old: Sequence[Alert], new: Sequence[Alert], rules: Sequence[Rule]) -> Difference:
    """The revisions of two runs compared; `rules` are the new ones.

    Two revisions are the same if they tell the same change of the same pair at the same moment.
    """
    before, after = _keys(old), _keys(new)
    return Difference(
        added=tuple(each for key, each in after.items() if key not in before),
        removed=tuple(
            Removed(alert=each, why=why_not(each, new, rules))
            for key, each in before.items()
            if key not in after
        ),
        kept=sum(key in after for key in before),
    )


def why_not(alert: Alert, told: Iterable[Alert], rules: Sequence[Rule]) -> str:
    """Why these rules do not give a revision that others gave."""
    over = alert.change in (Change.EASED, Change.RESOLVED, Change.RETRACTED)
    gravity = alert.peak if over else alert.level
    ours = [rule for rule in rules if applies(rule, alert.dyad)]
    if not ours:
        return f"no rule is for {alert.dyad}"
    reached = [rule for rule in ours if gravity >= rule.raise_at]
    if not reached:
        lowest = min(ours, key=lambda rule: rule.raise_at)
        return f"level {gravity} is below {lowest.raise_at}, where {lowest.name} raises"
    waiting = [rule for rule in reached if rule.hold_for > timedelta()]
    if len(waiting) == len(reached):
        rule = min(waiting, key=lambda each: each.hold_for)
        return f"{rule.name} waits until the level has stood for {_span(rule.hold_for)}"
    near = [each for each in told if each.dyad == alert.dyad and each.at <= alert.at]
    if near:
        last = max(near, key=lambda each: each.at)
        return f"told before, as {last.change} to level {last.level} at {last.at:%Y-%m-%d %H:%M}"
    return f"{reached[0].name} holds another episode then"


def _keys(alerts: Iterable[Alert]) -> dict[_Key, Alert]:
    return {(each.dyad, each.at.isoformat(), each.change, each.level): each for each in alerts}


def _span(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours:g} h" if hours >= 1 else f"{span / timedelta(minutes=1):g} min"
