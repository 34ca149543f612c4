"""`POST /v1/articles`: articles from those who have a token, answered when Kafka has them.

Errors are problem details (RFC 9457). No CORS: no browser's page is meant to come here.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator

import msgspec
from aiohttp import web

from services.ingest import metrics
from services.ingest.app import Verdict
from services.ingest.domain.items import Item
from services.ingest.metrics import Outcome
from services.ingest.push import answers, openapi
from services.ingest.push.access import Access
from services.ingest.push.answers import JSON, Line, Refusal
from services.ingest.push.article import item, read_article
from services.ingest.push.body import Held, Limits, media_type, no_answer_yet, read_body
from services.ingest.push.group import Busy, Group
from services.ingest.push.keys import Hold, Keys
from services.ingest.sources.config import PushSource
from tocsin.errors import BadMessage, Unavailable
from tocsin.observe import get_logger
from tocsin.web import Bucket, Handler, serve

_DRAIN_S = 5.0  # for requests under way at the stop
_AWAY_S = 5.0  # a client comes back after so long when broker or Redis are away
_SMALL = 50_000  # bytes of a body that are read within a millisecond or two
_BOM = b"\xef\xbb\xbf"


class PushApi:
    """The API over one intake."""

    def __init__(self, group: Group, keys: Keys, access: Access, limits: Limits) -> None:
        self._group, self._keys, self._access, self._limits = group, keys, access, limits
        self._held = Held(limits.held_bytes)
        self._warnings = Bucket(0.1, 3)  # an outage is no reason for a line a request
        self._document = msgspec.json.encode(openapi.document())

    def application(self) -> web.Application:
        """The routes."""
        app = web.Application(middlewares=[self._answered])
        app.router.add_post("/v1/articles", self._articles, expect_handler=no_answer_yet)
        app.router.add_get("/v1/openapi.json", self._described, allow_head=False)
        return app

    async def serve(self, listening: socket.socket, stop: asyncio.Event) -> None:
        """Answers on the socket until the stop."""
        await serve(self.application(), listening, stop, drain_s=_DRAIN_S, inflate=False)

    @web.middleware
    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every request is answered, counted and timed, whatever happens in it."""
        began = time.perf_counter()
        try:
            answer = await handler(request)
        except Refusal as refusal:
            answer = refusal.answer()
        except Busy:
            answer = Refusal(503, "too many articles wait", retry_after_s=1).answer()
        except Unavailable as error:
            self._warn("a push waits", error)
            answer = Refusal(503, "broker or Redis are away", retry_after_s=_AWAY_S).answer()
        except web.HTTPException as error:
            allow = {"Allow": error.headers["allow"]} if "allow" in error.headers else None
            answer = Refusal(
                error.status, answers.TITLES.get(error.status, ""), headers=allow
            ).answer()
        except Exception:  # noqa: BLE001 - the caller is told without the reason
            get_logger().exception("a push fell over")
            answer = Refusal(500, "it is in the log").answer()
        status = str(answer.status if answer.status in metrics.PUSH_STATUSES else 500)
        metrics.PUSH_REQUESTS.labels(status).inc()
        metrics.PUSH_SECONDS.observe(time.perf_counter() - began)
        return answer

    def _warn(self, what: str, error: Exception) -> None:
        if not self._warnings.take():
            get_logger().warning(what, error=str(error))

    async def _described(self, _: web.Request) -> web.Response:
        return web.Response(body=self._document, content_type=JSON)

    async def _articles(self, request: web.Request) -> web.Response:
        source = self._access.admit(request.headers.get("authorization", ""))
        kind = media_type(request)
        key = _key(request)
        with self._held.room() as grow:
            body = await read_body(request, self._limits, grow)
            if key is None:
                told = await self._taken(body, kind, source)
            else:
                told = await self._once(key, body, kind, source)
        return web.Response(body=told, status=202, content_type=kind)

    async def _once(self, key: str, body: bytes, kind: str, source: PushSource) -> bytes:
        """The answer that this request got before, or its first."""
        hold = await self._keys.begin(source.name, key, b"%s\n%s" % (kind.encode(), body))
        if isinstance(hold, bytes):
            return hold
        try:
            told = await self._taken(body, kind, source)
        except BaseException:
            await self._given_up(hold)
            raise
        try:
            await self._keys.keep(hold, told)
        except Unavailable as error:  # the articles are in Kafka: that is what was asked
            self._warn("an answer is not remembered", error)
        return told

    async def _given_up(self, hold: Hold) -> None:
        try:
            await self._keys.release(hold)
        except Unavailable as error:
            self._warn("a key frees itself later", error)

    async def _taken(self, body: bytes, kind: str, source: PushSource) -> bytes:
        read = self._one if kind == JSON else self._lines
        # Others have their turn while a large body is read.
        each = (
            await asyncio.to_thread(read, body, source)
            if len(body) > _SMALL
            else read(body, source)
        )
        judged = await self._judged(each)
        return answers.of_one(judged[0][1]) if kind == JSON else answers.of_lines(judged)

    def _one(self, body: bytes, source: PushSource) -> list[tuple[int, Item | BadMessage]]:
        return [(1, _read(body.removeprefix(_BOM), source, "article"))]

    def _lines(self, body: bytes, source: PushSource) -> list[tuple[int, Item | BadMessage]]:
        read: list[tuple[int, Item | BadMessage]] = []
        for number, line in _lines_of(body):
            if len(read) == self._limits.max_lines:
                raise Refusal(413, f"a request may have {self._limits.max_lines} articles")
            read.append((number, _read(line, source, f"line {number}")))
        return read

    async def _judged(self, read: list[tuple[int, Item | BadMessage]]) -> list[Line]:
        """What became of each, in the same order."""
        items = [each for _, each in read if isinstance(each, Item)]
        verdicts: Iterator[Verdict] = iter(await self._group.take(items) if items else ())
        judged: list[Line] = []
        for number, each in read:
            if isinstance(each, BadMessage):
                metrics.DEAD_LETTERS.labels(each.reason.value).inc()
                metrics.ARTICLES.labels(Outcome.REFUSED.value).inc()
            judged.append((number, each if isinstance(each, BadMessage) else next(verdicts)))
        return judged


def _key(request: web.Request) -> str | None:
    keys = request.headers.getall("idempotency-key", [])
    if len(keys) > 1:
        raise Refusal(400, "Idempotency-Key: more than one")
    return keys[0] if keys else None


def _read(data: bytes, source: PushSource, origin: str) -> Item | BadMessage:
    try:
        return item(read_article(data), source, origin)
    except BadMessage as error:
        return error


def _lines_of(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, with their numbers."""
    for number, line in enumerate(body.removeprefix(_BOM).split(b"\n"), start=1):
        told = line.strip(b" \t\r")
        if told:
            yield number, told
