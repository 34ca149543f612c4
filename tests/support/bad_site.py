"""A web site on the loopback that misbehaves as told, path by path and request by request."""

from __future__ import annotations

import gzip
import socket
import socketserver
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    import ssl

RSS = "application/rss+xml"


class Request(NamedTuple):
    """One request as it came; names of headers in lower case, the path without its query."""

    at: float
    path: str
    query: str
    headers: Mapping[str, str]


class Wire(NamedTuple):
    """The line to who asks. `closing` is set when the site ends."""

    socket: socket.socket
    closing: threading.Event

    def send(self, data: bytes) -> None:
        """Sends all of it."""
        self.socket.sendall(data)

    def drip(self, data: bytes, every_s: float = 0.05) -> None:
        """Sends a byte now and then, again and again, until nobody reads or the site ends."""
        while not self.closing.is_set():
            for byte in data:
                self.send(bytes([byte]))
                if self.closing.wait(every_s):
                    return


Answer = Callable[[Request, Wire], None]


class BadSite:
    """The site in a thread, a context manager. Paths that were not told of are 404."""

    def __init__(self, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        self.requests: list[Request] = []
        self.address = address
        self.port = 0
        self._tls = tls
        self._answers: dict[str, list[Answer]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self.back()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self.away()

    def on(self, path: str, *answers: Answer) -> str:
        """Gives these answers to requests of the path, in turn, then the last for ever; its URL."""
        with self._lock:
            self._answers[path] = list(answers)
        return self.url(path)

    def url(self, path: str = "/", host: str | None = None) -> str:
        """The address of a path."""
        return f"http{'s' if self._tls else ''}://{host or self.address}:{self.port}{path}"

    def asked(self, path: str) -> list[Request]:
        """The requests of a path so far."""
        with self._lock:
            return [each for each in self.requests if each.path == path]

    def away(self) -> None:
        """Refuses connections from now on."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def back(self) -> None:
        """Listens again, on the same port."""
        self._server = _Server((self.address, self.port), self.serve)
        self.port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def serve(self, line: socket.socket, *_: object) -> None:
        """Answers one request."""
        with suppress(OSError):
            if self._tls:
                line = self._tls.wrap_socket(line, server_side=True)
            request = _read(line)
            if request:
                self._next(request)(request, Wire(line, self._closing))
                with suppress(OSError):
                    line.shutdown(socket.SHUT_WR)

    def _next(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            answers = self._answers.get(request.path) or [status(404)]
            return answers.pop(0) if len(answers) > 1 else answers[0]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Who asks may hang up."""


def _read(line: socket.socket) -> Request | None:
    head = b""
    while b"\r\n\r\n" not in head:
        got = line.recv(65_536)
        if not got:
            return None
        head += got
    first, *rest = head.decode("latin-1").split("\r\n")
    pairs = (each.partition(":") for each in rest if each)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    path, _, query = first.split(" ")[1].partition("?")
    return Request(time.monotonic(), path, query, headers)


def _head(code: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {code} X", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


# Answers that keep to HTTP.


def ok(body: bytes | str = b"", kind: str = RSS, code: int = 200, **headers: str) -> Answer:
    """A whole answer; `cache_control="…"` is the header Cache-Control."""
    data = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    head = _head(code, {"Content-Type": kind, "Content-Length": str(len(data)), **named})
    return lambda _request, wire: wire.send(head + data)


def status(code: int, **headers: str) -> Answer:
    """A status with a short body of HTML."""
    return ok(b"<html><body>sorry</body></html>", "text/html", code, **headers)


def conditional(
    body: bytes | str, etag: str = '"v1"', last_modified: str = "Fri, 20 Nov 2026 10:00:00 GMT"
) -> Answer:
    """The body once; 304 to who has it."""
    kept = {"ETag": etag, "Last-Modified": last_modified}
    whole = ok(body, **kept)

    def answer(request: Request, wire: Wire) -> None:
        if request.headers.get("if-none-match") == etag:
            wire.send(_head(304, kept))
        else:
            whole(request, wire)

    return answer


def moved(to: str, code: int = 301) -> Answer:
    """A redirect."""
    return status(code, location=to)


def gzipped(body: bytes, kind: str = RSS) -> Answer:
    """A body packed as it should be."""
    return ok(gzip.compress(body), kind, content_encoding="gzip")


def bomb(size: int, head: bytes = b"") -> Answer:
    """A body of some kB that unpacks to `size` bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b" " * 1_000_000
    data = packer.compress(head)
    data += b"".join(packer.compress(piece) for _ in range(size // len(piece)))
    return ok(data + packer.flush(), content_encoding="gzip")


# Answers that do not.


def silent(_request: Request, wire: Wire) -> None:
    """Takes the request and never answers."""
    wire.closing.wait()


def drip_headers(_request: Request, wire: Wire) -> None:
    """Headers that never end, a byte at a time."""
    wire.send(b"HTTP/1.1 200 OK\r\n")
    wire.drip(b"X-More: yes\r\n")


def drip_body(_request: Request, wire: Wire) -> None:
    """A body that never ends, a byte at a time."""
    wire.send(_head(200, {"Content-Type": RSS}) + b"<rss>")
    wire.drip(b"<!-- more -->")


def endless(_request: Request, wire: Wire) -> None:
    """A body that never ends, as fast as it can."""
    wire.send(_head(200, {"Content-Type": RSS}) + b"<rss>")
    while not wire.closing.is_set():
        wire.send(b"<!-- more -->" * 5000)


def crumbs(_request: Request, wire: Wire) -> None:
    """A body that never ends, as fast as it can, in chunks of one byte."""
    wire.send(_head(200, {"Content-Type": RSS, "Transfer-Encoding": "chunked"}))
    while not wire.closing.is_set():
        wire.send(b"1\r\na\r\n" * 5000)


def hang_up(_request: Request, _wire: Wire) -> None:
    """Closes without a word."""


def cut(body: bytes, after: int) -> Answer:
    """Says how long it is, and closes before that."""
    head = _head(200, {"Content-Type": RSS, "Content-Length": str(len(body))})
    return lambda _request, wire: wire.send(head + body[:after])


def says_less(body: bytes, length: int) -> Answer:
    """A Content-Length that is too small."""
    return ok(body, Content_Length=str(length))


def raw(data: bytes) -> Answer:
    """These very bytes."""
    return lambda _request, wire: wire.send(data)


def wrong_gzip(body: bytes) -> Answer:
    """Says gzip, and is not."""
    return ok(body, content_encoding="gzip")


def cut_gzip(body: bytes) -> Answer:
    """A packed body that ends early, with the length right."""
    return ok(gzip.compress(body)[:-20], content_encoding="gzip")


def wrong_chunks(body: bytes) -> Answer:
    """A chunked body whose second chunk has no size."""
    head = _head(200, {"Content-Type": RSS, "Transfer-Encoding": "chunked"})
    return raw(head + f"{len(body):x}\r\n".encode() + body + b"\r\nnonsense\r\n")


def huge_header(size: int) -> Answer:
    """One header of that size."""
    return ok(b"<rss/>", x_huge="x" * size)


def many_headers(count: int) -> Answer:
    """So many headers."""
    return ok(b"<rss/>", **{f"x_{number}": "x" for number in range(count)})
