"""A request's body, read within bounds: bytes, seconds, and what all requests hold together."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from aiohttp import web

from services.ingest.push.answers import JSON, LINES, Refusal

_GZIP: Final = 16 + zlib.MAX_WBITS
_STEP: Final = 64 * 1024  # bytes inflated at once


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one request may bring, and all together."""

    max_bytes: int = 8_000_000  # of a body, inflated
    max_lines: int = 2_000
    body_s: float = 30.0  # for the whole body to come
    held_bytes: int = 64_000_000  # of all bodies that are being read or answered


class Held:
    """Counts the bytes that requests hold, so that many of them do not fill the memory."""

    def __init__(self, most: int) -> None:
        self._left = most

    @contextlib.contextmanager
    def room(self) -> Iterator[Callable[[int], None]]:
        """Takes so many bytes more for one request; gives them back at the end."""
        taken = 0

        def grow(size: int) -> None:
            nonlocal taken
            if size > self._left:
                raise Refusal(503, "too many bodies at once", retry_after_s=1, close=True)
            self._left -= size
            taken += size

        try:
            yield grow
        finally:
            self._left += taken


def media_type(request: web.Request) -> str:
    """JSON or LINES.

    Raises:
        Refusal: it is neither, or not in UTF-8.
    """
    charset = (request.charset or "utf-8").lower()
    if request.content_type not in (JSON, LINES) or "content-type" not in request.headers:
        raise Refusal(415, f"send {JSON} or {LINES}", headers={"Accept-Post": f"{JSON}, {LINES}"})
    if charset not in ("utf-8", "utf8"):
        raise Refusal(415, "send UTF-8")
    return request.content_type


async def read_body(request: web.Request, limits: Limits, grow: Callable[[int], None]) -> bytes:
    """The whole body, inflated.

    Raises:
        Refusal: it is too large, too slow, breaks off, or there is no room for it.
    """
    inflate = _inflater(request)
    if (request.content_length or 0) > limits.max_bytes:
        raise _too_large(limits.max_bytes)
    await _go_on(request)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_s):
            async for chunk in request.content.iter_any():
                for piece in inflate.pieces(chunk):
                    if len(body) + len(piece) > limits.max_bytes:
                        raise _too_large(limits.max_bytes)
                    grow(len(piece))
                    body += piece
    except TimeoutError:
        why = f"the body did not come within {limits.body_s:g} s"
        raise Refusal(408, why, close=True) from None
    except (web.RequestPayloadError, ConnectionError) as error:
        raise Refusal(400, "the body breaks off", close=True) from error
    inflate.end()
    return bytes(body)


async def _go_on(request: web.Request) -> None:
    """Only now is a client that asked first told to send its body."""
    if request.headers.get("expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # aiohttp takes an answer for begun as soon as anything was written.
        request.writer.output_size = 0


async def no_answer_yet(_: web.Request) -> None:
    """Takes the place of aiohttp's answer to `Expect`, which lets every body come."""


class _Plain:
    """A body as it came."""

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What the chunk holds."""
        yield chunk

    def end(self) -> None:
        """The body is whole."""


class _Gzip(_Plain):
    """A body in gzip, of one member or more; no piece is large, however small the chunk."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP)

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What the chunk holds."""
        while chunk:
            if self._stream.eof:
                self._stream = zlib.decompressobj(_GZIP)
            try:
                yield self._stream.decompress(chunk, _STEP)
            except zlib.error as error:
                raise Refusal(400, "the body is no gzip", close=True) from error
            chunk = self._stream.unconsumed_tail or self._stream.unused_data

    def end(self) -> None:
        """The body is whole."""
        if not self._stream.eof:
            raise Refusal(400, "the gzip breaks off")


def _inflater(request: web.Request) -> _Plain:
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("identity", ""):
        return _Plain()
    if coding in ("gzip", "x-gzip"):
        return _Gzip()
    raise Refusal(415, "send gzip, or no encoding", headers={"Accept-Encoding": "gzip"})


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"a body may have {most} bytes", close=True)
