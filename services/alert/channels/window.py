"""What a channel has in hand: the alerts that wait, and how far in the outbox all is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from services.alert.channels.grouping import Waiting
from services.alert.outbox import Entry, Settled


class Window:
    """The part of the outbox between the channel's place and what it has read."""

    def __init__(self, place: str, done: Iterable[str]) -> None:
        self.cursor = place
        self.waiting: dict[str, Waiting] = {}
        self._place = place
        self._before = set(done)  # what an earlier holder of the channel has done
        self._read: deque[str] = deque()

    def is_done(self, entry: Entry) -> bool:
        """Whether it was done before this window was opened."""
        return entry.id in self._before

    def read(self, entry: Entry, waiting: Waiting | None) -> None:
        """The next entry; None: nothing is to be done about it."""
        self.cursor = entry.id
        self._read.append(entry.id)
        if waiting is not None:
            self.waiting[entry.id] = waiting

    def set_alone(self, entries: Iterable[str]) -> None:
        """These are to be sent one by one."""
        for each in entries:
            self.waiting[each] = msgspec.structs.replace(self.waiting[each], alone=True)

    def finish(self, entries: Iterable[str] = ()) -> Settled | None:
        """What to note when these are done; None if nothing is new."""
        finished = set(entries)
        for each in finished:
            del self.waiting[each]
        before = self._place
        while self._read and self._read[0] not in self.waiting:
            self._place = self._read.popleft()
            finished.discard(self._place)
        if self._place == before and not finished:
            return None
        return Settled(
            place=self._place if self._place != before else "", done=tuple(sorted(finished))
        )
