"""A body as it is read from the wire: unpacked in small pieces, never more than was asked for."""

from __future__ import annotations

import zlib
from typing import Final

_PIECE: Final = 65_536
_CRUMBS: Final = 1_000  # chunks of any size; beyond, they hold _CRUMB bytes on average
_CRUMB: Final = 16  # 10 MB in chunks of a byte took a core for two minutes
_GZIP: Final = zlib.MAX_WBITS | 16
_MAGIC: Final = b"\x1f"  # RFC 1952: how each file in a gzip stream begins


class TooMuch(Exception):
    """The body is larger than the limit; the rest need not be read."""


class Broken(Exception):
    """The body does not keep to its own encoding."""


class Body:
    """Collects a body of up to `most` bytes, unpacked; `encoding` as Content-Encoding names it.

    Raises:
        Broken: an encoding other than gzip, which is all that is asked for.
    """

    def __init__(self, encoding: str, most: int) -> None:
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise Broken("an encoding that was not asked for")
        self._gzip = zlib.decompressobj(_GZIP) if "gzip" in encoding else None
        self._most = most
        self._read = self._chunks = 0
        self._body = bytearray()

    def add(self, chunk: bytes) -> None:
        """Takes what came next.

        Raises:
            TooMuch: the body grew over the limit, on the wire or unpacked.
            Broken: it cannot be unpacked, or comes in crumbs.
        """
        self._read += len(chunk)
        if self._read > self._most:  # gzip can also be long and hold nothing
            raise TooMuch
        self._chunks += 1
        if self._chunks > _CRUMBS + self._read // _CRUMB:
            raise Broken("a body in crumbs")
        if self._gzip is None:
            self._body += chunk
        else:
            self._gzip = self._unpack(self._gzip, chunk)

    def _unpack(self, gzip: zlib._Decompress, chunk: bytes) -> zlib._Decompress:
        """The state after a chunk, taken in pieces: some kB can hold a thousand times as much."""
        piece = b""
        while chunk or len(piece) == _PIECE:
            if gzip.eof:
                if not chunk.startswith(_MAGIC):
                    return gzip  # padding behind the end is nobody's
                gzip = zlib.decompressobj(_GZIP)
            try:
                piece = gzip.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise Broken("gzip that cannot be unpacked") from error
            self._body += piece
            if len(self._body) > self._most:
                raise TooMuch
            chunk = gzip.unconsumed_tail or gzip.unused_data
        return gzip

    def whole(self) -> bytes:
        """All of it.

        Raises:
            Broken: the packed body ends early.
        """
        if self._gzip is not None and self._read and not self._gzip.eof:
            raise Broken("gzip that ends early")
        return bytes(self._body)
