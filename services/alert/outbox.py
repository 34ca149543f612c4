"""The outbox stream in Redis: what the states have said, until every channel has passed it on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from services.alert.store import Client, redis_errors
from tocsin.bus import Outgoing

_LEASE_MS: Final = 15_000  # longer than one attempt of any channel
_MAX_DEAD: Final = 10_000

# A channel's place only moves on, and only for the one that holds its lease.
_MARK: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
return 1
"""
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


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the outbox. The first part of `id` is when it got there, in ms."""

    id: str
    message: Outgoing

    @property
    def since_s(self) -> float:
        """When it got there, in seconds of Unix time."""
        return int(self.id.split("-")[0]) / 1000


class Outbox:
    """Reads the outbox for channels, each with its own place and a lease for one worker."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._redis = client
        self._prefix = f"{prefix}:alert"
        self._mark = client.register_script(_MARK)
        self._hold = client.register_script(_HOLD)
        self._release = client.register_script(_RELEASE)

    async def hold(self, channel: str, holder: str) -> bool:
        """Takes or keeps the channel's lease; false if another worker has it."""
        with redis_errors():
            return bool(await self._hold(keys=[self._lease(channel)], args=[holder, _LEASE_MS]))

    async def release(self, channel: str, holder: str) -> None:
        """Gives the lease to whoever wants it."""
        with redis_errors():
            await self._release(keys=[self._lease(channel)], args=[holder])

    async def unsent(self, channel: str, limit: int, wait_ms: int) -> list[Entry]:
        """The next messages for the channel in order; waits up to `wait_ms` for one."""
        with redis_errors():
            after = await self._redis.get(self._sent(channel)) or b"0"
            found = await self._redis.xread(
                {f"{self._prefix}:outbox": after}, count=limit, block=wait_ms
            )
        entries = found[0][1] if found else []
        return [
            Entry(
                id=each.decode(), message=msgspec.msgpack.decode(fields[b"message"], type=Outgoing)
            )
            for each, fields in entries
        ]

    async def mark(self, channel: str, holder: str, entry: str) -> bool:
        """Moves the channel's place to this entry; false if the lease was lost."""
        with redis_errors():
            keys = [self._lease(channel), self._sent(channel)]
            return bool(await self._mark(keys=keys, args=[holder, entry]))

    async def trim(self, channels: Iterable[str]) -> None:
        """Drops what all these channels have passed on."""
        with redis_errors():
            places = await self._redis.mget([self._sent(each) for each in channels])
            if all(places):
                first = min(_number(each.decode()) for each in places)
                unsent = f"{first[0]}-{first[1] + 1}"
                await self._redis.xtrim(f"{self._prefix}:outbox", minid=unsent, approximate=False)

    async def set_aside(self, channel: str, entry: Entry, why: str) -> None:
        """Keeps what can never be delivered, with its reason, for a person to look at."""
        fields = {"why": why, "entry": entry.id, "message": msgspec.msgpack.encode(entry.message)}
        with redis_errors():
            await self._redis.xadd(
                f"{self._prefix}:dead:{channel}", fields, maxlen=_MAX_DEAD, approximate=True
            )

    async def length(self) -> int:
        """How many messages some channel has still to pass on."""
        with redis_errors():
            return int(await self._redis.xlen(f"{self._prefix}:outbox"))

    def _lease(self, channel: str) -> str:
        return f"{self._prefix}:lease:{channel}"

    def _sent(self, channel: str) -> str:
        return f"{self._prefix}:sent:{channel}"


def _number(entry: str) -> tuple[int, int]:
    ms, _, count = entry.partition("-")
    return int(ms), int(count)
