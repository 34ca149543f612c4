"""Which alerts a channel gets, and why it does not get the others."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from fnmatch import fnmatchcase

from services.alert.channels.config import Policy, Route
from services.alert.domain.regions import touches
from services.alert.notify.sink import gravity, is_exercise
from tocsin.messages import Alert


class Skip(StrEnum):
    """Why an alert is not sent on a channel: a closed set, for the metrics."""

    EXERCISE = "exercise"  # a replay's, and the channel does not ask for them
    ROUTE = "route"  # no route of the channel fits
    HUSHED = "hushed"  # silenced or acknowledged
    REPEATED = "repeated"  # the channel has told this revision already
    STALE = "stale"  # retried, but a later revision has been told


def skipped(alert: Alert, policy: Policy) -> Skip | None:
    """Why the channel leaves the alert out; None if it is to be sent."""
    if is_exercise(alert) and not policy.exercises:
        return Skip.EXERCISE
    if policy.route and not any(fits(alert, each) for each in policy.route):
        return Skip.ROUTE
    return None


def fits(alert: Alert, route: Route) -> bool:
    """Whether all that the route asks for is so."""
    return (
        (not route.pairs or _any(pair_names(alert.dyad), route.pairs))
        and (not route.regions or any(touches(alert.dyad, each) for each in route.regions))
        and gravity(alert) >= route.min_level
        and (not route.rules or _any((alert.rule,), route.rules))
        and route.status in (None, alert.status)
    )


def pair_names(dyad: str) -> tuple[str, str]:
    """A pair in both orders: people write VEN-USA too, and `VEN-*` means every pair of VEN."""
    one, _, other = dyad.partition("-")
    return dyad, f"{other}-{one}"


def _any(names: Iterable[str], globs: Iterable[str]) -> bool:
    globs = tuple(globs)
    return any(fnmatchcase(name, glob) for name in names for glob in globs)
