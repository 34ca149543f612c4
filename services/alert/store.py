"""The states of the pairs in Redis: one value a pair, changed together with its outbox or not.

Works on Redis 6.2 and later and on Valkey.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import redis.asyncio
from redis import exceptions

from services.alert.domain.fold import Outcome, Step
from services.alert.domain.state import State
from tocsin import settings
from tocsin.bus import Outgoing, Record
from tocsin.errors import SettingsError, Unavailable
from tocsin.messages import AlertStatus

_EXERCISE_TTL: Final = timedelta(days=7)
_MAX_TRIES: Final = 50  # two workers on one pair meet for a moment in a rebalance, not for longer

# All or nothing: the state, what it says to the world, when it is due, and what the gauge shows.
_CHANGE: Final = """
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1] + 1, 'state', ARGV[2])
if ARGV[3] ~= '' then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
if ARGV[4] ~= '' then
  if ARGV[5] ~= '' then redis.call('ZADD', KEYS[3], ARGV[5], ARGV[4])
  else redis.call('ZREM', KEYS[3], ARGV[4]) end
end
if ARGV[7] ~= '' and (ARGV[8] == '1' or redis.call('HEXISTS', KEYS[4], ARGV[6]) == 1) then
  redis.call('HSET', KEYS[4], ARGV[6], ARGV[7])
end
for i = 9, #ARGV do redis.call('XADD', KEYS[2], '*', 'message', ARGV[i]) end
return 1
"""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Which state is meant: a pair in the world, or in one replay."""

    dyad: str
    run: str | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The last record in a state. Offsets start anew with each run of the embedded broker."""

    cluster: str
    partition: int
    offset: int


class Gauge(msgspec.Struct, frozen=True, kw_only=True):
    """What the metrics show of a pair."""

    dyad: str
    status: AlertStatus
    level: int
    pressure: float


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    state: State
    position: Position | None = None


# The library's types cover every protocol and decoding at once; ours is RESP2 and bytes.
Client = Any
Fold = Callable[[State], Step]
Letters = Callable[[Step], Sequence[Outgoing]]


@contextlib.contextmanager
def redis_errors() -> Iterator[None]:
    """Turns Redis that is away, loading, full or read-only into Unavailable."""
    try:
        yield
    except (
        exceptions.ConnectionError,
        exceptions.TimeoutError,
        exceptions.ReadOnlyError,
        exceptions.OutOfMemoryError,
        OSError,
    ) as error:
        raise Unavailable(f"Redis: {type(error).__name__}") from error


def connect(to: settings.Redis) -> Client:
    """A client that connects when it is first used.

    Raises:
        SettingsError: the URL is none.
    """
    try:
        return redis.asyncio.Redis.from_url(
            to.url.reveal(),
            socket_timeout=to.timeout_s,
            socket_connect_timeout=to.timeout_s,
            protocol=2,
        )
    except ValueError:  # its words may hold the password
        raise SettingsError("TOCSIN_REDIS_URL is no URL of a Redis") from None


class Store:
    """Loads, folds and stores one pair at a time, atomically."""

    def __init__(self, client: Client, prefix: str, letters: Letters) -> None:
        self._redis = client
        self._prefix = prefix
        self._letters = letters
        self._change = client.register_script(_CHANGE)

    async def step(self, place: Place, fold: Fold, record: Record | None = None) -> Step | None:
        """The step that was stored, or None if the state already holds the record.

        A step that repeats changes nothing and stores nothing.

        Raises:
            Unavailable: Redis is away; whether the step was stored is then unknown, and asking
                again with the same record is safe.
        """
        for _ in range(_MAX_TRIES):
            with redis_errors():
                version, stored = await self._load(place)
                if record and _holds(stored.position, record):
                    return None
                step = fold(stored.state)
                if step.outcome is Outcome.REPEATED:
                    return step
                if await self._save(place, version, step, _position(record, stored.position)):
                    return step
        raise Unavailable(f"{place.dyad}: others keep changing it")

    async def due(self, now: datetime, limit: int = 100) -> list[str]:
        """The live pairs whose level is due to fall, the longest due first."""
        with redis_errors():
            found = await self._redis.zrange(
                self._key("due"), "-inf", now.timestamp(), byscore=True, offset=0, num=limit
            )
        return [each.decode() for each in found]

    async def gauges(self) -> list[Gauge]:
        """The level and pressure of every pair that has ever been above 0."""
        with redis_errors():
            found: Mapping[bytes, bytes] = await self._redis.hgetall(self._key("gauges"))
        gauges = []
        for name, value in found.items():
            status, dyad = name.decode().split(":")
            level, pressure = value.decode().split()
            gauges.append(
                Gauge(
                    dyad=dyad,
                    status=AlertStatus(status),
                    level=int(level),
                    pressure=float(pressure),
                )
            )
        return gauges

    async def _load(self, place: Place) -> tuple[int, _Stored]:
        version, data = await self._redis.hmget(self._place(place), "version", "state")
        if data is not None:
            return int(version), msgspec.msgpack.decode(data, type=_Stored)
        origin = "exercise" if place.run else await self._incarnation()
        return 0, _Stored(state=State(dyad=place.dyad, origin=origin, run=place.run))

    async def _save(
        self, place: Place, version: int, step: Step, position: Position | None
    ) -> bool:
        stored = msgspec.msgpack.encode(_Stored(state=step.state, position=position))
        level = step.level
        status = AlertStatus.EXERCISE if place.run else AlertStatus.ACTUAL
        return bool(
            await self._change(
                keys=[self._place(place), *map(self._key, ("outbox", "due", "gauges"))],
                args=[
                    version,
                    stored,
                    int(_EXERCISE_TTL.total_seconds()) if place.run else "",
                    "" if place.run else place.dyad,
                    step.due.timestamp() if step.due else "",
                    f"{status}:{place.dyad}",
                    f"{level.level} {level.pressure}" if level else "",
                    1 if level and level.level > 0 else 0,
                    *(msgspec.msgpack.encode(each) for each in self._letters(step)),
                ],
            )
        )

    async def _incarnation(self) -> str:
        """What tells this life of the store from one that was lost: goes into live alert ids."""
        key = self._key("incarnation")
        await self._redis.set(key, f"{datetime.now(UTC):%Y%m%d}-{uuid.uuid4().hex[:8]}", nx=True)
        return str((await self._redis.get(key)).decode())

    def _place(self, place: Place) -> str:
        if place.run is None:
            return f"{self._prefix}:live:dyad:{place.dyad}"
        return f"{self._prefix}:run:{place.run}:dyad:{place.dyad}"

    def _key(self, name: str) -> str:
        return f"{self._prefix}:alert:{name}"


def _holds(position: Position | None, record: Record) -> bool:
    if position is None or position.cluster != record.cluster:
        return False
    return position.partition == record.partition and record.offset <= position.offset


def _position(record: Record | None, before: Position | None) -> Position | None:
    if record is None:
        return before
    return Position(cluster=record.cluster, partition=record.partition, offset=record.offset)
