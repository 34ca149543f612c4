"""The texts of the last days in Redis, found by the bands of their MinHash; workers share them.

Read first, decided here, written in one step that happens only if nobody wrote in between: of two
workers that meet two copies at once, one looks again. Texts and bands stand in two generations of
bounded size; when one is full or old the one before it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import redis

from services.ingest.domain.story import (
    BUCKET_BYTES,
    KEY_BYTES,
    Settled,
    Telling,
    Text,
    key_of,
    settle,
    split,
)
from tocsin import settings
from tocsin.errors import SettingsError, Unavailable

_DAY_S: Final = 24 * 3600
_TRIES: Final = 50  # at each of which another worker got on

# KEYS: the index. ARGV: bands in a row. → version, generation, then (place, keys) where there are.
_LOOK: Final = f"""
local index, bands = KEYS[1], ARGV[1]
local generation = tonumber(redis.call('HGET', index, 'generation') or 0)
local found = {{redis.call('HGET', index, 'version') or '0', generation}}
for at = 1, #bands, {KEY_BYTES} do
  local shard = ':band:' .. (bands:byte(at) % 16 * 256 + bands:byte(at + 1))
  local field = bands:sub(at + 2, at + {KEY_BYTES - 1})
  local old = redis.call('HGET', index .. ':' .. (generation - 1) .. shard, field) or ''
  local now = redis.call('HGET', index .. ':' .. generation .. shard, field) or ''
  if #old + #now > 0 then
    found[#found + 1] = (at - 1) / {KEY_BYTES}
    found[#found + 1] = (old .. now):sub(-{BUCKET_BYTES})
  end
end
return found
"""
# KEYS: the index. ARGV: generation, keys in a row. → the text of each, or nothing.
_TEXTS: Final = f"""
local found, keys = {{}}, ARGV[2]
for at = 1, #keys, {KEY_BYTES} do
  local key, shard = keys:sub(at, at + {KEY_BYTES - 1}), ':text:' .. keys:byte(at)
  found[#found + 1] = redis.call('HGET', KEYS[1] .. ':' .. ARGV[1] .. shard, key)
    or redis.call('HGET', KEYS[1] .. ':' .. (ARGV[1] - 1) .. shard, key)
end
return found
"""
# KEYS: the index. ARGV: version read, seconds to keep, texts of a generation, its longest age in
# seconds or 0, then key, bands and text of each. → 1, or 0 if the version is another by now.
_WRITE: Final = f"""
local index, keep = KEYS[1], ARGV[2]
local version = redis.call('HGET', index, 'version') or '0'
if version ~= ARGV[1] then return 0 end
local generation = tonumber(redis.call('HGET', index, 'generation') or 0)
local texts = tonumber(redis.call('HGET', index, 'texts') or 0)
local now = tonumber(redis.call('TIME')[1])
local since = tonumber(redis.call('HGET', index, 'since') or now)
local age = tonumber(ARGV[4])
if texts >= tonumber(ARGV[3]) or (age > 0 and now - since >= age) then
  local old = index .. ':' .. (generation - 1)
  for shard = 0, 4095 do redis.call('UNLINK', old .. ':band:' .. shard) end
  for shard = 0, 255 do redis.call('UNLINK', old .. ':text:' .. shard) end
  generation, texts, since = generation + 1, 0, now
end
local base = index .. ':' .. generation
for at = 5, #ARGV, 3 do
  local key, bands = ARGV[at], ARGV[at + 1]
  local shard = base .. ':text:' .. key:byte(1)
  redis.call('HSET', shard, key, ARGV[at + 2])
  redis.call('EXPIRE', shard, keep)
  for from = 1, #bands, {KEY_BYTES} do
    shard = base .. ':band:' .. (bands:byte(from) % 16 * 256 + bands:byte(from + 1))
    local field = bands:sub(from + 2, from + {KEY_BYTES - 1})
    local keys = (redis.call('HGET', shard, field) or '') .. key
    redis.call('HSET', shard, field, keys:sub(-{BUCKET_BYTES}))
    redis.call('EXPIRE', shard, keep)
  end
  texts = texts + 1
end
redis.call('HSET', index, 'version', version + 1, 'generation', generation,
  'texts', texts, 'since', since)
redis.call('EXPIRE', index, keep)
return 1
"""


class Stories:
    """Gives articles their stories per scope: the live feed, or one run of a replay.

    `texts` bounds each of a scope's two generations. A run's does not age, so that a replay is the
    same at any speed.
    """

    def __init__(self, redis_settings: settings.Redis, *, days: int, texts: int) -> None:
        self._prefix = redis_settings.prefix
        self._window_s = days * _DAY_S
        self._texts = texts
        try:
            self._redis: Any = redis.Redis.from_url(
                redis_settings.url.reveal(),
                socket_timeout=redis_settings.timeout_s,
                socket_connect_timeout=redis_settings.timeout_s,
            )
        except ValueError:  # its words may hold the password
            raise SettingsError("TOCSIN_REDIS_URL is no URL of a Redis") from None
        self._look = self._redis.register_script(_LOOK)
        self._read = self._redis.register_script(_TEXTS)
        self._write = self._redis.register_script(_WRITE)

    def assign(self, scope: str, tellings: Sequence[Telling]) -> tuple[str, ...]:
        """The story of each article in turn: the id of the first that told it.

        Raises:
            Unavailable: Redis is away, or other workers were always faster.
        """
        if not tellings:
            return ()
        return self._call(lambda: self._assign(f"{self._prefix}:ingest:{scope}:near", tellings))

    def close(self) -> None:
        """Ends the connection."""
        self._redis.close()

    def _assign(self, index: str, tellings: Sequence[Telling]) -> tuple[str, ...]:
        for _ in range(_TRIES):
            version, settled = self._settled(index, tellings)
            if not settled.new or self._written(index, version, settled):
                return settled.stories
        raise Unavailable(f"Redis: {index} was changed by others {_TRIES} times in a row")

    def _settled(self, index: str, tellings: Sequence[Telling]) -> tuple[bytes, Settled]:
        bands = b"".join(each.bands for each in tellings)
        version, generation, *found = self._look(keys=[index], args=[bands])
        rows = split(bands)
        buckets = {rows[place]: keys for place, keys in zip(found[::2], found[1::2], strict=True)}
        wanted = {each.key: None for each in tellings}
        wanted.update((key_of(each.before), None) for each in tellings if each.before)
        wanted.update((key, None) for keys in buckets.values() for key in split(keys))
        values = self._read(keys=[index], args=[generation, b"".join(wanted)])
        texts = {
            key: msgspec.msgpack.decode(value, type=Text)
            for key, value in zip(wanted, values, strict=True)
            if value is not None
        }
        return version, settle(tellings, texts, buckets, window_s=self._window_s)

    def _written(self, index: str, version: bytes, settled: Settled) -> bool:
        age_s = self._window_s if index == f"{self._prefix}:ingest:live:near" else 0
        args: list[Any] = [version, self._window_s, self._texts, age_s]
        for telling, text in settled.new:
            args += (telling.key, telling.bands, msgspec.msgpack.encode(text))
        return bool(self._write(keys=[index], args=args))

    def _call(self, command: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        try:
            return command()
        except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError) as error:
            raise Unavailable(f"Redis: {error}") from error
