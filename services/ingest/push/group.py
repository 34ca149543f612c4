"""Group commit: what waits from all requests goes to Kafka as one batch, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from services.ingest import metrics
from services.ingest.app import Taken, Verdict
from services.ingest.domain.items import Item
from tocsin.errors import Unavailable
from tocsin.observe import get_logger

_PATIENCE_S: Final = 20.0  # a request waits no longer, whatever stands in its way

Take = Callable[[Sequence[Item]], Taken]


class Busy(Exception):
    """More waits than may."""


class _Chunk:
    """Items of one request that go together, and who waits for them."""

    def __init__(self, items: Sequence[Item], loop: asyncio.AbstractEventLoop) -> None:
        self.items, self._loop = items, loop
        self.told: asyncio.Future[Sequence[Verdict]] = loop.create_future()

    def tell(self, answer: Sequence[Verdict] | Exception) -> None:
        """From the thread to the loop, if it still runs."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle, answer)

    def _settle(self, answer: Sequence[Verdict] | Exception) -> None:
        if self.told.done():  # nobody waits any more
            return
        if isinstance(answer, Exception):
            self.told.set_exception(answer)
        else:
            self.told.set_result(answer)


class Group:
    """Takes items in for many requests. `batch` bounds a batch, `most` all items that wait."""

    def __init__(
        self, take: Take, *, batch: int, most: int, patience_s: float = _PATIENCE_S
    ) -> None:
        self._take, self._batch, self._most, self._patience_s = take, batch, most, patience_s
        self._chunks: deque[_Chunk] = deque()
        self._waiting = 0
        self._open = True
        self._owed: set[_Chunk] = set()
        self._changed = threading.Condition()
        # A daemon: a broker that is away must not hold the end of the process.
        threading.Thread(target=self._run, name="push-group", daemon=True).start()

    async def take(self, items: Sequence[Item]) -> list[Verdict]:
        """The verdict on each, when what is published is acknowledged.

        Raises:
            Busy: more waits than may.
            Unavailable: broker or Redis are away, or took too long; all can be handed in again.
        """
        loop = asyncio.get_running_loop()
        starts = range(0, len(items), self._batch)
        chunks = [_Chunk(items[start : start + self._batch], loop) for start in starts]
        with self._changed:
            if self._waiting and self._waiting + len(items) > self._most:
                raise Busy
            self._chunks.extend(chunks)
            self._count(len(items))
            self._changed.notify()
        self._owed.update(chunks)
        try:
            async with asyncio.timeout(self._patience_s):
                told = await asyncio.gather(*(each.told for each in chunks))
        except TimeoutError:
            raise Unavailable("it took too long") from None
        finally:
            self._owed.difference_update(chunks)
        return [verdict for each in told for verdict in each]

    def give_up(self) -> None:
        """Tells all who wait, in the loop, that it will not be."""
        for each in self._owed:
            each.tell(Unavailable("ingest stops"))

    def close(self) -> None:
        """Ends the thread when nothing waits."""
        with self._changed:
            self._open = False
            self._changed.notify()

    def _run(self) -> None:
        while chunks := self._next():
            self._publish(chunks)

    def _next(self) -> list[_Chunk]:
        """What goes into the next batch; empty at the end."""
        with self._changed:
            while not self._chunks and self._open:
                self._changed.wait()
            found: list[_Chunk] = []
            size = 0
            while self._chunks and (not found or size + len(self._chunks[0].items) <= self._batch):
                chunk = self._chunks.popleft()
                self._count(-len(chunk.items))
                if not chunk.told.done():  # else its request was given up
                    found.append(chunk)
                    size += len(chunk.items)
        return found or (self._next() if self._chunks or self._open else [])

    def _publish(self, chunks: Sequence[_Chunk]) -> None:
        try:
            verdicts = self._take([item for chunk in chunks for item in chunk.items]).verdicts
        except Unavailable as error:
            for chunk in chunks:
                chunk.tell(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            if len(chunks) > 1:  # one request's articles must not fail another's
                for chunk in chunks:
                    self._publish([chunk])
                return
            get_logger().exception("a push fell over")
            chunks[0].tell(error)
        else:
            start = 0
            for chunk in chunks:
                chunk.tell(verdicts[start : start + len(chunk.items)])
                start += len(chunk.items)

    def _count(self, more: int) -> None:
        self._waiting += more
        metrics.PUSH_WAITING.set(self._waiting)
