"""Silences and acknowledgements in Redis, beside the states: made, listed, ended, asked.

They touch what is delivered and nothing else; what they mean is in domain/hushing.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from services.alert.domain.hushing import Matcher, Silence, decide, shown
from services.alert.store import Client, Store, redis_errors
from tocsin.bus import Outgoing, outgoing
from tocsin.errors import TocsinError
from tocsin.messages import Acknowledgement, Alert
from tocsin.topics import ALERTS

MAX_SILENCES: Final = 1000

# A silence ends once, and what it hid goes out with its end.
_END: Final = """
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
for i = 2, #ARGV do redis.call('XADD', KEYS[2], '*', 'message', ARGV[i]) end
return 1
"""


class NotFound(TocsinError):
    """There is no such alert or silence, or it is over: look at the list."""


class Conflict(TocsinError):
    """What is asked does not fit what stands: look again, and ask anew."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a silence is to be: whose, why, of what and until when. `up_to` raises its ceiling."""

    matcher: Matcher
    by: str
    reason: str
    until: datetime
    up_to: int = 0


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The silences in force and the acknowledgements, at one moment. `acks` go by scope."""

    silences: tuple[Silence, ...]
    acks: Mapping[str, Acknowledgement]

    def of(self, alert: Alert) -> Mapping[str, Acknowledgement]:
        """The acknowledgement of this alert, by its id."""
        ack = self.acks.get(_scope(alert))
        return {alert.id: ack} if ack else {}


class Hushes:
    """The silences and acknowledgements of one deployment."""

    def __init__(self, client: Client, prefix: str, store: Store) -> None:
        self._redis = client
        self._store = store
        self._acks = f"{prefix}:alert:acks"
        self._silences = f"{prefix}:alert:silences"
        self._outbox = f"{prefix}:alert:outbox"
        self._end = client.register_script(_END)

    async def acknowledge(
        self, alert: Alert, *, by: str, note: str = "", revision: int | None = None
    ) -> Acknowledgement:
        """Takes an alert in hand, as it stood at `revision`, by default as it stands.

        Raises:
            Conflict: the level has risen since that revision, or there is none such yet.
        """
        seen = alert.revision if revision is None else revision
        if seen < alert.rose:
            why = f"{alert.id} rose to level {alert.level} at revision {alert.rose}: look again"
            raise Conflict(why)
        if seen > alert.revision:
            raise Conflict(f"{alert.id} is at revision {alert.revision}, not {seen}")
        ack = Acknowledgement(
            alert=alert.id, revision=seen, level=alert.level, by=by, at=_now(), note=note
        )
        with redis_errors():
            await self._redis.hset(self._acks, _scope(alert), msgspec.json.encode(ack))
        return ack

    async def silence(self, ask: Ask) -> Silence:
        """A new silence, its ceilings at the levels that its alerts have now.

        Raises:
            Conflict: it would be over already, or there are too many.
        """
        now = _now()
        if ask.until <= now:
            raise Conflict(f"the end, {ask.until:%Y-%m-%d %H:%M} UTC, is past")
        with redis_errors():
            if await self._redis.hlen(self._silences) >= MAX_SILENCES:
                raise Conflict(f"there are {MAX_SILENCES} silences: expire some")
        levels: dict[str, int] = {}
        for alert in await self._store.alerts():
            if ask.matcher.fits(alert):
                levels[alert.dyad] = max(alert.level, levels.get(alert.dyad, 0))
        made = Silence(
            id=uuid.uuid4().hex[:12],
            matcher=ask.matcher,
            by=ask.by,
            reason=ask.reason,
            at=now,
            until=ask.until,
            up_to=ask.up_to,
            levels=levels,
        )
        with redis_errors():
            await self._redis.hset(self._silences, made.id, msgspec.json.encode(made))
        return made

    async def silences(self) -> list[Silence]:
        """Every silence that has not ended, the first to end first."""
        with redis_errors():
            found = await self._redis.hvals(self._silences)
        silences = [msgspec.json.decode(each, type=Silence) for each in found]
        return sorted(silences, key=lambda each: (each.until, each.id))

    async def expire(self, name: str) -> Silence:
        """Ends a silence now.

        Raises:
            NotFound: there is none of this id.
        """
        for each in await self.silences():
            if each.id == name:
                await self._over(each)
                return each
        raise NotFound(f"no silence {name!r}; see: tocsin alert silence list")

    async def tidy(self, now: datetime) -> None:
        """Ends the silences whose time is over."""
        for each in await self.silences():
            if each.until <= now:
                await self._over(each)

    async def held(self) -> Held:
        """What is in force now."""
        now = _now()
        with redis_errors():
            acks = await self._redis.hgetall(self._acks)
        return Held(
            silences=tuple(each for each in await self.silences() if now < each.until),
            acks={
                name.decode(): msgspec.json.decode(ack, type=Acknowledgement)
                for name, ack in acks.items()
            },
        )

    async def reasons(self, alerts: Sequence[Alert]) -> dict[str, str]:
        """Why revisions are not to be notified, by `<alert id>.<revision>`."""
        held = await self.held()
        decided = [(each, decide(each, held.silences, held.of(each))) for each in alerts]
        return {
            f"{alert.id}.{alert.revision}": decision.reason
            for alert, decision in decided
            if not decision.deliver
        }

    async def alerts(self, run: str | None = None) -> list[Alert]:
        """The alerts that are not over, each with who has it in hand and who silenced it."""
        held = await self.held()
        found = await self._store.alerts(run)
        return [shown(each, held.silences, held.of(each)) for each in found]

    async def alert(self, name: str, run: str | None = None) -> Alert:
        """The alert of this id that is not over.

        Raises:
            NotFound: there is none.
        """
        for each in await self.alerts(run):
            if each.id == name:
                return each
        raise NotFound(f"no alert {name!r} that is not over; see: tocsin alert list")

    async def _over(self, silence: Silence) -> None:
        hidden = [each for each in await self._store.alerts() if silence.hides(each)]
        messages = [msgspec.msgpack.encode(letter(each)) for each in hidden]
        with redis_errors():
            await self._end(keys=[self._silences, self._outbox], args=[silence.id, *messages])


def letter(alert: Alert) -> Outgoing:
    """An alert, ready to be published; the same for the same revision."""
    return outgoing(ALERTS, alert.dyad, alert, id=f"{alert.id}.{alert.revision}", at=alert.at)


def _scope(alert: Alert) -> str:
    """The alerts of all replays have the same ids; the runs tell them apart."""
    return alert.id if alert.run is None else f"{alert.id}@{alert.run}"


def _now() -> datetime:
    return datetime.now(UTC)
