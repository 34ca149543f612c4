"""Which waiting alerts go next, together, and when: group wait and interval as in Alertmanager."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from services.alert.channels.config import GroupBy, Policy
from services.alert.domain.regions import touches
from services.alert.notify.sink import gravity, is_exercise
from services.alert.outbox import Entry
from tocsin.messages import Alert

URGENT: Final = 4  # a use of force waits for no group's interval
_CONTINENTS: Final = ("africa", "americas", "asia", "europe", "oceania")


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that is to be sent, and since when the channel knows of it (its own clock, s)."""

    entry: Entry
    alert: Alert
    seen_at: float
    alone: bool = False  # not to be sent with others: one of them was refused

    @property
    def urgent(self) -> bool:
        """Whether it tells of force, now."""
        return self.alert.level >= URGENT and gravity(self.alert) >= URGENT


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent as one, when, and in whose name."""

    due_at: float
    group: str
    urgent: bool
    waiting: tuple[Waiting, ...]


def following(
    waiting: Iterable[Waiting], policy: Policy, last: Mapping[str, float], now: float, most: int
) -> Batch | None:
    """The batch to send next: of those that are due, force before all else; else the first due.

    `last` says when each group was last sent. The alerts of a pair never overtake each other.
    """
    lanes: dict[str, list[Waiting]] = {}
    for each in waiting:
        lanes.setdefault(lane(each.alert, policy.group_by), []).append(each)
    batches = [_batch(lanes[name], policy, last.get(name), most) for name in lanes]
    return min(
        batches, key=lambda each: (each.due_at > now, not each.urgent, each.due_at), default=None
    )


def lane(alert: Alert, group_by: GroupBy) -> str:
    """What an alert is grouped by. Without groups a pair keeps its order all the same."""
    mark = "exercise" if is_exercise(alert) else ""
    if group_by == "all":
        return mark
    name = continents(alert.dyad) if group_by == "region" else alert.dyad
    return f"{mark} {name}".strip()


def continents(dyad: str) -> str:
    """Where the states of a pair lie: `asia`, or `asia and europe`."""
    return " and ".join(each for each in _CONTINENTS if touches(dyad, each)) or "elsewhere"


def _batch(waiting: list[Waiting], policy: Policy, last: float | None, most: int) -> Batch:
    urgent = [each.seen_at for each in waiting if each.urgent]
    if policy.group_by == "none":
        first = waiting[0]
        return Batch(due_at=first.seen_at, group="", urgent=bool(urgent), waiting=(first,))
    due_at = waiting[0].seen_at + policy.group_wait_s
    if last is not None and waiting[0].seen_at > last:  # what was there then is a part of it
        due_at = max(due_at, last + policy.group_interval_s)
    due_at = min([due_at, *(seen_at + policy.group_wait_s for seen_at in urgent)])
    group = lane(waiting[0].alert, policy.group_by)
    return Batch(due_at=due_at, group=group, urgent=bool(urgent), waiting=_together(waiting, most))


def _together(waiting: list[Waiting], most: int) -> tuple[Waiting, ...]:
    """As many from the front as may go as one."""
    if waiting[0].alone:
        return (waiting[0],)
    count = next((n for n, each in enumerate(waiting) if each.alone), len(waiting))
    return tuple(waiting[: min(count, most)])
