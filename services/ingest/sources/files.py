"""Text files, JSONL files and folders of them, in order of publication.

The index holds where each article stands, not the article, so a feed larger than memory works.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from services.ingest.domain.items import Item, Refused, published
from tocsin.errors import BadMessage, Reason, UsageError
from tocsin.messages import PublishedBasis, digest

MANIFEST: Final = "manifest.toml"
_TEXT: Final = frozenset([".txt"])
_LINES: Final = frozenset([".jsonl", ".ndjson"])
REFUSED_HEAD: Final = 500_000  # bytes kept of a line that is refused
_MAX_BYTES: Final = 10_000_000  # one article; beyond it is no article


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Where one article stands: a file, or one line of it from `offset`. `line` 0: the file."""

    path: Path
    guid: str
    published_at: datetime | None
    flags: tuple[str, ...] = ()
    line: int = 0
    offset: int = 0
    length: int = 0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a JSONL feed."""

    text: str
    id: str | None = None
    title: str | None = None
    url: str | None = None
    outlet: str | None = None
    source: str | None = None
    language: str | None = None
    published_at: str | None = None


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """All articles of the inputs in order of publication, undated last; and what was refused."""

    entries: tuple[Entry, ...]
    refused: tuple[Refused, ...]
    ignored: int


def index(paths: Sequence[Path]) -> Index:
    """Finds every article below the paths.

    Raises:
        UsageError: a path does not exist, or a manifest is wrong; it names file and field.
    """
    entries: list[Entry] = []
    refused: list[Refused] = []
    ignored = 0
    manifests: dict[Path, dict[str, datetime | None]] = {}
    for path in paths:
        files, passed_over = _files(path)
        ignored += passed_over
        base = path if path.is_dir() else path.parent
        for file in files:
            if file.parent not in manifests:
                manifests[file.parent] = _manifest(file.parent)
            name = _name(file, base)
            for found in _scan(file, name, manifests[file.parent].get(file.name)):
                (entries if isinstance(found, Entry) else refused).append(found)  # type: ignore[arg-type]
    entries.sort(key=_order)
    return Index(entries=tuple(entries), refused=tuple(refused), ignored=ignored)


def read(entry: Entry) -> Item:
    """The article at an entry.

    Raises:
        BadMessage: it is empty, no text, or not in the shape of an article.
    """
    origin = _origin(entry.path, entry.line)
    data = raw(entry)
    if entry.line:
        line = _line(data, origin)
        return Item(
            guid=entry.guid,
            source=line.source or "replay",
            origin=origin,
            text=line.text,
            title=line.title,
            url=line.url,
            outlet=line.outlet,
            language=line.language,
            published_at=entry.published_at,
            published_basis=PublishedBasis.FEED if entry.published_at else PublishedBasis.NONE,
            flags=entry.flags,
            raw=data,
        )
    return Item(
        guid=entry.guid,
        source="replay",
        origin=origin,
        text=_text(data, origin),
        published_at=entry.published_at,
        published_basis=PublishedBasis.MANIFEST if entry.published_at else PublishedBasis.NONE,
        flags=entry.flags,
        raw=data,
    )


def read_all(entries: Sequence[Entry]) -> list[Item | Refused]:
    """What stands at each entry, or why it cannot be an article."""
    found: list[Item | Refused] = []
    for entry in entries:
        try:
            found.append(read(entry))
        except BadMessage as error:
            found.append(Refused(str(entry.path), _head(entry), error))
    return found


def raw(entry: Entry) -> bytes:
    """The bytes at an entry, as they stand in the file.

    Raises:
        BadMessage: the file cannot be read, or holds more than an article.
    """
    try:
        with entry.path.open("rb") as file:
            if entry.line:
                file.seek(entry.offset)
                return file.read(entry.length)
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise BadMessage(Reason.UNREADABLE, f"{entry.path}: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise BadMessage(Reason.TOO_LARGE, f"{entry.path}: over {_MAX_BYTES} bytes")
    return data


def _head(entry: Entry) -> bytes:
    try:
        with entry.path.open("rb") as file:
            file.seek(entry.offset)
            return file.read(min(entry.length or REFUSED_HEAD, REFUSED_HEAD))
    except OSError:
        return b""


def _files(path: Path) -> tuple[list[Path], int]:
    """The regular files of known kinds below a path, links not followed; a named file as it is."""
    try:
        path.stat()
    except OSError as error:
        why = "no such file or folder" if isinstance(error, FileNotFoundError) else error.strerror
        raise UsageError(f"{path}: {why}") from error
    if not path.is_dir():
        return [path], 0
    files: list[Path] = []
    ignored = 0
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            regular = stat.S_ISREG(file.lstat().st_mode)
            if regular and file.suffix.lower() in _TEXT | _LINES:
                files.append(file)
            elif name != MANIFEST and not name.startswith(("README", ".")):
                ignored += 1
    return files, ignored


def _name(file: Path, base: Path) -> str:
    """The file's path below what was named, so that two files of one name are two articles."""
    return os.fsencode(file.relative_to(base).as_posix()).decode("utf-8", "replace")


