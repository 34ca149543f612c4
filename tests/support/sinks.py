"""Receivers of notifications on the loopback that misbehave as told: HTTP, and SMTP beside it."""

from __future__ import annotations

import http.server
import itertools
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Answering = tuple[int, "Mapping[str, str]", bytes]


class Request(NamedTuple):
    """One request as it came, and what it was answered."""

    at: float
    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int


class HttpSink:
    """An HTTP server in a thread, a context manager. `answer` says what each request gets."""

    def __init__(self, answer: Callable[[str, bytes], Answering] | None = None) -> None:
        self.requests: list[Request] = []
        self._answer = answer or (lambda _path, _body: (204, {}, b""))
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                at = time.monotonic()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, text = sink.take(at, self.path, dict(self.headers), body)
                with suppress(OSError):
                    self.send_response(status)
                    for name, value in {"Content-Length": len(text), **headers}.items():
                        self.send_header(name, str(value))
                    self.end_headers()
                    self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def taken(self) -> list[Request]:
        """The requests that were answered well."""
        return [each for each in self.requests if each.status < 300]

    def take(self, at: float, path: str, headers: Mapping[str, str], body: bytes) -> Answering:
        """What a request gets; keeps it."""
        with self._lock:
            answer = self._answer(path, body)
            self.requests.append(Request(at, path, headers, body, answer[0]))
            return answer


class Limit:
    """Answers 429 to what comes beyond `count` requests in any `within_s` seconds."""

    def __init__(self, count: int, within_s: float = 1.0, retry_after: str = "1") -> None:
        self._count = count
        self._within_s = within_s
        self._retry_after = retry_after
        self._taken: list[float] = []

    def __call__(self, _path: str, _body: bytes) -> Answering:
        now = time.monotonic()
        recent = itertools.takewhile(lambda at: now - at < self._within_s, reversed(self._taken))
        if sum(1 for _ in recent) >= self._count:
            return 429, {"Retry-After": self._retry_after}, b""
        self._taken.append(now)
        return 204, {}, b""
