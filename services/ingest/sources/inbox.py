"""A drop folder: files that appear there are published as live articles, each once."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from services.ingest.app import Intake
from services.ingest.domain.items import Refused
from services.ingest.seen import Seen
from services.ingest.sources.files import index, read_all
from tocsin.errors import BadMessage, Reason, UsageError
from tocsin.messages import digest


class _Size(msgspec.Struct, frozen=True):
    """What a file looked like; one that still changes is left alone."""

    size: int
    changed_ns: int


class Inbox:
    """Looks into the folder when asked; a file is taken once it has stopped growing."""

    def __init__(self, folder: Path, intake: Intake, seen: Seen, *, batch: int) -> None:
        self._folder = folder
        self._intake = intake
        self._seen = seen
        self._batch = batch
        self._before: dict[Path, _Size] = {}

    def look(self) -> int:
        """Publishes the files that are new and whole, and returns how many.

        Raises:
            Unavailable: broker or Redis are away; the same files are taken at the next look.
            UsageError: the folder is not there, or its manifest is wrong.
        """
        if not self._folder.is_dir():
            raise UsageError(f"TOCSIN_INGEST_INBOX: {self._folder} is not a folder")
        now = dict(_files(self._folder))
        whole = [file for file, size in now.items() if self._before.get(file) == size]
        self._before = now
        taken = 0
        for file in whole:
            name = _name(file, now[file])
            if not self._seen.file_done(name):
                self._take(file)
                self._seen.mark_file(name)
                taken += 1
        return taken

    def _take(self, file: Path) -> None:
        try:
            found = index([file])
        except UsageError as error:  # a broken manifest, or the file has gone
            why = BadMessage(Reason.UNREADABLE, str(error))
            self._intake.take([Refused(str(file), b"", why)], run=None)
            return
        self._intake.take(found.refused, run=None)
        for start in range(0, len(found.entries), self._batch):
            self._intake.take(read_all(found.entries[start : start + self._batch]), run=None)


def _files(folder: Path) -> Iterator[tuple[Path, _Size]]:
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in (".txt", ".jsonl", ".ndjson"):
            continue
        with contextlib.suppress(FileNotFoundError):  # taken away since the folder was listed
            about = file.lstat()
            if stat.S_ISREG(about.st_mode):
                yield file, _Size(about.st_size, about.st_mtime_ns)


def _name(file: Path, size: _Size) -> str:
    name = os.fsencode(file).decode("utf-8", "replace")
    return digest(name, str(size.size), str(size.changed_ns))