def _scan(file: Path, name: str, published_at: datetime | None) -> Iterator[Entry | Refused]:
    if file.suffix.lower() in _LINES:
        yield from _scan_lines(file)
        return
    yield Entry(path=file, guid=name, published_at=published_at)


def _scan_lines(file: Path) -> Iterator[Entry | Refused]:
    offset = 0
    number = 0
    try:
        with file.open("rb") as lines:
            for number, data in enumerate(lines, start=1):
                start, offset = offset, offset + len(data)
                if not data.strip():
                    continue
                try:
                    line = _line(data, _origin(file, number))
                    at, flags = _published(line, _origin(file, number))
                except BadMessage as error:
                    yield Refused(_origin(file, number), data[:REFUSED_HEAD], error)
                    continue
                yield Entry(
                    path=file,
                    # Without a name a line is known by its words: another day's file of the same
                    # name holds other articles, not revisions of these.
                    guid=line.id or line.url or digest("line", line.text),
                    published_at=at,
                    flags=flags,
                    line=number,
                    offset=start,
                    length=len(data),
                )
    except OSError as error:
        why = BadMessage(Reason.UNREADABLE, f"{file}: {error.strerror}")
        yield Refused(str(file), b"", why)
    if not offset:
        yield Refused(str(file), b"", BadMessage(Reason.EMPTY, f"{file}: an empty file"))


def _line(data: bytes, origin: str) -> Line:
    try:
        return msgspec.json.decode(data, type=Line)
    except msgspec.ValidationError as error:
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(Reason.NOT_JSON, f"{origin}: {error}") from error


def _published(line: Line, origin: str) -> tuple[datetime | None, tuple[str, ...]]:
    try:
        return published(line.published_at)
    except ValueError as error:
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: published_at: {error}") from error


def _text(data: bytes, origin: str) -> str:
    if not data.strip():
        raise BadMessage(Reason.EMPTY, f"{origin}: an empty file")
    if b"\x00" in data:
        raise BadMessage(Reason.NOT_TEXT, f"{origin}: a binary file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadMessage(Reason.NOT_TEXT, f"{origin}: not UTF-8 at byte {error.start}") from error


def _manifest(folder: Path) -> dict[str, datetime | None]:
    """When each file of a folder was published, from its manifest; empty without one.

    Raises:
        UsageError: naming the manifest and what is wrong in it.
    """
    file = folder / MANIFEST
    if not file.is_file():
        return {}
    try:
        entries = tomllib.loads(file.read_text("utf-8")).get("article", [])
        return {each["file"]: published(each.get("published_at"))[0] for each in entries}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"{file}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{file}: each [[article]] needs `file`, and a date if any") from error


def _order(entry: Entry) -> tuple[bool, float, str, str, int]:
    at = entry.published_at
    return at is None, at.timestamp() if at else 0.0, entry.guid, str(entry.path), entry.line


def _origin(path: Path, line: int) -> str:
    return f"{path}:{line}" if line else str(path)
