"""The states of the pairs in Redis: one value a pair, changed together with its outbox or not.

Works on Redis 6.2 and later and on Valkey.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import redis.asyncio
from redis import exceptions

from services.alert.domain.alerts import OVER
from services.alert.domain.fold import Outcome, Step
from services.alert.domain.state import State
from tocsin import settings
from tocsin.bus import Outgoing, Record
from tocsin.errors import SettingsError, Unavailable
from tocsin.messages import Alert, AlertStatus, decode, encode

_EXERCISE_TTL: Final = timedelta(days=7)
_TRACE: Final = re.compile(r"[0-9a-f]{2}(-[0-9a-f]+){3}", re.ASCII)  # what goes into a header
_MAX_TRIES: Final = 50  # two workers on one pair meet for a moment in a rebalance, not for longer

# All or nothing: the state, what it says to the world, when it is due, what the gauge shows, and
# which alerts stand.
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
local said = 10 + 2 * ARGV[9]
for i = 10, said - 1, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[5], ARGV[i])
  else redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1]) end
end
if ARGV[3] ~= '' and said > 10 then redis.call('EXPIRE', KEYS[5], ARGV[3]) end
for i = said, #ARGV do redis.call('XADD', KEYS[2], '*', 'message', ARGV[i]) end
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


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be folded into one state, in order, each with the record it comes from."""

    place: Place
    folds: Sequence[tuple[Record | None, Fold]]


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """A state made anew: its last step, with the last revision of every alert."""

    place: Place
    step: Step
    position: Position | None


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    """A state after its work: one answer a fold, None for a record that was in already."""

    version: int
    stored: _Stored
    answers: list[Step | None]
    records: tuple[Record | None, ...]  # what each answer is to

    @property
    def steps(self) -> list[Step]:
        """The steps that changed something."""
        return [step for step, _ in self.told]

    @property
    def told(self) -> list[tuple[Step, Record | None]]:
        """The steps that changed something, each with its record."""
        found = zip(self.answers, self.records, strict=True)
        return [(step, of) for step, of in found if step and step.outcome is not Outcome.REPEATED]


