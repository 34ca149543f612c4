"""Files and folders of them, in order of publication.

The index holds where each article stands, not the article, so a feed larger than memory works. What
is packed, or stands in a document of many, is kept in a temporary file meanwhile.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from services.ingest.domain.items import Item, Refused, published
from services.ingest.sources.formats.detect import Format
from services.ingest.sources.formats.given import Given
from services.ingest.sources.formats.read import (
    LINES,
    MAX_DOCUMENT_BYTES,
    Unfinished,
    document,
    line,
)
from services.ingest.sources.opened import (
    OnDisk,
    Opened,
    Spool,
    Stored,
    bounded_lines,
    open_regular,
    unpacked,
)
from tocsin.errors import BadMessage, Reason, UsageError

MANIFEST: Final = "manifest.toml"
# What a folder is looked through for. Of the second row many are of other kinds: those that turn
# out to be are passed over.
OWN_SUFFIXES: Final = frozenset([".txt", ".jsonl", ".ndjson", ".eml", ".nitf", ".newsml"])
SHARED_SUFFIXES: Final = frozenset(
    [".gz", ".zip", ".xml", ".json", ".csv", ".rss", ".atom", ".rdf"]
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Where one article stands. `kind` None: as it was taken out of a document.

    `line`: its number in the file; 0 if the file is the article.
    """

    given: Given
    stored: Stored
    kind: Format | None
    guid: str
    published_at: datetime | None
    version: int = 0
    line: int = 0
    offset: int = 0
    length: int = 0


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """All articles of the inputs in order of publication, undated last; and what was refused."""

    entries: tuple[Entry, ...]
    refused: tuple[Refused, ...]
    ignored: int


def index(
    paths: Sequence[Path],
    *,
    source: str = "replay",
    archive: bool = False,
    now: datetime | None = None,
) -> Index:
    """Finds every article below the paths.

    Raises:
        UsageError: a path does not exist, or a manifest is wrong; it names file and field.
    """
    entries: list[Entry] = []
    refused: list[Refused] = []
    ignored = 0
    manifests: dict[Path, dict[str, datetime | None]] = {}
    spool = Spool()
    for path in paths:
        files, passed_over = _files(path)
        ignored += passed_over
        base = path if path.is_dir() else path.parent
        for file in files:
            if file.parent not in manifests:
                manifests[file.parent] = manifest(file.parent)
            given = Given(
                origin=str(file),
                # An archive's lines are known by their file, wherever that lies.
                name=file.name if archive else _name(file, base),
                source=source,
                now=now or datetime.now(UTC),
                archive=archive,
                written_at=manifests[file.parent].get(file.name),
            )
            for found in _scan(file, given, spool, named=path is file):
                if found is None:
                    ignored += 1
                else:
                    (entries if isinstance(found, Entry) else refused).append(found)  # type: ignore[arg-type]
    entries.sort(key=order)
    return Index(entries=tuple(entries), refused=tuple(refused), ignored=ignored)


def read(entry: Entry) -> Item:
    """The article at an entry.

    Raises:
        BadMessage: it is empty, no text, or not in the shape of an article.
    """
    found = _at(entry)
    if isinstance(found, Item):
        return found
    raise found.error


def read_all(entries: Sequence[Entry]) -> list[Item | Refused]:
    """What stands at each entry, or why it cannot be an article."""
    return [_at(each) for each in entries]


def _at(entry: Entry) -> Item | Refused:
    try:
        if entry.kind is None:
            data = entry.stored.read(entry.offset, entry.length)
            return msgspec.msgpack.decode(data, type=Item)
        if entry.kind in LINES:
            data = entry.stored.read(entry.offset, entry.length)
            return line(entry.kind, data, entry.given, entry.line)
        data = entry.stored.read(0, MAX_DOCUMENT_BYTES + 1)
    except BadMessage as error:
        return Refused(entry.given.origin, b"", error)
    return next(document(entry.kind, data, entry.given))


