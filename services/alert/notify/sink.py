"""What a notification is, and how sending one may end: the words that all sinks share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from services.alert.outbox import Entry
from tocsin.messages import Alert, AlertPhase, AlertStatus, digest

OVER: Final = (AlertPhase.RESOLVED, AlertPhase.RETRACTED)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One revision in a notification, and where the channel's last word on its alert stands.

    `ref` is what the sink gave for it then: a message that can be updated.
    """

    alert: Alert
    entry: Entry
    ref: str | None = None

    @property
    def key(self) -> str:
        """`<alert id>.<revision>`, the same at every try."""
        return f"{self.alert.id}.{self.alert.revision}"

    @property
    def traceparent(self) -> str | None:
        """The W3C trace that the article's way in began."""
        for name, value in self.entry.message.headers:
            if name == "traceparent":
                return value.decode("ascii", "replace")
        return None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One notification: a revision, or the several of a storm. `group` names what joins them."""

    items: tuple[Item, ...]
    group: str = ""

    @property
    def key(self) -> str:
        """Its id, the same at every try of the same revisions."""
        keys = [each.key for each in self.items]
        return keys[0] if len(keys) == 1 else digest("group", *keys)

    @property
    def one(self) -> Item | None:
        """The last word, if all its revisions are of one alert: it stands for those before it."""
        scopes = {scope(each.alert) for each in self.items}
        return self.items[-1] if len(scopes) == 1 else None

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Its revisions, in the order of the outbox."""
        return tuple(each.alert for each in self.items)


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """It is out. `refs` holds, by alert id, the message that a later revision may update."""

    refs: Mapping[str, str] = {}


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """It may go well at another time; `after_s` if the sink said when.

    `limited`: the sink lives, and asks for less.
    """

    why: str
    after_s: float | None = None
    limited: bool = False


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """It will never go. `content`: for what it says, so that another may go well."""

    why: str
    content: bool = False


Outcome = Delivered | Later | Refused


class Sink(Protocol):
    """A receiver of notifications. `most` is how many revisions one may hold."""

    @property
    def most(self) -> int:
        """How many revisions one notification may hold."""
        ...

    @property
    def threaded(self) -> bool:
        """Whether it sends from a thread, which nothing can stop."""
        ...

    async def send(self, notice: Notice) -> Outcome:
        """Sends it, once."""
        ...


def scope(alert: Alert) -> str:
    """The alert's identity for a channel. The alerts of all replays have the same ids."""
    return f"{alert.run or 'live'}:{alert.id}"


def gravity(alert: Alert) -> int:
    """The level that a receiver is told of: what is over, or falls, counts by where it was."""
    if alert.phase in OVER:
        return alert.peak
    return max(alert.level, alert.level_before)


def is_exercise(alert: Alert) -> bool:
    """Whether a replay says so, and not the world."""
    return alert.status is AlertStatus.EXERCISE
