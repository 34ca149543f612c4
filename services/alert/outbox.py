"""The outbox stream in Redis: what the states have said, until every channel has passed it on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from services.alert.store import Client, redis_errors
from tocsin.bus import Outgoing

_MAX_DEAD: Final = 10_000
_KNOWN_FOR_S: Final = 45 * 24 * 3600  # an episode hears of itself at least every 14 d and 6 h

_HOLD: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""
# Only for the one that holds the lease: a channel's place, which never goes back; what is done
# beyond it; what the channel has told of each alert.
_SETTLE: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local function before(one, other)
  local ms, n = string.match(one, '(%d+)-?(%d*)')
  local ms2, n2 = string.match(other, '(%d+)-?(%d*)')
  ms, n, ms2, n2 = tonumber(ms), tonumber(n) or 0, tonumber(ms2), tonumber(n2) or 0
  return ms < ms2 or (ms == ms2 and n < n2)
end
local place = redis.call('GET', KEYS[2])
if ARGV[2] ~= '' and (not place or before(place, ARGV[2])) then
  redis.call('SET', KEYS[2], ARGV[2])
  place = ARGV[2]
end
for i = 4, 3 + ARGV[3] do redis.call('SADD', KEYS[3], ARGV[i]) end
if place then
  for _, each in ipairs(redis.call('SMEMBERS', KEYS[3])) do
    if not before(place, each) then redis.call('SREM', KEYS[3], each) end
  end
end
local at = 4 + ARGV[3]
for i = 4, #KEYS do redis.call('SET', KEYS[i], ARGV[at + i - 3], 'EX', ARGV[at]) end
return 1
"""
_RETRY: Final = """
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])
if #found == 0 then return 0 end
local message
for i = 1, #found[1][2], 2 do
  if found[1][2][i] == 'message' then message = found[1][2][i + 1] end
end
redis.call('XADD', KEYS[2], '*', 'message', message, 'only', ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[1])
return 1
"""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the outbox. The first part of `id` is when it got there, in ms.

    `only` names the one channel that it is for: what somebody retries.
    """

    id: str
    message: Outgoing
    only: str | None = None

    @property
    def since_s(self) -> float:
        """When it got there, in seconds of Unix time."""
        return int(self.id.split("-")[0]) / 1000


class Dead(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be delivered, and why. `entry` was its place in the outbox."""

    id: str
    channel: str
    why: str
    entry: str
    message: Outgoing

    @property
    def since_s(self) -> float:
        """When it was given up, in seconds of Unix time."""
        return int(self.id.split("-")[0]) / 1000


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel has got done: all up to `place`, these entries, and what it told of alerts."""

    place: str = ""
    done: tuple[str, ...] = ()
    told: Mapping[str, bytes] = {}


class Outbox:
    """Reads the outbox for channels, each with its own place and a lease for one worker."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._redis = client
        self._prefix = f"{prefix}:alert"
        self._hold = client.register_script(_HOLD)
        self._release = client.register_script(_RELEASE)
        self._settle = client.register_script(_SETTLE)
        self._retry = client.register_script(_RETRY)

    async def hold(self, channel: str, holder: str, lease_s: float) -> bool:
        """Takes or keeps the channel's lease; false if another worker has it."""
        with redis_errors():
            lease_ms = int(lease_s * 1000)
            return bool(
                await self._hold(keys=[self._key("lease", channel)], args=[holder, lease_ms])
            )

    async def release(self, channel: str, holder: str) -> None:
        """Gives the lease to whoever wants it."""
        with redis_errors():
            await self._release(keys=[self._key("lease", channel)], args=[holder])

    async def unsent(self, channel: str, limit: int, wait_ms: int) -> list[Entry]:
        """The next messages for the channel in order; waits up to `wait_ms` for one."""
        return await self.after(await self.place(channel), limit, wait_ms)

    async def after(self, entry: str, limit: int, wait_ms: int | None = None) -> list[Entry]:
        """The messages behind an entry in order; waits up to `wait_ms` for one."""
        with redis_errors():
            found = await self._redis.xread(
                {f"{self._prefix}:outbox": entry}, count=limit, block=wait_ms
            )
        return [_entry(each, fields) for each, fields in (found[0][1] if found else [])]

    async def place(self, channel: str) -> str:
        """The entry up to which the channel has passed everything on."""
        with redis_errors():
            place = await self._redis.get(self._key("sent", channel))
        return place.decode() if place else "0"

    async def done(self, channel: str) -> set[str]:
        """The entries beyond its place that the channel has passed on too."""
        with redis_errors():
            return {
                each.decode() for each in await self._redis.smembers(self._key("done", channel))
            }

    async def settle(self, channel: str, holder: str, settled: Settled) -> bool:
        """Notes what is done; false, and nothing noted, if the lease was lost."""
        names = list(settled.told)
        with redis_errors():
            keys = [self._key(each, channel) for each in ("lease", "sent", "done")]
            keys += [self._told(channel, name) for name in names]
            values = [settled.told[name] for name in names]
            args = [holder, settled.place, len(settled.done), *settled.done, _KNOWN_FOR_S, *values]
            return bool(await self._settle(keys=keys, args=args))

    async def told(self, channel: str, names: Sequence[str]) -> list[bytes | None]:
        """What the channel noted of each of these alerts when it last told of it."""
        if not names:
            return []
        with redis_errors():
            found = await self._redis.mget([self._told(channel, name) for name in names])
        return list(found)

    async def trim(self, channels: Iterable[str]) -> None:
        """Drops what all these channels have passed on."""
        with redis_errors():
            places = await self._redis.mget([self._key("sent", each) for each in channels])
            if all(places):
                first = min(_number(each.decode()) for each in places)
                unsent = f"{first[0]}-{first[1] + 1}"
                await self._redis.xtrim(f"{self._prefix}:outbox", minid=unsent, approximate=False)

    async def set_aside(self, channel: str, entry: Entry, why: str) -> None:
        """Keeps what can never be delivered, with its reason, for a person to look at."""
        fields = {"why": why, "entry": entry.id, "message": msgspec.msgpack.encode(entry.message)}
        with redis_errors():
            await self._redis.xadd(
                self._key("dead", channel), fields, maxlen=_MAX_DEAD, approximate=True
            )

    async def dead(self, channel: str) -> list[Dead]:
        """What the channel could not deliver, oldest first."""
        with redis_errors():
            found = await self._redis.xrange(self._key("dead", channel))
        return [
            Dead(
                id=each.decode(),
                channel=channel,
                why=fields[b"why"].decode("utf-8", "replace"),
                entry=fields[b"entry"].decode(),
                message=msgspec.msgpack.decode(fields[b"message"], type=Outgoing),
            )
            for each, fields in found
        ]

    async def dead_channels(self) -> list[str]:
        """The channels that have something they could not deliver, by name."""
        head = f"{self._prefix}:dead:"
        with redis_errors():
            return sorted(
                [
                    each.decode().removeprefix(head)
                    async for each in self._redis.scan_iter(f"{head}*")
                ]
            )

    async def retry(self, dead: Dead) -> bool:
        """Puts it into the outbox again, for its channel alone; false if it is gone."""
        with redis_errors():
            keys = [self._key("dead", dead.channel), f"{self._prefix}:outbox"]
            return bool(await self._retry(keys=keys, args=[dead.id, dead.channel]))

    async def length(self) -> int:
        """How many messages some channel has still to pass on."""
        with redis_errors():
            return int(await self._redis.xlen(f"{self._prefix}:outbox"))

    async def waiting_since_s(self, channel: str) -> float | None:
        """When the oldest message that the channel has not passed on got there; None: all is."""
        after = await self.place(channel)
        with redis_errors():
            found = await self._redis.xrange(f"{self._prefix}:outbox", min=f"({after}", count=1)
        return int(found[0][0].split(b"-")[0]) / 1000 if found else None

    def _key(self, what: str, channel: str) -> str:
        return f"{self._prefix}:{what}:{channel}"

    def _told(self, channel: str, name: str) -> str:
        return f"{self._prefix}:told:{channel}:{name}"


def _entry(name: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    only = fields.get(b"only")
    return Entry(
        id=name.decode(),
        message=msgspec.msgpack.decode(fields[b"message"], type=Outgoing),
        only=only.decode() if only else None,
    )


def _number(entry: str) -> tuple[int, int]:
    ms, _, count = entry.partition("-")
    return int(ms), int(count)
