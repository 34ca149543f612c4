"""What the HTTP APIs share: problem details, a token bucket, a socket, few connections."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from tocsin.errors import SettingsError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_CONNECTIONS: Final = 500  # at once; a process has about 1,000 descriptors
_IDLE_S: Final = 30.0  # without a whole request's head
_LOOK_S: Final = 1.0  # between two looks at the connections
_LINGER_S: Final = 2.0  # for what still comes of a body that was refused


class Bucket:
    """A token bucket: `per_s` on average, `burst` at once."""

    def __init__(
        self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._left, self._counted_at = burst, clock()

    def take(self) -> float:
        """0 if one was taken, else the seconds until there is one again."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._counted_at) * self._per_s)
        self._counted_at = now
        if self._left < 1:
            return (1 - self._left) / self._per_s
        self._left -= 1
        return 0.0


def problem(
    status: int, title: str, detail: str, headers: dict[str, str] | None = None, **more: object
) -> web.Response:
    """An answer that says what is wrong, as RFC 9457 has it; `more` are members of its own."""
    told = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return web.Response(
        body=msgspec.json.encode(told),
        status=status,
        content_type="application/problem+json",
        headers=headers,
    )


def listen(host: str, port: int, settings: str) -> socket.socket:
    """A socket of the API's own.

    Raises:
        SettingsError: the address, which `settings` name, cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsError(f"{settings}: {host}:{port}: {error.strerror}") from error


class _Connection(web.RequestHandler):
    """One connection. Its own complaints are problem details too, and are not logged.

    They quote the request, which may hold a token.
    """

    def __init__(self, server: web.Server, **options: Any) -> None:
        super().__init__(server, **options)
        self.quiet_since: float | None = time.monotonic()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,  # noqa: ARG002 - aiohttp passes it
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is on its way already")
        title = "not HTTP" if status == 400 else "an error"
        answer = problem(status, title, "the request's head cannot be read")
        answer.force_close()
        return answer


@web.middleware
async def _at_work(request: web.Request, handler: Handler) -> web.StreamResponse:
    connection = request.protocol
    assert isinstance(connection, _Connection)  # noqa: S101 - narrows the type
    connection.quiet_since = None
    try:
        return await handler(request)
    finally:
        connection.quiet_since = time.monotonic()


async def serve(
    app: web.Application,
    listening: socket.socket,
    stop: asyncio.Event,
    *,
    drain_s: float = 1.0,
    inflate: bool = True,
) -> None:
    """Answers on the socket until the stop; requests under way have `drain_s` to be answered.

    Without `inflate` bodies come to the handlers as they were sent.
    """
    app.middlewares.insert(0, _at_work)
    runner = web.AppRunner(app, shutdown_timeout=drain_s)
    await runner.setup()
    server, loop = runner.server, asyncio.get_running_loop()
    assert server is not None  # noqa: S101 - as set-up leaves it
    options = {
        "loop": loop,
        "access_log": None,
        "keepalive_timeout": _IDLE_S,
        "lingering_time": _LINGER_S,
        "auto_decompress": inflate,
    }
    accepting = await loop.create_server(lambda: _Connection(server, **options), sock=listening)
    ending = asyncio.create_task(_end_the_quiet(server))
    try:
        await stop.wait()
    finally:
        accepting.close()
        ending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ending
        await runner.cleanup()


async def _end_the_quiet(server: web.Server) -> None:
    """Ends connections that wait without a request, and the youngest of too many."""
    while True:
        now, there = time.monotonic(), server.connections
        for number, each in enumerate(there):
            since = each.quiet_since if isinstance(each, _Connection) else None
            quiet = since is not None and (now - since > _IDLE_S or number >= _CONNECTIONS)
            if quiet and each.transport is not None:
                each.transport.abort()
        await asyncio.sleep(_LOOK_S)