def scan(
    opened: Opened,
    given: Given,
    spool: Spool,
    stored: Stored | None,
    *,
    start: int = 0,
    end: int | None = None,
    first: int = 1,
) -> Iterator[Entry | Refused]:
    """Every article of an open file; of lines those between two places, the first numbered so.

    `stored`: where the file can be read again; what is packed is copied to the spool.
    """
    kind, keep = opened.kind, None if opened.packed else stored
    if kind in LINES:
        for number, offset, length, data in bounded_lines(
            opened.file, start=start, end=end, first=first
        ):
            found = line(kind, data, given, number)
            if isinstance(found, Refused):
                yield found
            elif keep is not None:
                yield _entry(found, given, keep, kind, number, (offset, length))
            else:
                yield _entry(found, given, spool, kind, number, spool.add(data or b""))
    elif kind is Format.TEXT and keep is not None:
        yield Entry(
            given=given, stored=keep, kind=kind, guid=given.name, published_at=given.written_at
        )
    elif kind is not None:
        data = opened.file.read(MAX_DOCUMENT_BYTES + 1)
        for number, each in enumerate(document(kind, data, given), start=1):
            if isinstance(each, Refused):
                yield each
            else:
                place = spool.add(msgspec.msgpack.encode(each))
                yield _entry(each, given, spool, None, number, place)
    if opened.cut is not None:
        yield Unfinished(given.origin, b"", opened.cut)


def _entry(
    found: Item,
    given: Given,
    stored: Stored,
    kind: Format | None,
    number: int,
    place: tuple[int, int],
) -> Entry:
    return Entry(
        given=given,
        stored=stored,
        kind=kind,
        guid=found.guid,
        published_at=found.published_at,
        version=found.version,
        line=number,
        offset=place[0],
        length=place[1],
    )


def _scan(
    file: Path, given: Given, spool: Spool, *, named: bool
) -> Iterator[Entry | Refused | None]:
    """Every article of a file; None for one of another kind, which only a folder may hold."""
    try:
        opened = open_unpacked(file, given, follow=named)
    except BadMessage as error:
        yield Refused(given.origin, b"", error)
        return
    with opened.file:
        empty = os.fstat(opened.file.fileno()).st_size == 0
        if opened.kind is None and file.suffix.lower() not in SHARED_SUFFIXES:
            opened = msgspec.structs.replace(opened, kind=Format.TEXT)
        if opened.kind is None and not (empty or named):
            yield None
        elif opened.kind is None or (empty and opened.kind in LINES):
            yield Refused(given.origin, b"", unknown(given.origin, empty=empty))
        else:
            yield from scan(opened, given, spool, OnDisk(file, follow=named))


def open_unpacked(file: Path, given: Given, *, follow: bool) -> Opened:
    """The file from its beginning, unpacked, with its format.

    Raises:
        BadMessage: it cannot be opened or unpacked.
    """
    plain = open_regular(file, follow=follow)
    try:
        return unpacked(plain, file.name, given.origin)
    except BaseException:
        plain.close()
        raise


def unknown(origin: str, *, empty: bool) -> BadMessage:
    """What is said of a file in no format."""
    if empty:
        return BadMessage(Reason.EMPTY, f"{origin}: an empty file")
    return BadMessage(Reason.NOT_TEXT, f"{origin}: in no format that is known")


def _files(path: Path) -> tuple[list[Path], int]:
    """The regular files of known kinds below a path, links not followed; a named file as it is."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        gone = isinstance(error, FileNotFoundError)
        why = "no such file or folder" if gone else getattr(error, "strerror", str(error))
        raise UsageError(f"{path}: {why}") from error
    if not stat.S_ISDIR(mode):
        if not stat.S_ISREG(mode):
            raise UsageError(f"{path}: not a regular file; - reads standard input")
        return [path], 0
    files: list[Path] = []
    ignored = 0
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if stat.S_ISREG(file.lstat().st_mode) and is_known(name):
                files.append(file)
            elif name != MANIFEST and not name.startswith(("README", ".")):
                ignored += 1
    return files, ignored


def is_known(name: str) -> bool:
    """Whether a folder is looked through for files called so."""
    suffix = Path(name).suffix.lower()
    return suffix in OWN_SUFFIXES or suffix in SHARED_SUFFIXES


def _name(file: Path, base: Path) -> str:
    """The file's path below what was named, so that two files of one name are two articles."""
    return os.fsencode(file.relative_to(base).as_posix()).decode("utf-8", "replace")


def manifest(folder: Path) -> dict[str, datetime | None]:
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


def order(entry: Entry) -> tuple[bool, float, str, int, str, int]:
    """The place of an article in a feed: by publication, undated last; then always the same."""
    at = entry.published_at
    return (
        at is None,
        at.timestamp() if at else 0.0,
        entry.guid,
        entry.version,
        entry.given.origin,
        entry.line,
    )
