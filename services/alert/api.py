"""The HTTP API: what stands, acknowledgements and silences, behind a token.

Errors are problem details (RFC 9457). No CORS: no browser's page is meant to come here.
"""

from __future__ import annotations

import asyncio
import hmac
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from services.alert import words
from services.alert.hushes import Ask, Conflict, Hushes, NotFound
from tocsin.errors import SettingsError, Unavailable, UsageError
from tocsin.settings import Secret
from tocsin.web import Bucket, Handler, problem, serve
from tocsin.web import listen as listen_on

T = TypeVar("T")

_MAX_BODY: Final = 16 * 1024
_PER_S: Final = 20.0  # requests, of all callers together
_BURST: Final = 40.0
_MIN_TOKEN: Final = 16
_TITLES: Final = {
    400: "not JSON",
    401: "no token, or a wrong one",
    404: "not found",
    405: "no such method",
    409: "it does not fit what stands",
    413: "too large",
    422: "a field is wrong",
    429: "too many requests",
    503: "Redis is away",
}


class AckBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who takes an alert in hand; `revision` is what they saw."""

    by: str
    note: str = ""
    revision: int | None = None


class SilenceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A silence as it is asked for; give `for` or `until`."""

    by: str
    reason: str
    dyad: str | None = None
    state: str | None = None
    region: str | None = None
    rule: str | None = None
    severity: str | None = None
    period: str | None = msgspec.field(default=None, name="for")
    until: str | None = None
    up_to: int = 0


class Api:
    """The API over one deployment's silences and acknowledgements."""

    def __init__(
        self, hushes: Hushes, token: Secret, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if len(token.reveal()) < _MIN_TOKEN:
            why = f"TOCSIN_ALERT_API_TOKEN must have {_MIN_TOKEN} characters or more"
            raise SettingsError(why)
        self._hushes = hushes
        self._token = b"Bearer " + token.reveal().encode()
        self._bucket = Bucket(_PER_S, _BURST, clock)

    def application(self) -> web.Application:
        """The routes, every one behind the token."""
        app = web.Application(middlewares=[self._guard], client_max_size=_MAX_BODY)
        app.add_routes(
            [
                web.get("/v1/alerts", self._alerts),
                web.get("/v1/alerts/{id}", self._alert),
                web.post("/v1/alerts/{id}/ack", self._ack),
                web.get("/v1/silences", self._silences),
                web.post("/v1/silences", self._silence),
                web.delete("/v1/silences/{id}", self._expire),
            ]
        )
        return app

    async def serve(self, listening: socket.socket, stop: asyncio.Event) -> None:
        """Answers on the socket until the stop."""
        await serve(self.application(), listening, stop)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._bucket.take():
            return _problem(429, "wait a second", {"retry-after": "1"})
        given = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._token):
            return _problem(401, "send authorization: Bearer …", {"www-authenticate": "Bearer"})
        try:
            return await handler(request)
        except NotFound as error:
            return _problem(404, str(error))
        except Conflict as error:
            return _problem(409, str(error))
        except (UsageError, msgspec.ValidationError) as error:
            return _problem(422, str(error))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _problem(400, "the body is no JSON object")
        except Unavailable as error:
            return _problem(503, str(error), {"retry-after": "5"})
        except web.HTTPException as error:
            if error.status < 400:
                raise
            allow = {"allow": error.headers["allow"]} if "allow" in error.headers else None
            return _problem(error.status, _TITLES.get(error.status, error.reason), allow)

    async def _alerts(self, request: web.Request) -> web.Response:
        return _answer(await self._hushes.alerts(request.query.get("run")))

    async def _alert(self, request: web.Request) -> web.Response:
        alert = await self._hushes.alert(request.match_info["id"], request.query.get("run"))
        return _answer(alert)

    async def _ack(self, request: web.Request) -> web.Response:
        body = await _body(request, AckBody)
        by, note = words.said(body.by, "by"), words.said(body.note, "note", needed=False)
        alert = await self._hushes.alert(request.match_info["id"], request.query.get("run"))
        ack = await self._hushes.acknowledge(alert, by=by, note=note, revision=body.revision)
        return _answer(ack, status=201)

    async def _silences(self, _request: web.Request) -> web.Response:
        return _answer(await self._hushes.silences())

    async def _silence(self, request: web.Request) -> web.Response:
        body = await _body(request, SilenceBody)
        if not 0 <= body.up_to <= 5:
            raise UsageError("up_to: give a level from 0 to 5")
        ask = Ask(
            matcher=words.matcher(
                dyad=body.dyad,
                state=body.state,
                region=body.region,
                rule=body.rule,
                severity=body.severity,
            ),
            by=words.said(body.by, "by"),
            reason=words.said(body.reason, "reason"),
            until=words.end(datetime.now(UTC), period=body.period, until=body.until),
            up_to=body.up_to,
        )
        return _answer(await self._hushes.silence(ask), status=201)

    async def _expire(self, request: web.Request) -> web.Response:
        return _answer(await self._hushes.expire(request.match_info["id"]))


def listen(host: str, port: int) -> socket.socket:
    """A socket of the API's own.

    Raises:
        SettingsError: the address cannot be had.
    """
    return listen_on(host, port, "TOCSIN_ALERT_API_HOST, _PORT")


async def _body(request: web.Request, kind: type[T]) -> T:
    return msgspec.json.decode(await request.read(), type=kind)


def _answer(value: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json"
    )


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    return problem(status, _TITLES.get(status, "error"), detail, headers)
