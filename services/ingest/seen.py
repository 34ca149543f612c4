"""What was published already, in Redis: ids with their latest revision, and fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import redis

from tocsin import settings
from tocsin.errors import SettingsError, Unavailable

_DAY_S = 24 * 3600


class Known(msgspec.Struct, frozen=True):
    """What is remembered of an article: its newest revision, and the fingerprint of that."""

    revision: int
    fingerprint: str


class Seen:
    """Remembers articles per scope: the live feed, or one run of a replay.

    Marked only after the broker's word, so a crash between the two publishes an article again
    under the same id and revision, which every reader drops.
    """

    def __init__(self, redis_settings: settings.Redis, *, days: int) -> None:
        self._prefix = redis_settings.prefix
        self._keep_s = days * _DAY_S
        try:
            self._redis: Any = redis.Redis.from_url(
                redis_settings.url.reveal(),
                decode_responses=True,
                socket_timeout=redis_settings.timeout_s,
                socket_connect_timeout=redis_settings.timeout_s,
            )
        except ValueError:  # its words may hold the password
            raise SettingsError("TOCSIN_REDIS_URL is no URL of a Redis") from None

    def known(self, scope: str, ids: Sequence[str]) -> list[Known | None]:
        """What is remembered of each id.

        Raises:
            Unavailable: Redis is away.
        """
        if not ids:
            return []
        values = self._call(lambda: self._redis.mget([self._key(scope, "id", i) for i in ids]))
        return [_parse(value) for value in values]

    def copies(self, scope: str, fingerprints: Sequence[str]) -> list[str | None]:
        """The id under which each text was first published, if it was.

        Raises:
            Unavailable: Redis is away.
        """
        if not fingerprints:
            return []
        keys = [self._key(scope, "text", each) for each in fingerprints]
        values: list[str | None] = self._call(lambda: self._redis.mget(keys))
        return values

    def mark(self, scope: str, articles: Sequence[tuple[str, Known]]) -> None:
        """Remembers that these were published, as (id, what is known).

        Raises:
            Unavailable: Redis is away.
        """

        def write() -> None:
            with self._redis.pipeline(transaction=False) as pipe:
                for key, known in articles:
                    value = f"{known.revision}:{known.fingerprint}"
                    pipe.set(self._key(scope, "id", key), value, ex=self._keep_s)
                    text = self._key(scope, "text", known.fingerprint)
                    pipe.set(text, key, ex=self._keep_s, nx=True)
                pipe.execute()

        self._call(write)

    def file_done(self, name: str) -> bool:
        """Whether anything is remembered of this file of a drop folder."""
        return self.file_states([name])[0] is not None

    def file_states(self, names: Sequence[str]) -> list[str | None]:
        """What was marked of each file of a drop folder.

        Raises:
            Unavailable: Redis is away; so do all the others.
        """
        if not names:
            return []
        keys = [self._key("live", "file", each) for each in names]
        states: list[str | None] = self._call(lambda: self._redis.mget(keys))
        return states

    def mark_file(self, name: str, state: str = "1") -> None:
        """Remembers how far this file of a drop folder was taken."""
        key = self._key("live", "file", name)
        self._call(lambda: self._redis.set(key, state, ex=self._keep_s))

    def keep_files(self, names: Sequence[str]) -> None:
        """Remembers these files from now for as long as if they were marked now."""

        def write() -> None:
            with self._redis.pipeline(transaction=False) as pipe:
                for each in names:
                    pipe.expire(self._key("live", "file", each), self._keep_s)
                pipe.execute()

        self._call(write)

    def close(self) -> None:
        """Ends the connection."""
        self._redis.close()

    def _key(self, scope: str, kind: str, name: str) -> str:
        return f"{self._prefix}:ingest:{scope}:{kind}:{name}"

    def _call(self, command: Any) -> Any:
        try:
            return command()
        except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError) as error:
            raise Unavailable(f"Redis: {error}") from error


def _parse(value: str | None) -> Known | None:
    if value is None:
        return None
    revision, _, fingerprint = value.partition(":")
    return Known(int(revision), fingerprint)