class Store:
    """Loads, folds and stores pairs, each atomically."""

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
        ((answer,),) = await self.steps([Work(place=place, folds=[(record, fold)])])
        return answer

    async def steps(self, work: Sequence[Work]) -> list[list[Step | None]]:
        """As `step`, for many states: read in one go, and written in one go."""
        answers: dict[int, list[Step | None]] = {}
        for _ in range(_MAX_TRIES):
            left = [place for place in range(len(work)) if place not in answers]
            if not left:
                return [answers[place] for place in range(len(work))]
            with redis_errors():
                loaded = await self._load([work[place].place for place in left])
                changes = [_change(work[n], *each) for n, each in zip(left, loaded, strict=True)]
                kept = await self._save([work[place].place for place in left], changes)
            for place, change, done in zip(left, changes, kept, strict=True):
                if done:
                    answers[place] = change.answers
        raise Unavailable(f"{work[left[0]].place.dyad}: others keep changing it")

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

    async def alerts(self, run: str | None = None) -> list[Alert]:
        """The last revision of every alert that is not over, of the world or of a replay."""
        with redis_errors():
            found = await self._redis.hvals(self._standing(run))
        return sorted((decode(each, Alert) for each in found), key=lambda each: each.started_at)

    async def incarnate(self, name: str = "") -> str:
        """The incarnation of this store, which goes into live alert ids; `name` makes it that."""
        if name:
            with redis_errors():
                await self._redis.set(self._key("incarnation"), name)
        with redis_errors():
            return await self._incarnation()

    async def busy(self) -> bool:
        """Whether some worker is at work: one holds the lease of a channel."""
        with redis_errors():
            async for _ in self._redis.scan_iter(self._key("lease:*")):
                return True
        return False

    async def restore(self, rebuilt: Sequence[Rebuilt]) -> int:
        """Puts these states in the place of all that there are of the world; says nothing of it.

        Returns how many alerts are not over.
        """
        with redis_errors():
            old = [each async for each in self._redis.scan_iter(f"{self._prefix}:live:dyad:*")]
            world = f"{AlertStatus.ACTUAL}:"
            shown = await self._redis.hkeys(self._key("gauges"))
            gone = [each for each in shown if each.decode().startswith(world)]
            async with self._redis.pipeline(transaction=True) as pipe:
                for key in (*old, self._key("due"), self._standing(None)):
                    pipe.delete(key)
                if gone:
                    pipe.hdel(self._key("gauges"), *gone)
                await pipe.execute()
        for each in rebuilt:
            stored = _Stored(state=each.step.state, position=each.position)
            change = _Change(version=0, stored=stored, answers=[each.step], records=(None,))
            keys, args = self._arguments(each.place, change, ())
            with redis_errors():
                await self._change(keys=keys, args=args)
        return len(await self.alerts())

    async def _load(self, places: Sequence[Place]) -> list[tuple[int, _Stored]]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for place in places:
                pipe.hmget(self._place(place), "version", "state")
            found = await pipe.execute()
        loaded = []
        for place, (version, data) in zip(places, found, strict=True):
            if data is not None:
                loaded.append((int(version), msgspec.msgpack.decode(data, type=_Stored)))
                continue
            origin = "exercise" if place.run else await self._incarnation()
            state = State(dyad=place.dyad, origin=origin, run=place.run)
            loaded.append((0, _Stored(state=state)))
        return loaded

    async def _save(self, places: Sequence[Place], changes: Sequence[_Change]) -> list[bool]:
        """Which of the changes were stored: not those whose state somebody else has changed."""
        wanted = [place for place, change in enumerate(changes) if change.steps]
        async with self._redis.pipeline(transaction=False) as pipe:
            for place in wanted:
                change = changes[place]
                said = [
                    traced(each, record)
                    for step, record in change.told
                    for each in self._letters(step)
                ]
                keys, args = self._arguments(places[place], change, said)
                pipe.evalsha(self._change.sha, len(keys), *keys, *args)
            found = await pipe.execute(raise_on_error=False) if wanted else []
        if any(isinstance(each, exceptions.NoScriptError) for each in found):
            await self._redis.script_load(_CHANGE)
        kept = [True] * len(changes)
        for place, each in zip(wanted, found, strict=True):
            if isinstance(each, Exception) and not isinstance(each, exceptions.NoScriptError):
                raise each
            kept[place] = each == 1
        return kept

    def _arguments(
        self, place: Place, change: _Change, said: Sequence[Outgoing]
    ) -> tuple[list[str], list[Any]]:
        steps = change.steps
        level = next((each.level for each in reversed(steps) if each.level), None)
        rose = any(each.level and each.level.level > 0 for each in steps)
        due = steps[-1].due
        status = AlertStatus.EXERCISE if place.run else AlertStatus.ACTUAL
        standing = {alert.id: alert for each in steps for alert in each.alerts}
        keys = [
            self._place(place),
            *map(self._key, ("outbox", "due", "gauges")),
            self._standing(place.run),
        ]
        return keys, [
            change.version,
            msgspec.msgpack.encode(change.stored),
            int(_EXERCISE_TTL.total_seconds()) if place.run else "",
            "" if place.run else place.dyad,
            due.timestamp() if due else "",
            f"{status}:{place.dyad}",
            f"{level.level} {level.pressure}" if level else "",
            1 if rose else 0,
            len(standing),
            *(
                part
                for alert in standing.values()
                for part in (alert.id, "" if alert.phase in OVER else encode(alert))
            ),
            *map(msgspec.msgpack.encode, said),
        ]

    async def _incarnation(self) -> str:
        """What tells this life of the store from one that was lost: goes into live alert ids."""
        key = self._key("incarnation")
        await self._redis.set(key, f"{datetime.now(UTC):%Y%m%d}-{uuid.uuid4().hex[:8]}", nx=True)
        return str((await self._redis.get(key)).decode())

    def _place(self, place: Place) -> str:
        if place.run is None:
            return f"{self._prefix}:live:dyad:{place.dyad}"
        return f"{self._prefix}:run:{place.run}:dyad:{place.dyad}"

    def _standing(self, run: str | None) -> str:
        return self._key("alerts") if run is None else f"{self._prefix}:run:{run}:alerts"

    def _key(self, name: str) -> str:
        return f"{self._prefix}:alert:{name}"


def _change(work: Work, version: int, stored: _Stored) -> _Change:
    state, position = stored.state, stored.position
    answers: list[Step | None] = []
    for record, fold in work.folds:
        if record is not None and _holds(position, record):
            answers.append(None)
            continue
        step = fold(state)
        answers.append(step)
        if step.outcome is not Outcome.REPEATED:
            state, position = step.state, _position(record, position)
    return _Change(
        version=version,
        stored=_Stored(state=state, position=position),
        answers=answers,
        records=tuple(record for record, _ in work.folds),
    )


def traced(letter: Outgoing, record: Record | None) -> Outgoing:
    """The letter with the W3C trace of the record that it comes from, if it has one."""
    trace = record.header("traceparent") if record else None
    if not trace or not _TRACE.fullmatch(trace):
        return letter
    headers = (*letter.headers, ("traceparent", trace.encode()))
    return msgspec.structs.replace(letter, headers=headers)


def _holds(position: Position | None, record: Record) -> bool:
    if position is None or position.cluster != record.cluster:
        return False
    return position.partition == record.partition and record.offset <= position.offset


def _position(record: Record | None, before: Position | None) -> Position | None:
    if record is None:
        return before
    return Position(cluster=record.cluster, partition=record.partition, offset=record.offset)
