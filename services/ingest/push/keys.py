"""Idempotency keys in Redis: who sends the same request again gets the same answer again."""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from collections.abc import Awaitable
from typing import Any, Final

import msgspec
import redis.asyncio
from redis import exceptions

from services.ingest.push.answers import Refusal
from tocsin import settings
from tocsin.errors import SettingsError, Unavailable

KEY: Final = r"^[!-~]([ -~]{0,253}[!-~])?$"
_KEEP_S: Final = 24 * 3600
# Longer than a request can take; after a crash in between its key is free again.
_LOCK_S: Final = 60

# KEYS: the key. ARGV: what it must hold, what it holds then or nothing, seconds to keep.
_REPLACE: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


class _Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands at a key. `answer`: compressed; none while the request is under way."""

    request: bytes
    owner: bytes = b""
    answer: bytes | None = None


class Hold(msgspec.Struct, frozen=True):
    """A key that is ours until its request is answered."""

    name: str
    value: bytes
    request: bytes


class Keys:
    """The keys of all sources; each source has its own."""

    def __init__(self, redis_settings: settings.Redis) -> None:
        self._prefix = redis_settings.prefix
        try:
            self._redis: Any = redis.asyncio.Redis.from_url(
                redis_settings.url.reveal(),
                socket_timeout=redis_settings.timeout_s,
                socket_connect_timeout=redis_settings.timeout_s,
            )
        except ValueError:  # its words may hold the password
            raise SettingsError("TOCSIN_REDIS_URL is no URL of a Redis") from None
        self._replace = self._redis.register_script(_REPLACE)

    async def begin(self, source: str, key: str, request: bytes) -> Hold | bytes:
        """The key, ours from now on, or the answer that this request got.

        Raises:
            Refusal: another request has the key, or the first is under way.
            Unavailable: Redis is away.
        """
        if not re.fullmatch(KEY, key):
            raise Refusal(400, "Idempotency-Key: 1 to 255 visible characters of ASCII")
        digest = hashlib.sha256(request).digest()
        name = f"{self._prefix}:ingest:push:{source}:{hashlib.sha256(key.encode()).hexdigest()}"
        ours = msgspec.msgpack.encode(_Kept(request=digest, owner=secrets.token_bytes(12)))
        if await self._call(self._redis.set(name, ours, nx=True, ex=_LOCK_S)):
            return Hold(name, ours, digest)
        value = await self._call(self._redis.get(name))
        if value is None:  # it ended just now
            raise Refusal(409, "send it again", retry_after_s=0)
        kept = msgspec.msgpack.decode(value, type=_Kept)
        if kept.request != digest:
            raise Refusal(422, "Idempotency-Key: another request had this key")
        if kept.answer is None:
            raise Refusal(409, "the first request of this key is under way", retry_after_s=1)
        return zlib.decompress(kept.answer)

    async def keep(self, hold: Hold, answer: bytes) -> None:
        """Remembers the answer for a day.

        Raises:
            Unavailable: Redis is away.
        """
        kept = _Kept(request=hold.request, answer=zlib.compress(answer, 1))
        await self._change(hold, msgspec.msgpack.encode(kept))

    async def release(self, hold: Hold) -> None:
        """Frees the key: the request was not carried out.

        Raises:
            Unavailable: Redis is away; the key frees itself soon.
        """
        await self._change(hold, b"")

    async def close(self) -> None:
        """Ends the connections."""
        await self._redis.aclose()

    async def _change(self, hold: Hold, value: bytes) -> None:
        await self._call(self._replace(keys=[hold.name], args=[hold.value, value, _KEEP_S]))

    async def _call(self, command: Awaitable[Any]) -> Any:
        try:
            return await command
        except exceptions.RedisError as error:
            raise Unavailable(f"Redis: {error}") from error
