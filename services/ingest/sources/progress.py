"""How far a file of a drop folder was taken, and whether it is still the same file."""

from __future__ import annotations

import hashlib
import os
from typing import IO, Final

import msgspec

_PROBE: Final = 1024  # bytes at the beginning, and as many before where we are
_PIECE: Final = 65_536


class Look(msgspec.Struct, frozen=True):
    """What a file looks like from outside. `changed_ns`: when its rights or name changed, too."""

    size: int
    modified_ns: int
    changed_ns: int

    def is_unchanged(self, before: Look | None) -> bool:
        """Whether nothing was written since."""
        return before is not None and (self.size, self.modified_ns) == (
            before.size,
            before.modified_ns,
        )


class Progress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of a file, the part that is being taken and how much of it was.

    The part reaches from byte `start`, which is line `first`, to `end`. Of its `count` refusals and
    articles in order of publication `taken` are done. `probe`: what tells that it is the same file.
    `look`: how the file looked when there was nothing more to take; `unread`: it could not be
    opened. `due`: when there may be after all, in seconds since 1970.
    """

    start: int = 0
    first: int = 1
    end: int = 0
    count: int = 0
    taken: int = 0
    probe: str = ""
    look: Look | None = None
    unread: bool = False
    due: float | None = None

    def is_done(self, look: Look, now: float) -> bool:
        """Whether there is nothing to take from a file that looks so."""
        if self.look is None or (self.due is not None and self.due <= now):
            return False
        return look == self.look if self.unread else look.is_unchanged(self.look)


def encoded(progress: Progress) -> str:
    """As it is kept."""
    return msgspec.json.encode(progress).decode()


def decoded(kept: str | None) -> Progress:
    """What was kept; from the beginning if that is nothing, or nothing of ours."""
    try:
        return msgspec.json.decode(kept, type=Progress) if kept else Progress()
    except msgspec.DecodeError:
        return Progress()


def probe(file: IO[bytes], end: int) -> str:
    """What tells a file that has grown from one written anew: its head, and what ends there."""
    number, size = file.fileno(), min(_PROBE, end)
    head, tail = os.pread(number, size, 0), os.pread(number, size, end - size)
    return hashlib.sha256(head + tail).hexdigest()[:32]


def line_end(file: IO[bytes], at: int, size: int) -> int:
    """Where the line ends that stands there, at most the size."""
    file.seek(at)
    while at < size and (piece := file.readline(_PIECE)):
        at += len(piece)
        if piece.endswith(b"\n"):
            break
    return min(at, size)


def last_line_end(file: IO[bytes], start: int, size: int) -> int:
    """Where the last line ends that has an end; `start` if none behind it has."""
    at = size
    while at > start:
        low = max(start, at - _PIECE)
        found = os.pread(file.fileno(), at - low, low).rfind(b"\n")
        if found >= 0:
            return low + found + 1
        at = low
    return start


def lines_between(file: IO[bytes], start: int, end: int) -> int:
    """How many lines end between two places."""
    count, at = 0, start
    while at < end and (piece := os.pread(file.fileno(), min(_PIECE, end - at), at)):
        count += piece.count(b"\n")
        at += len(piece)
    return count
