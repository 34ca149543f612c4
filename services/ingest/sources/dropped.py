"""One file of a drop folder, taken batch by batch; how far is kept after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Final, Protocol

import msgspec

from services.ingest.app import Taken
from services.ingest.domain.items import Held, Item, Refused
from services.ingest.sources.config import FolderSource
from services.ingest.sources.files import (
    OWN_SUFFIXES,
    Entry,
    open_unpacked,
    order,
    read_all,
    scan,
    unknown,
)
from services.ingest.sources.filled import filled
from services.ingest.sources.formats.detect import Format
from services.ingest.sources.formats.given import CutShort, Given
from services.ingest.sources.formats.read import LINES, Unfinished, line
from services.ingest.sources.opened import Kept, Opened, Spool
from services.ingest.sources.progress import (
    Look,
    Progress,
    encoded,
    last_line_end,
    line_end,
    lines_between,
    probe,
)
from tocsin.errors import BadMessage

_PART_BYTES: Final = 32_000_000  # of a feed that are sorted, and held in the index, at a time
_GIVEN_UP_S: Final = 3600.0  # half a file that nobody writes for so long stays half a file


class Taker(Protocol):
    """Where articles go; `app.Intake` is the real one."""

    def take(self, given: Sequence[Item | Refused], *, run: str | None) -> Taken:
        """Publishes what is new among the inputs."""


class Memory(Protocol):
    """How far files were taken; `seen.Seen` is the real one."""

    def file_states(self, names: Sequence[str]) -> list[str | None]:
        """What was marked of each."""

    def mark_file(self, name: str, state: str) -> None:
        """Remembers this of a file."""

    def keep_files(self, names: Sequence[str]) -> None:
        """Remembers these for longer."""


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be taken. `key`: under which its progress is kept."""

    path: Path
    key: str
    look: Look
    given: Given


class Stopped(Exception):
    """The worker is to stop; the batch is published, the rest waits for the next start."""


class Files:
    """Takes files of one source."""

    def __init__(
        self,
        source: FolderSource,
        intake: Taker,
        memory: Memory,
        *,
        batch: int,
        clock: Callable[[], float] = time.time,
        stop: Event,
    ) -> None:
        self._source = source
        self._intake = intake
        self._memory = memory
        self._batch = batch
        self._clock = clock
        self._stop = stop

    def take(self, file: Dropped, before: Progress) -> Progress | None:
        """Publishes what there is from `before` on; None if the file has gone.

        Raises:
            Unavailable: broker or Redis are away; how far it came is kept.
            Stopped: likewise.
        """
        try:
            opened = open_unpacked(file.path, file.given, follow=False)
        except BadMessage as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            if isinstance(error, CutShort) and not self._is_given_up(file):
                return self._left(file)
            return self.refuse(file, error, unread=True)
        with opened.file:
            if opened.kind is None:
                if file.look.size == 0 or file.path.suffix.lower() not in OWN_SUFFIXES:
                    why = unknown(file.given.origin, empty=file.look.size == 0)
                    return self.refuse(file, why)
                opened = msgspec.structs.replace(opened, kind=Format.TEXT)
            if opened.kind in LINES and not opened.packed:
                return self._take_lines(file, opened, before)
            return self._take_document(file, opened, before)

    def refuse(self, file: Dropped, error: BadMessage, *, unread: bool = False) -> Progress:
        """The whole file as one dead letter."""
        self._intake.take([Refused(file.given.origin, b"", error)], run=None)
        return self._mark(file, Progress(look=file.look, unread=unread))

    def _take_lines(self, file: Dropped, opened: Opened, before: Progress) -> Progress:
        """A feed by parts, from where it was; a line that is still being written waits."""
        if file.look.size == 0:
            return self.refuse(file, unknown(file.given.origin, empty=True))
        at = before
        if before.end > file.look.size or before.probe != probe(opened.file, before.end):
            at = Progress()  # another file by now
        while True:
            if at.taken == at.count:
                at = self._next_part(file, opened, at)
            if at.start == at.end:
                break
            given, kept = file.given, Kept(opened.file)
            found = scan(opened, given, Spool(), kept, start=at.start, end=at.end, first=at.first)
            at = self._publish(file, list(found), at)
        waits = at.end < file.look.size
        due = file.look.modified_ns / 1e9 + _GIVEN_UP_S if waits else None
        return self._mark(file, msgspec.structs.replace(at, look=file.look, due=due))

    def _next_part(self, file: Dropped, opened: Opened, at: Progress) -> Progress:
        size = file.look.size
        whole = last_line_end(opened.file, at.end, size)
        if whole < size and (self._is_given_up(file) or _is_line(opened, file, whole)):
            whole = size
        end = min(whole, line_end(opened.file, min(at.end + _PART_BYTES, whole), whole))
        first = at.first + lines_between(opened.file, at.start, at.end)
        return Progress(start=at.end, first=first, end=end, probe=probe(opened.file, end))

    def _take_document(self, file: Dropped, opened: Opened, before: Progress) -> Progress:
        """What stands in a document or a packed feed; half of one is left alone at first."""
        look = file.look
        again = before.taken > 0 and before.due is not None and look.is_unchanged(before.look)
        found = list(scan(opened, file.given, Spool(), Kept(opened.file)))
        if any(isinstance(each, Unfinished) for each in found) and not self._is_given_up(file):
            return self._left(file)
        held = [each.until.timestamp() for each in found if isinstance(each, Held)]
        # What was refused when the others were taken is not refused again with those that waited.
        told = [each for each in found if not isinstance(each, Held | (Refused if again else Held))]
        same = f"{look.size}.{look.modified_ns}"
        at = before if before.look is None and before.probe == same else Progress(probe=same)
        at = self._publish(file, told, at)
        due = min(held, default=None)
        return self._mark(file, msgspec.structs.replace(at, look=look, due=due))

    def _publish(self, file: Dropped, found: Sequence[Entry | Refused], at: Progress) -> Progress:
        refused = [each for each in found if isinstance(each, Refused)]
        entries = sorted((each for each in found if isinstance(each, Entry)), key=order)
        count = len(refused) + len(entries)
        at = msgspec.structs.replace(at, count=count, taken=at.taken if at.count == count else 0)
        for start in range(at.taken, count, self._batch):
            if self._stop.is_set():
                raise Stopped
            until = start + self._batch
            items = read_all(entries[max(0, start - len(refused)) : max(0, until - len(refused))])
            batch = [*refused[start:until], *(filled(each, self._source) for each in items)]
            self._intake.take(batch, run=None)
            at = self._mark(file, msgspec.structs.replace(at, taken=min(until, count)))
        return at

    def _left(self, file: Dropped) -> Progress:
        """Nothing is taken of a file that is half written, until it changes or nobody writes it."""
        due = file.look.modified_ns / 1e9 + _GIVEN_UP_S
        return self._mark(file, Progress(look=file.look, due=due))

    def _is_given_up(self, file: Dropped) -> bool:
        return self._clock() - file.look.modified_ns / 1e9 >= _GIVEN_UP_S

    def _mark(self, file: Dropped, progress: Progress) -> Progress:
        self._memory.mark_file(file.key, encoded(progress))
        return progress


def _is_line(opened: Opened, file: Dropped, start: int) -> bool:
    """Whether what stands at the end is an article, although no line end follows."""
    kind = opened.kind
    if kind is None or kind not in LINES:
        return False
    data = Kept(opened.file).read(start, file.look.size - start)
    return not isinstance(line(kind, data, file.given, 0), Refused)
