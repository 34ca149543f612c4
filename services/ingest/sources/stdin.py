"""A stream of articles on a pipe: published as they come, in the order they come.

JSON lines and GDELT's rows are taken line by line; whatever else it turns out to be is read to its
end first, to a temporary file.
"""

from __future__ import annotations

import os
import select
import tempfile
from collections.abc import Iterator
from threading import Event
from typing import IO, Final

import msgspec

from services.ingest.domain.items import Item, Refused
from services.ingest.sources.files import read_all, scan, unknown
from services.ingest.sources.formats.detect import HEAD_BYTES, Format, detect
from services.ingest.sources.formats.given import Given
from services.ingest.sources.formats.packed import MAX_UNPACKED_BYTES
from services.ingest.sources.formats.read import (
    DOCUMENTS,
    LINES,
    MAX_DOCUMENT_BYTES,
    MAX_LINE_BYTES,
    line,
)
from services.ingest.sources.opened import Kept, Spool, unpacked
from tocsin.errors import BadMessage, Reason
from tocsin.messages import digest

_PIECE: Final = 262_144
_PAUSE_S: Final = 0.3  # a stream that pauses so long is not kept waiting for a whole batch


def batches(stream: int, given: Given, size: int, stop: Event) -> Iterator[list[Item | Refused]]:
    """What comes on a file descriptor, at most `size` at a time, until its end or `stop`.

    Of a stream that pauses, what came so far.
    """
    head = _head(stream, stop)
    if not head.strip() and not stop.is_set():
        yield [Refused(given.origin, b"", unknown(given.origin, empty=True))]
        return
    kind = _kind(head)
    if kind in LINES:
        yield from _lines(stream, head, kind, given, size, stop)
    elif not stop.is_set():
        yield from _whole(stream, head, given, size, stop)


def _head(stream: int, stop: Event) -> bytes:
    """Enough to tell the format: of lines the first one, since the second may be long in coming."""
    head = b""
    while len(head) < HEAD_BYTES and not (b"\n" in head and _kind(head) in LINES):
        piece = _read(stream, stop)
        if piece is None:
            continue
        if not piece:
            break
        head += piece
    return head


def _kind(head: bytes) -> Format | None:
    found = detect(head, "")
    first = head.lstrip().partition(b"\n")[0].strip()
    # A first line that is broken JSON is a broken line; a brace alone begins a document.
    return Format.LINES if found is None and first.startswith(b"{") and first != b"{" else found


def _read(stream: int, stop: Event) -> bytes | None:
    """The next bytes; none at the end or at the stop; None if the stream pauses."""
    while not stop.is_set():
        ready, _, _ = select.select([stream], [], [], _PAUSE_S)
        return os.read(stream, _PIECE) if ready else None
    return b""


def _lines(
    stream: int, head: bytes, kind: Format, given: Given, size: int, stop: Event
) -> Iterator[list[Item | Refused]]:
    batch: list[Item | Refused] = []
    for number, data in _numbered(stream, head, stop):
        if number:
            batch.append(line(kind, data, given, number))
        if batch and (len(batch) == size or not number):
            yield batch
            batch = []
    if batch:
        yield batch


def _numbered(stream: int, rest: bytes, stop: Event) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number, no bytes of one too long; a 0 where the stream pauses."""
    number, dropped = 1, False  # of a line too long what came is gone already
    while True:
        *lines, rest = rest.split(b"\n")
        for each in lines:
            if dropped or len(each) > MAX_LINE_BYTES:
                yield number, None
            elif each.strip():
                yield number, each
            number, dropped = number + 1, False
        if len(rest) > MAX_LINE_BYTES:
            rest, dropped = b"", True
        piece = _read(stream, stop)
        if piece is None:
            yield 0, b""
        elif piece:
            rest += piece
        else:
            break
    if dropped:
        yield number, None
    elif rest.strip() and not stop.is_set():  # at a stop it is half a line
        yield number, rest


def _whole(
    stream: int, head: bytes, given: Given, size: int, stop: Event
) -> Iterator[list[Item | Refused]]:
    with tempfile.TemporaryFile() as file:
        try:
            _copy(stream, head, file, given, stop)
            if stop.is_set():
                return
            found = unpacked(file, "", given.origin)
        except BadMessage as error:
            yield [Refused(given.origin, head, error)]
            return
        with found.file:
            if found.kind is None and not head.lstrip().startswith((b"<", b"{", b"[")):
                found = msgspec.structs.replace(found, kind=Format.TEXT)
                # A text has no name here but its words.
                words = Kept(found.file).read(0, MAX_DOCUMENT_BYTES).decode("utf-8", "replace")
                given = msgspec.structs.replace(given, name=digest("text", words))
            if found.kind is None:
                yield [Refused(given.origin, head, unknown(given.origin, empty=False))]
                return
            batch: list[Item | Refused] = []
            for each in scan(found, given, Spool(), Kept(found.file)):
                batch += [each] if isinstance(each, Refused) else read_all([each])
                if len(batch) == size:
                    yield batch
                    batch = []
            if batch:
                yield batch


def _copy(stream: int, head: bytes, file: IO[bytes], given: Given, stop: Event) -> None:
    packed = _kind(head) not in DOCUMENTS and _kind(head) is not None
    most = MAX_UNPACKED_BYTES if packed else MAX_DOCUMENT_BYTES
    file.write(head)
    size = len(head)
    while (piece := _read(stream, stop)) != b"":
        if piece:
            size += len(piece)
            if size > most:
                raise BadMessage(Reason.TOO_LARGE, f"{given.origin}: over {most} bytes")
            file.write(piece)
    file.flush()
