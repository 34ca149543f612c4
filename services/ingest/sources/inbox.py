"""A drop folder: files that appear there are published as live articles, each once.

How far each file was taken is kept in Redis after every batch, so that a worker that was killed
goes on where it was, and a file that grows is read on. A file counts as whole when it did not
change between two looks, or has not for a while. Subfolders, links, pipes and devices are not
opened.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Final

import msgspec

from services.ingest import metrics
from services.ingest.sources.config import FolderSource, seconds
from services.ingest.sources.dropped import Dropped, Files, Memory, Stopped, Taker
from services.ingest.sources.files import is_known, manifest
from services.ingest.sources.formats.given import Given
from services.ingest.sources.progress import Look, Progress, decoded
from tocsin.errors import BadMessage, Reason, Unavailable, UsageError
from tocsin.messages import digest
from tocsin.observe import get_logger

_STILL_S: Final = 10.0  # a file that appears and was last written so long ago was moved here
_REMIND_S: Final = 6 * 3600.0  # between two reminders of what was taken
_AT_ONCE: Final = 1000  # names asked for in one call
_UNFINISHED: Final = (".tmp", ".part", ".filepart", ".partial", ".crdownload", "~")


class Inbox:
    """Looks into one folder when asked. `called`: what it is named by when it is not there."""

    def __init__(
        self,
        source: FolderSource,
        intake: Taker,
        memory: Memory,
        *,
        batch: int,
        called: str = "",
        clock: Callable[[], float] = time.time,
        stop: Event | None = None,
    ) -> None:
        self._source = source
        self._folder = Path(source.path)
        self.called = called or f"source {source.name}"
        self._memory = memory
        self._clock = clock
        self._files = Files(source, intake, memory, batch=batch, clock=clock, stop=stop or Event())
        self._still_s = max(_STILL_S, 2 * seconds(source.interval))
        self._before: dict[tuple[int, int], Look] = {}
        self._known: dict[str, Progress] = {}
        self._reminded: float | None = None

    def look(self) -> int:
        """Publishes what is new and whole, and returns how many files were read for it.

        Raises:
            Unavailable: broker or Redis are away; the next look goes on where this one was.
            UsageError: the folder is not there, or cannot be read.
        """
        whole = self._whole()
        self._recall([file.key for file in whole])
        read = 0
        for file in whole:
            # Taken out meanwhile: if this fails, Redis knows better how far it came.
            progress = self._known.pop(file.key)
            if not progress.is_done(file.look, self._clock()):
                try:
                    after = self._take(file, progress)
                except Stopped:
                    break
                if after is None:
                    continue
                read += 1
                progress = after
            self._known[file.key] = progress
        return read

    def _take(self, file: Dropped, before: Progress) -> Progress | None:
        try:
            dated = manifest(self._folder).get(file.path.name)
        except UsageError as error:
            return self._files.refuse(file, BadMessage(Reason.UNREADABLE, str(error)))
        given = msgspec.structs.replace(file.given, written_at=dated)
        return self._files.take(msgspec.structs.replace(file, given=given), before)

    def _whole(self) -> list[Dropped]:
        """The files of known kinds that may be read now, by name."""
        now_s = self._clock()
        found: dict[tuple[int, int], Look] = {}
        whole: list[Dropped] = []
        for path, about in self._regular():
            inode = (about.st_dev, about.st_ino)
            look = found[inode] = Look(about.st_size, about.st_mtime_ns, about.st_ctime_ns)
            name = path.name.lower()
            if name.startswith(".") or name.endswith(_UNFINISHED) or not is_known(name):
                continue
            # By inode: a file that was renamed is one that has not changed under its old name.
            moved = now_s - look.modified_ns / 1e9 > self._still_s
            if moved or look.is_unchanged(self._before.get(inode)):
                whole.append(self._dropped(path, look, now_s))
        self._before = found
        return whole

    def _regular(self) -> Iterator[tuple[Path, os.stat_result]]:
        try:
            with os.scandir(self._folder) as entries:
                names = sorted(each.name for each in entries)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError | NotADirectoryError)
            why = "is not a folder" if missing else f"cannot be read: {error.strerror}"
            raise UsageError(f"{self.called}: {self._folder} {why}") from error
        for name in names:
            with contextlib.suppress(OSError):  # taken away since the folder was listed
                about = os.lstat(self._folder / name)
                if stat.S_ISREG(about.st_mode):
                    yield self._folder / name, about

    def _dropped(self, path: Path, look: Look, now_s: float) -> Dropped:
        name = os.fsencode(path.name).decode("utf-8", "replace")
        given = Given(
            origin=str(path),
            name=name,
            source=self._source.name,
            now=datetime.fromtimestamp(now_s, UTC),
        )
        key = digest("file", self._source.name, os.fsencode(path.name).hex())
        return Dropped(path=path, key=key, look=look, given=given)

    def _recall(self, keys: Sequence[str]) -> None:
        """Asks Redis for what this worker does not know yet; reminds it of what it must keep."""
        now_s = self._clock()
        if self._reminded is None or now_s - self._reminded > _REMIND_S:
            self._memory.keep_files(keys)
            self._reminded = now_s
        new = [key for key in keys if key not in self._known]
        self._known = {key: self._known[key] for key in keys if key in self._known}
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            states = self._memory.file_states(some)
            self._known.update(zip(some, map(decoded, states), strict=True))


def watch(inbox: Inbox, every_s: float, stop: Event) -> None:
    """Looks again and again until `stop`; a folder that has gone is tried again, and told once."""
    trouble = ""
    try:
        while not stop.wait(every_s):
            try:
                inbox.look()
                words = ""
            except (Unavailable, UsageError) as error:
                words = str(error)
            if words != trouble:
                metrics.FOLDERS_DEGRADED.inc(bool(words) - bool(trouble))
                log = get_logger()
                (log.warning if words else log.info)("drop folder", folder=inbox.called, why=words)
            trouble = words
    finally:
        metrics.FOLDERS_DEGRADED.dec(bool(trouble))
