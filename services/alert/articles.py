"""What is remembered of articles: which pairs each told of, and when the last one was published.

From the enriched topic, which has every article, those that tell of no pair too. So a revision that
drops a pair withdraws what the one before it said, and days without any article are seen as blind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.alert.domain.sight import Sight, saw
from services.alert.store import Client, redis_errors
from tocsin.errors import Unavailable
from tocsin.messages import ArticleRef, EventReport, Message, report_id

_KEPT_S: Final = int(timedelta(days=45).total_seconds())  # longer than a claim lives
_EXERCISE_S: Final = int(timedelta(days=7).total_seconds())
_MAX_TRIES: Final = 20
_FINE: Final = timedelta(minutes=1)  # newer by less than this is not worth a write

_SWAP: Final = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


class Told(Message, frozen=True, kw_only=True):
    """Of an EnrichedArticle what is needed here; the rest is not decoded."""

    article: ArticleRef
    coder: str
    dyads: tuple[str, ...] = ()


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """The newest revision of an article: its pairs, and those that it dropped."""

    revision: int
    coder: str
    dyads: tuple[str, ...]
    gone: tuple[str, ...] = ()


class Articles:
    """The articles of one deployment, in Redis beside the states."""

    def __init__(self, client: Client, prefix: str, blind_after: timedelta) -> None:
        self._redis = client
        self._prefix = prefix
        self._blind_after = blind_after
        self._sight_key = f"{prefix}:alert:sight"
        self._swap = client.register_script(_SWAP)

    async def withdrawn(self, told: Sequence[Told]) -> list[list[EventReport]]:
        """For each article the empty reports that withdraw what it no longer says.

        The same again if it is asked again: the reports may not have been published.
        """
        keys = [self._key(each.article) for each in told]
        if not keys:
            return []
        with redis_errors():
            values = await self._redis.mget(keys)
        known: dict[str, _Known] = {
            key: msgspec.msgpack.decode(value, type=_Known)
            for key, value in zip(keys, values, strict=True)
            if value is not None
        }
        found: list[list[EventReport]] = []
        changed: dict[str, tuple[_Known, int]] = {}
        for key, each in zip(keys, told, strict=True):
            before = known.get(key)
            now, gone = _newest(before, each)
            found.append([_withdrawal(each, now, dyad) for dyad in gone])
            # Of most articles there is nothing to remember: they tell of no pair and never change.
            if now != before and (before or each.dyads or each.article.revision > 1):
                known[key] = now
                changed[key] = now, _KEPT_S if each.article.run is None else _EXERCISE_S
        if not changed:
            return found
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipe:
                for key, (value, kept_s) in changed.items():
                    pipe.set(key, msgspec.msgpack.encode(value), ex=kept_s)
                await pipe.execute()
        return found

    async def sight(self) -> Sight:
        """When nothing was heard of any source."""
        with redis_errors():
            return self._read(await self._redis.get(self._sight_key))

    async def saw(self, published: Iterable[datetime], sight: Sight) -> Sight:
        """The sight after articles of these times; `sight` is what was known of it."""
        moments = sorted(published)
        if not moments:
            return sight
        if sight.seen_until is not None and moments[-1] < sight.seen_until + _FINE:
            return sight
        for _ in range(_MAX_TRIES):
            with redis_errors():
                stored = await self._redis.get(self._sight_key)
                now = self._read(stored)
                for each in moments:
                    now = saw(now, each)
                new = msgspec.msgpack.encode(now)
                if await self._swap(keys=[self._sight_key], args=[stored or b"", new]):
                    return now
        raise Unavailable("sight: others keep changing it")

    def _read(self, stored: bytes | None) -> Sight:
        sight = msgspec.msgpack.decode(stored, type=Sight) if stored else Sight()
        return msgspec.structs.replace(sight, blind_after=self._blind_after)

    def _key(self, article: ArticleRef) -> str:
        where = "live" if article.run is None else f"run:{article.run}"
        return f"{self._prefix}:{where}:article:{article.id}"


def _newest(known: _Known | None, told: Told) -> tuple[_Known, tuple[str, ...]]:
    """The newest revision that is known now, and the pairs to withdraw for this record."""
    here = _Known(revision=told.article.revision, coder=told.coder, dyads=told.dyads)
    if known is None:
        return here, ()
    if (known.revision, known.coder) == (here.revision, here.coder):
        return known, known.gone
    if (known.revision, known.coder) > (here.revision, here.coder):  # an old one comes again
        return known, _missing(here.dyads, known.dyads)
    gone = _missing(known.dyads, here.dyads)
    return msgspec.structs.replace(here, gone=gone), gone


def _missing(before: Iterable[str], now: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(before) - set(now)))


def _withdrawal(told: Told, now: _Known, dyad: str) -> EventReport:
    article = msgspec.structs.replace(told.article, revision=now.revision)
    return EventReport(
        id=report_id(article, dyad, now.coder),
        dyad=dyad,
        article=article,
        coder=now.coder,
        events=(),
    )
