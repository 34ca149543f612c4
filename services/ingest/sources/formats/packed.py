"""gzip and zip, unpacked to a nameless temporary file: bounded in size and ratio."""

from __future__ import annotations

import struct
import tempfile
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import IO, Final

from services.ingest.sources.formats.given import CutShort
from tocsin.errors import BadMessage, Reason

MAX_UNPACKED_BYTES: Final = 2_000_000_000
_MAX_RATIO: Final = 200  # text packs to a tenth, logs to a fiftieth; a bomb to a thousandth
_RATIO_FROM: Final = 10_000_000  # bytes; below it a bomb does no harm
_PIECE: Final = 262_144
_MAX_CONTENTS: Final = 100_000  # bytes of a zip's table of contents, which is read as a whole
_END: Final = struct.Struct("<4s4H2LH")  # of a zip: the record that ends its table of contents
_LONGEST_COMMENT: Final = 65_535


class Cut(CutShort):
    """Half a packed file. `whole`: what could be unpacked of it, from its beginning."""

    def __init__(self, detail: str, whole: IO[bytes] | None = None) -> None:
        super().__init__(detail)
        self.whole = whole


def unzip_gz(packed: IO[bytes], origin: str, *, limit: int = MAX_UNPACKED_BYTES) -> IO[bytes]:
    """What one or more gzip members hold, from its beginning.

    Raises:
        Cut: the last member is not whole.
        BadMessage: it is no gzip, or unpacks to more than it should.
    """
    out = tempfile.TemporaryFile(buffering=_PIECE)  # noqa: SIM115 - it is what comes back
    try:
        whole = _inflate(packed, out, origin, limit)
    except BaseException:
        out.close()
        raise
    out.seek(0)
    if not whole:
        raise Cut(f"{origin}: the gzip ends before it is over", out)
    return out


def _inflate(packed: IO[bytes], out: IO[bytes], origin: str, limit: int) -> bool:
    """Whether the last member is whole."""
    member, fresh = zlib.decompressobj(wbits=31), True  # fresh: nothing of it was read yet
    read = made = 0
    while data := packed.read(_PIECE):
        read += len(data)
        while not (fresh and not data.strip(b"\0")):  # zeros behind a member are a tape's padding
            try:
                piece = member.decompress(data, _PIECE)
            except zlib.error as error:
                raise BadMessage(Reason.UNREADABLE, f"{origin}: gzip: {error}") from error
            fresh = False
            made += len(piece)
            _check(read, made, origin, limit)
            out.write(piece)
            if member.eof:
                data = member.unused_data
                member, fresh = zlib.decompressobj(wbits=31), True
            else:
                data = member.unconsumed_tail
                if not data and len(piece) < _PIECE:
                    break
    return fresh


def unzip(
    packed: IO[bytes], origin: str, *, limit: int = MAX_UNPACKED_BYTES
) -> tuple[str, IO[bytes]]:
    """The name and the bytes of the one member of a zip, from its beginning.

    The name is the last part of what stands there, and tells the format only.

    Raises:
        CutShort: its table of contents is missing, as in half a file.
        BadMessage: it holds not one file, is encrypted, or unpacks to more than it should.
    """
    _check_contents(packed, origin)
    try:
        with zipfile.ZipFile(packed) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
            if len(members) != 1:
                why = f"{origin}: a zip of {len(members)} files, not one"
                raise BadMessage(Reason.WRONG_SHAPE, why)
            name = PurePosixPath(members[0].filename.replace("\\", "/")).name
            return name, _copied(archive, members[0], origin, limit)
    # RuntimeError: encrypted; NotImplementedError: a method of packing that nobody uses.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError) as error:
        raise BadMessage(Reason.UNREADABLE, f"{origin}: zip: {error}") from error


def _check_contents(packed: IO[bytes], origin: str) -> None:
    size = packed.seek(0, 2)
    packed.seek(max(0, size - _LONGEST_COMMENT - _END.size))
    tail = packed.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise CutShort(f"{origin}: the zip ends before it is over")
    if _END.unpack_from(tail, at)[5] > _MAX_CONTENTS:
        raise BadMessage(Reason.TOO_LARGE, f"{origin}: a zip of too many files")
    packed.seek(0)


def _copied(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, origin: str, limit: int
) -> IO[bytes]:
    out = tempfile.TemporaryFile(buffering=_PIECE)  # noqa: SIM115 - it is what comes back
    made = 0
    try:
        with archive.open(member) as data:
            while piece := data.read(_PIECE):
                made += len(piece)
                _check(max(member.compress_size, 1), made, origin, limit)
                out.write(piece)
    except BaseException:
        out.close()
        raise
    out.seek(0)
    return out


def _check(read: int, made: int, origin: str, limit: int) -> None:
    if made > limit:
        raise BadMessage(Reason.TOO_LARGE, f"{origin}: unpacks to over {limit} bytes")
    if made > _RATIO_FROM and made > read * _MAX_RATIO:
        why = f"{origin}: unpacks to over {_MAX_RATIO} times its size"
        raise BadMessage(Reason.TOO_LARGE, why)
