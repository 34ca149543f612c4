"""One channel at work: read, choose, send, settle. The decisions are in the files beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from services.alert import metrics
from services.alert.channels.config import Policy
from services.alert.channels.grouping import Batch, Waiting, following
from services.alert.channels.pacing import Bucket, Pace
from services.alert.channels.routes import Skip, skipped
from services.alert.channels.window import Window
from services.alert.dispatch import Turn
from services.alert.notify.sink import (
    Delivered,
    Item,
    Later,
    Notice,
    Outcome,
    Refused,
    Sink,
    is_exercise,
    scope,
)
from services.alert.outbox import Entry, Settled
from tocsin.bus import Outgoing
from tocsin.errors import BadMessage
from tocsin.messages import Alert, decode
from tocsin.observe import get_logger
from tocsin.topics import ALERTS

_READ: Final = 500  # entries at once
_MOST_WAITING: Final = 2000  # alerts in memory; the rest stays in Redis
_REST_S: Final = 60.0  # the longest look away from the clock

Hush = Callable[[Sequence[Alert]], Awaitable[Mapping[str, str]]]
Standing = Callable[[], Awaitable[Sequence[Alert]]]


class Clock(NamedTuple):
    """What time it is: seconds that only grow, and seconds of Unix time."""

    steady: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


_CLOCK: Final = Clock()


class Resend(NamedTuple):
    """What stands now, and how often a sink is reminded of it."""

    standing: Standing
    every_s: float


class _Told(msgspec.Struct, frozen=True):
    """What the channel noted when it last told of an alert."""

    revision: int
    ref: str | None = None


class Notifier:
    """Carries the alerts of the outbox to a sink, as its policy says.

    `hush` gives, by `<alert id>.<revision>`, why a revision is not to be notified. With `resend`
    what stands and has been told is sent again so often: for a sink that forgets.
    """

    def __init__(
        self,
        policy: Policy,
        sink: Sink,
        *,
        hush: Hush | None = None,
        resend: Resend | None = None,
        clock: Clock = _CLOCK,
    ) -> None:
        self.policy = policy
        self.name = policy.name
        self.lease_s = policy.lease_s
        self._sink = sink
        self._hush = hush
        self._resend = resend
        self._resent_at = clock.steady()
        self._clock = clock
        bucket = Bucket(policy.per_minute, policy.burst, clock.steady)
        self._pace = Pace(
            bucket,
            breaker_after=policy.breaker_after,
            open_s=policy.breaker_open_s,
            clock=clock.steady,
        )
        self._last_sent: dict[str, float] = {}
        self._failure = ""
        metrics.open_channel(self.name)

    async def carry(self, turn: Turn) -> None:
        """Sends what is due, until the turn is lost or the stop comes."""
        window = Window(await turn.outbox.place(self.name), await turn.outbox.done(self.name))
        while await turn.hold():
            if not await self._read(turn, window) or not await self._give_up(turn, window):
                return
            metrics.BREAKER_STATE.labels(channel=self.name).set(self._pace.state)
            now = self._clock.steady()
            batch = following(
                window.waiting.values(), self.policy, self._last_sent, now, self._sink.most
            )
            wait_s = self._wait_s(batch, window, now)
            if batch is None or wait_s > 0:
                if self._resend_in_s(now) == 0:
                    await self._remind(turn, self._resend)
                    continue
                full = len(window.waiting) >= _MOST_WAITING
                if not await turn.rest(wait_s, None if full else window.cursor):
                    return
            elif not await self._notify(turn, window, batch):
                return

    async def _read(self, turn: Turn, window: Window) -> bool:
        """Takes in what is new; false if the turn was lost."""
        while len(window.waiting) < _MOST_WAITING:
            entries = await turn.outbox.after(window.cursor, _READ)
            for entry in entries:
                window.read(entry, None if window.is_done(entry) else self._wanted(entry))
            if len(entries) < _READ:
                break
        settled = window.finish()
        return settled is None or await turn.settle(settled)

    def _wanted(self, entry: Entry) -> Waiting | None:
        if entry.message.topic != ALERTS.name or entry.only not in (None, self.name):
            return None
        try:
            alert = decode(entry.message.value, Alert)
        except BadMessage as error:  # of a later version, after a step back
            get_logger().error("no alert", channel=self.name, error=str(error))
            return None
        why = skipped(alert, self.policy)
        if why is not None:
            self._skip(why)
            return None
        return Waiting(entry=entry, alert=alert, seen_at=self._clock.steady())

    async def _give_up(self, turn: Turn, window: Window) -> bool:
        """Sets aside what has waited for too long; false if the turn was lost."""
        since_s = self._clock.wall() - self.policy.give_up_h * 3600
        old = [each for each in window.waiting.values() if each.entry.since_s < since_s]
        if not old or not self._failure:
            return True
        return await self._set_aside(turn, window, old, f"given up: {self._failure}")

    def _wait_s(self, batch: Batch | None, window: Window, now: float) -> float:
        if batch is None:
            return min(_REST_S, self._resend_in_s(now))
        wait_s = max(batch.due_at - now, self._pace.wait_s())
        if self._failure:
            oldest_s = min(each.entry.since_s for each in window.waiting.values())
            old_in_s = oldest_s + self.policy.give_up_h * 3600 - self._clock.wall()
            wait_s = min(wait_s, max(old_in_s, 0.01))
        return min(wait_s, max(self._resend_in_s(now), 0.01))

    def _resend_in_s(self, now: float) -> float:
        """Until the sink is to be reminded; never if it remembers."""
        if self._resend is None:
            return _REST_S
        due_at = max(self._resent_at + self._resend.every_s, now + self._pace.wait_s())
        return min(max(due_at - now, 0.0), _REST_S)

    async def _remind(self, turn: Turn, resend: Resend | None) -> None:
        """Sends again what stands, as it was told last."""
        self._resent_at = self._clock.steady()
        found = await resend.standing() if resend else ()
        alerts = [each for each in found if skipped(each, self.policy) is None]
        hushed = await self._hush(alerts) if self._hush else {}
        told = await turn.outbox.told(self.name, [scope(each) for each in alerts])
        items = []
        for alert, known in zip(alerts, told, strict=True):
            before = msgspec.msgpack.decode(known, type=_Told) if known else None
            entry = Entry(id="0-0", message=Outgoing(topic=ALERTS.name, key=None, value=None))
            item = Item(alert=alert, entry=entry)
            if before and before.revision == alert.revision and item.key not in hushed:
                items.append(item)
        for start in range(0, len(items), self._sink.most):
            self._pace.attempt()
            attempt = self._attempt(Notice(items=tuple(items[start : start + self._sink.most])))
            outcome = await turn.during(attempt, threaded=self._sink.threaded)
            if isinstance(outcome, Later | Refused):
                self._pace.failed(outcome.after_s if isinstance(outcome, Later) else None)
                get_logger().warning("not reminded", channel=self.name, why=outcome.why)
                return

    async def _notify(self, turn: Turn, window: Window, batch: Batch) -> bool:
        """One attempt; false if the turn was lost."""
        items, left_out = await self._items(turn, batch)
        if left_out:
            settled = window.finish(left_out)
            if settled and not await turn.settle(settled):
                return False
        if not items:
            return True
        began_at = self._clock.steady()
        self._pace.attempt()
        notice = Notice(items=tuple(items), group=batch.group)
        outcome = await turn.during(self._attempt(notice), threaded=self._sink.threaded)
        if outcome is None:
            return False
        sent = [each for each in batch.waiting if each.entry.id not in left_out]
        if isinstance(outcome, Delivered):
            self._last_sent = {
                name: at
                for name, at in self._last_sent.items()
                if began_at - at < self.policy.group_interval_s
            } | {batch.group: began_at}
            return await self._delivered(turn, window, notice, outcome)
        return await self._failed(turn, window, sent, outcome)

    async def _items(self, turn: Turn, batch: Batch) -> tuple[list[Item], set[str]]:
        """What is to be sent of a batch, and the entries that are not."""
        alerts = [each.alert for each in batch.waiting]
        hushed = await self._hush(alerts) if self._hush else {}
        told = await turn.outbox.told(self.name, [scope(each) for each in alerts])
        items, left_out = [], set()
        for waiting, known in zip(batch.waiting, told, strict=True):
            before = msgspec.msgpack.decode(known, type=_Told) if known else None
            item = Item(
                alert=waiting.alert, entry=waiting.entry, ref=before.ref if before else None
            )
            why = Skip.HUSHED if item.key in hushed else _known(waiting, before)
            if why is None:
                again = before is not None and before.revision >= waiting.alert.revision
                items.append(msgspec.structs.replace(item, ref=None) if again else item)
            else:
                self._skip(why)
                left_out.add(waiting.entry.id)
        return items, left_out

    async def _attempt(self, notice: Notice) -> Outcome:
        try:
            async with asyncio.timeout(self.policy.attempt_s):
                return await self._sink.send(notice)
        except TimeoutError:
            return Later(why="TimeoutError")
        except Exception as error:  # noqa: BLE001 - a sink that raises must not stop the others
            get_logger().exception("a sink raised", channel=self.name)
            return Later(why=type(error).__name__)

    async def _delivered(
        self, turn: Turn, window: Window, notice: Notice, outcome: Delivered
    ) -> bool:
        self._pace.went_well()
        self._failure = ""
        self._count("delivered", len(notice.items))
        if len(notice.items) > 1:
            metrics.GROUPED.labels(channel=self.name).inc(len(notice.items))
        told = {}
        for item in notice.items:
            ref = outcome.refs.get(item.alert.id, item.ref)
            told[scope(item.alert)] = msgspec.msgpack.encode(_Told(item.alert.revision, ref))
        settled = window.finish(each.entry.id for each in notice.items) or Settled()
        return await turn.settle(msgspec.structs.replace(settled, told=told))

    async def _failed(
        self, turn: Turn, window: Window, sent: Sequence[Waiting], outcome: Later | Refused
    ) -> bool:
        self._failure = outcome.why
        if isinstance(outcome, Later):
            if outcome.limited:
                self._pace.limited(outcome.after_s)
            else:
                self._pace.failed(outcome.after_s)
            self._count("retried", 1)
            get_logger().warning("not delivered", channel=self.name, why=outcome.why)
            return True
        if not outcome.content:
            self._pace.refused()
        elif len(sent) > 1:
            # One of them may be at fault; the others shall not go down with it.
            window.set_alone(each.entry.id for each in sent)
            self._count("retried", 1)
            return True
        return await self._set_aside(turn, window, sent, outcome.why)

    async def _set_aside(
        self, turn: Turn, window: Window, dead: Sequence[Waiting], why: str
    ) -> bool:
        for each in dead:
            await turn.outbox.set_aside(self.name, each.entry, why)
        get_logger().error("set aside", channel=self.name, why=why, alerts=len(dead))
        self._count("dead", len(dead))
        settled = window.finish(each.entry.id for each in dead)
        return settled is None or await turn.settle(settled)

    def _skip(self, why: Skip) -> None:
        self._count("skipped", 1)
        metrics.SKIPPED.labels(channel=self.name, reason=why.value).inc()

    def _count(self, outcome: str, count: int) -> None:
        metrics.NOTIFICATIONS.labels(channel=self.name, outcome=outcome).inc(count)


def _known(waiting: Waiting, before: _Told | None) -> Skip | None:
    """Why what the channel has told already makes this one needless.

    The alerts of all replays have the same ids: of a new replay nothing is known yet.
    """
    retried = waiting.entry.only is not None
    if before is None or (is_exercise(waiting.alert) and not retried):
        return None
    if before.revision > waiting.alert.revision:
        return Skip.STALE
    if before.revision == waiting.alert.revision and not retried:
        return Skip.REPEATED
    return None
