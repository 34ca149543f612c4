"""Files opened with care: no pipe or device, unpacked where they are packed, lines of bounds."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Protocol

import msgspec

from services.ingest.sources.formats.detect import HEAD_BYTES, Format, detect
from services.ingest.sources.formats.given import CutShort
from services.ingest.sources.formats.packed import Cut, unzip, unzip_gz
from services.ingest.sources.formats.read import MAX_LINE_BYTES
from tocsin.errors import BadMessage, Reason

_LAYERS: Final = 2  # a zip of a gzip, no more
_PIECE: Final = 65_536


class Stored(Protocol):
    """Bytes that can be read at any place, as often as one likes."""

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""


class OnDisk:
    """A file that is opened for each look, so that a folder of any size needs one descriptor."""

    def __init__(self, path: Path, *, follow: bool = True) -> None:
        self._path = path
        self._follow = follow

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`.

        Raises:
            BadMessage: the file cannot be read.
        """
        with open_regular(self._path, follow=self._follow) as file:
            file.seek(offset)
            return file.read(length)


class Kept:
    """A file that stays open: what is read is of it, whatever its name leads to by then."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        return os.pread(self._file.fileno(), length, offset)


class Spool:
    """What was unpacked or taken apart, in a nameless temporary file."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._size = 0
        self._written = 0  # of it, what is not in the buffer

    def add(self, data: bytes) -> tuple[int, int]:
        """Where it stands now: offset and length."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=1 << 20)  # noqa: SIM115 - it stays open
        self._file.write(data)
        start, self._size = self._size, self._size + len(data)
        return start, len(data)

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        if self._file is None:
            return b""
        if offset + length > self._written:
            self._file.flush()
            self._written = self._size
        return os.pread(self._file.fileno(), length, offset)


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """An open file. `kind` None: no format that is known; `cut`: half a packed file, and why."""

    file: IO[bytes]
    kind: Format | None
    packed: bool = False
    cut: CutShort | None = None


def open_regular(path: Path, *, follow: bool = True) -> IO[bytes]:
    """The open file; without `follow` not through a link.

    Raises:
        BadMessage: it cannot be opened, or is no regular file.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        number = os.open(path, flags)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise BadMessage(Reason.UNREADABLE, f"{path}: {why}") from error
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise BadMessage(Reason.UNREADABLE, f"{path}: not a regular file")
    return os.fdopen(number, "rb")


def unpacked(file: IO[bytes], name: str, origin: str, *, layers: int = 0) -> Opened:
    """The file, or what is packed in it, from its beginning, and what format that is.

    Raises:
        BadMessage: it cannot be unpacked, or not within bounds.
    """
    file.seek(0)
    kind = detect(file.read(HEAD_BYTES), name)
    file.seek(0)
    if kind not in (Format.GZIP, Format.ZIP):
        return Opened(file=file, kind=kind, packed=layers > 0)
    if layers == _LAYERS:
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: packed over {_LAYERS} times")
    cut: CutShort | None = None
    try:
        if kind is Format.ZIP:
            name, inside = unzip(file, origin)
        else:
            name, inside = name.removesuffix(".gz").removesuffix(".GZ"), unzip_gz(file, origin)
    except Cut as error:
        if error.whole is None:
            raise
        name, inside, cut = name.removesuffix(".gz"), error.whole, error
    with file:
        found = unpacked(inside, name, origin, layers=layers + 1)
    return found if cut is None else msgspec.structs.replace(found, cut=cut)


def bounded_lines(
    file: IO[bytes], *, start: int = 0, end: int | None = None, first: int = 1
) -> Iterator[tuple[int, int, int, bytes | None]]:
    """The lines between two places as (number, offset, length, bytes); no bytes of one too long.

    Such a line is passed over in pieces, never held.
    """
    file.seek(start)
    offset, number = start, first
    while data := file.readline(MAX_LINE_BYTES + 1):
        length = len(data)
        kept: bytes | None = data
        if length > MAX_LINE_BYTES and not data.endswith(b"\n"):
            kept = None
            while not data.endswith(b"\n") and (data := file.readline(_PIECE)):
                length += len(data)
        if end is not None and offset + length > end:
            return
        if kept is None or kept.strip():
            yield number, offset, length, kept
        offset, number = offset + length, number + 1
