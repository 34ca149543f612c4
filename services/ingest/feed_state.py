"""Feeds in Redis: when each is due and who polls it, where it stands, which entries it had.

Workers share it. A claimed feed is hidden for the time of its lease; a worker that was killed does
not renew it, and another takes the feed. Only the one whose lease still holds may say when the
feed is due next. All times are the workers' clocks: with clocks apart by seconds a feed is polled
that much early or late, and the token decides all the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import redis

from services.ingest.domain.entries import Remembered
from services.ingest.domain.rhythm import Health
from tocsin import settings
from tocsin.errors import SettingsError, TocsinError, Unavailable

_DAY_S: Final = 24 * 3600

# KEYS: due, leases. ARGV: now, end of the leases, their token, how many, then names. → the claimed.
# A name that is not there is due: it is new, or Redis came back empty.
_CLAIM: Final = """
local now, found = tonumber(ARGV[1]), {}
for at = 5, #ARGV do
  local due = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[at]) or now)
  if due <= now then found[#found + 1] = {due, at} end
end
table.sort(found, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
local taken = {}
for place = 1, math.min(#found, tonumber(ARGV[4])) do
  local name = ARGV[found[place][2]]
  redis.call('ZADD', KEYS[1], ARGV[2], name)
  redis.call('HSET', KEYS[2], name, ARGV[3])
  taken[place] = name
end
return taken
"""
# KEYS: due, leases. ARGV: end of the leases, then name and token of each. → 1 where it still holds.
_RENEW: Final = """
local held = {}
for at = 2, #ARGV, 2 do
  if redis.call('HGET', KEYS[2], ARGV[at]) == ARGV[at + 1] then
    redis.call('ZADD', KEYS[1], ARGV[1], ARGV[at])
    held[#held + 1] = 1
  else
    held[#held + 1] = 0
  end
end
return held
"""
# KEYS: due, leases, cursor. ARGV: name, token, next time, seconds to keep, cursor or nothing.
# → 1, or 0 if another has the lease by now.
_FINISH: Final = """
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
if ARGV[5] ~= '' then redis.call('SET', KEYS[3], ARGV[5], 'EX', ARGV[4]) end
return 1
"""


class LeaseLost(TocsinError):
    """Another worker has the feed by now: leave it to that one."""


class Lease(msgspec.Struct, frozen=True):
    """A feed that this worker polls, and the token that says so."""

    name: str
    token: str


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a feed stands. `url`: the one it was given, for which the rest holds.

    `asked`: where the validators are good for; `pages`: how many of its entries still wait for
    their page.
    """

    url: str
    asked: str = ""
    etag: str | None = None
    last_modified: str | None = None
    pages: int = 0
    health: Health = Health()


class FeedState:
    """The feeds' keys. `days`: how long what is gone from a feed, or from the file, is kept.

    Sources that are no longer in the file are not claimed, and forgotten after that time; workers
    with different files do not disturb each other.
    """

    def __init__(self, redis_settings: settings.Redis, *, days: int) -> None:
        self._prefix = f"{redis_settings.prefix}:ingest:feed"
        self._keep_s = days * _DAY_S
        try:
            self._redis: Any = redis.Redis.from_url(
                redis_settings.url.reveal(),
                socket_timeout=redis_settings.timeout_s,
                socket_connect_timeout=redis_settings.timeout_s,
            )
        except ValueError:  # its words may hold the password
            raise SettingsError("TOCSIN_REDIS_URL is no URL of a Redis") from None
        self._schedule = [f"{self._prefix}s:due", f"{self._prefix}s:leases"]
        self._claim = self._redis.register_script(_CLAIM)
        self._renew = self._redis.register_script(_RENEW)
        self._finish = self._redis.register_script(_FINISH)

    def enrol(self, urls: Mapping[str, str], now: datetime) -> None:
        """Makes feeds due whose URL is another than the one they were polled under.

        A feed that waits for a day because it was gone is asked at once when its URL is mended.

        Raises:
            Unavailable: Redis is away; so do all the others.
        """
        cursors = self.cursors(list(urls))
        for name, url in urls.items():
            if name in cursors and cursors[name].url != url:
                self._call(lambda name=name: self._moved(name, now))
        old = now.timestamp() - self._keep_s
        self._call(lambda: self._redis.zremrangebyscore(self._schedule[0], "-inf", old))

    def claim(
        self, names: Sequence[str], count: int, *, now: datetime, lease_s: float
    ) -> list[Lease]:
        """Up to `count` of the named feeds that are due, the longest due first."""
        if not names or count <= 0:
            return []
        token = secrets.token_hex(8)
        at = now.timestamp()
        args: list[Any] = [at, at + lease_s, token, count, *names]
        taken = self._call(lambda: self._claim(keys=self._schedule, args=args))
        return [Lease(each.decode(), token) for each in taken]

    def renew(self, leases: Sequence[Lease], *, now: datetime, lease_s: float) -> list[bool]:
        """Whether each is still held; those that are hold for `lease_s` from now."""
        if not leases:
            return []
        args: list[Any] = [now.timestamp() + lease_s]
        args += [part for each in leases for part in (each.name, each.token)]
        return [
            bool(each) for each in self._call(lambda: self._renew(keys=self._schedule, args=args))
        ]

    def finish(self, lease: Lease, due: datetime, cursor: Cursor | None = None) -> bool:
        """Gives the feed back, due then, with its cursor; False, and nothing, if it is another's.

        Without a cursor the one there stays: a poll that could not be carried to its end.
        """
        keys = [*self._schedule, self._key(lease.name)]
        value = msgspec.json.encode(cursor) if cursor else b""
        args: list[Any] = [lease.name, lease.token, due.timestamp(), self._keep_s, value]
        return bool(self._call(lambda: self._finish(keys=keys, args=args)))

    def cursors(self, names: Sequence[str]) -> dict[str, Cursor]:
        """Where each of the named feeds stands that was ever polled."""
        if not names:
            return {}
        values = self._call(lambda: self._redis.mget([self._key(each) for each in names]))
        return {
            name: msgspec.json.decode(value, type=Cursor)
            for name, value in zip(names, values, strict=True)
            if value is not None
        }

    def entries(self, name: str) -> dict[str, Remembered]:
        """What is kept of each entry, by the digest of its guid."""
        found = self._call(lambda: self._redis.hgetall(self._entries(name)))
        return {
            key.decode(): msgspec.msgpack.decode(value, type=Remembered)
            for key, value in found.items()
        }

    def remember(self, name: str, entries: Mapping[str, Remembered]) -> None:
        """Keeps these, in place of what was kept of them."""
        values = {key: msgspec.msgpack.encode(each) for key, each in entries.items()}
        if values:
            self._call(lambda: self._redis.hset(self._entries(name), mapping=values))
        self.renew_entries(name)

    def forget(self, name: str, keys: Sequence[str]) -> None:
        """Drops what is kept of these entries."""
        if keys:
            self._call(lambda: self._redis.hdel(self._entries(name), *keys))

    def renew_entries(self, name: str) -> None:
        """Keeps the entries for the whole time again: at every poll, also when nothing changed.

        An entry that has stood in a feed for a year must not come again as news.
        """
        self._call(lambda: self._redis.expire(self._entries(name), self._keep_s))

    def close(self) -> None:
        """Ends the connections."""
        self._redis.close()

    def _moved(self, name: str, now: datetime) -> None:
        """Due now, unless somebody polls it just now."""
        if not self._redis.hexists(self._schedule[1], name):
            self._redis.zadd(self._schedule[0], {name: now.timestamp()}, lt=True)

    def _key(self, name: str) -> str:
        return f"{self._prefix}:{name}"

    def _entries(self, name: str) -> str:
        return f"{self._prefix}:{name}:entries"

    def _call(self, command: Any) -> Any:
        try:
            return command()
        except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError) as error:
            raise Unavailable(f"Redis: {error}") from error
