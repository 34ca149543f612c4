"""Group commit: what waits from all requests goes to Kafka as one batch.

Two threads: one reads articles while the other waits for Redis and Kafka.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from services.ingest import metrics
from services.ingest.app import Read, Taken, Verdict
from services.ingest.domain.items import Item
from tocsin.errors import Unavailable
from tocsin.observe import get_logger

_PATIENCE_S: Final = 20.0  # a request waits no longer, whatever stands in its way

Reading = Callable[[Item], Read]
Publishing = Callable[[Sequence[Read]], Taken]


class Busy(Exception):
    """More waits than may."""


class _Chunk:
    """Items of one request that go together, and who waits for them."""

    def __init__(self, items: Sequence[Item], loop: asyncio.AbstractEventLoop) -> None:
        self.items, self._loop = items, loop
        self.read: list[Read] = []
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
        self,
        read: Reading,
        publish: Publishing,
        *,
        batch: int,
        most: int,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._read, self._publish = read, publish
        self._batch, self._most, self._patience_s = batch, most, patience_s
        self._unread: deque[_Chunk] = deque()
        self._ready: deque[_Chunk] = deque()
        self._reading = False
        self._waiting = 0
        self._open = True
        self._owed: set[_Chunk] = set()
        self._changed = threading.Condition()
        for stage in (self._read_all, self._publish_all):
            # A daemon: a broker that is away must not hold the end of the process.
            threading.Thread(target=stage, name=f"push{stage.__name__}", daemon=True).start()

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
            self._unread.extend(chunks)
            self._count(len(items))
            self._changed.notify_all()
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
        """Ends the threads when nothing waits."""
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def _read_all(self) -> None:
        while chunk := self._next_unread():
            try:
                chunk.read = [self._read_one(each) for each in chunk.items]
            except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
                self._fell_over(chunk, error)
            with self._changed:
                if chunk.read:
                    self._ready.append(chunk)
                else:
                    self._count(-len(chunk.items))
                self._reading = False
                self._changed.notify_all()

    def _read_one(self, item: Item) -> Read:
        """Reads one, and lets the other stage run.

        Else each answer from Redis and Kafka waits for the interpreter: a sixth less in all.
        """
        read = self._read(item)
        time.sleep(0)
        return read

    def _next_unread(self) -> _Chunk | None:
        """The next to read; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._unread or not self._open)
            self._reading = bool(self._unread)
            return self._unread.popleft() if self._unread else None

    def _publish_all(self) -> None:
        while chunks := self._next_batch():
            wanted = [each for each in chunks if not each.told.done()]  # others were given up
            if wanted:
                self._publish_batch(wanted)

    def _next_batch(self) -> list[_Chunk]:
        """What goes into the next batch; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended())
            found: list[_Chunk] = []
            size = 0
            while self._ready and (not found or size + len(self._ready[0].items) <= self._batch):
                found.append(self._ready.popleft())
                size += len(found[-1].items)
            self._count(-size)
        return found

    def _ended(self) -> bool:
        return not (self._open or self._unread or self._reading)

    def _publish_batch(self, chunks: Sequence[_Chunk]) -> None:
        try:
            verdicts = self._publish([each for chunk in chunks for each in chunk.read]).verdicts
        except Unavailable as error:
            for chunk in chunks:
                chunk.tell(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            if len(chunks) > 1:  # one request's articles must not fail another's
                for chunk in chunks:
                    self._publish_batch([chunk])
                return
            self._fell_over(chunks[0], error)
        else:
            start = 0
            for chunk in chunks:
                chunk.tell(verdicts[start : start + len(chunk.items)])
                start += len(chunk.items)

    def _fell_over(self, chunk: _Chunk, error: Exception) -> None:
        get_logger().error("a push fell over", exc_info=error)
        chunk.tell(error)

    def _count(self, more: int) -> None:
        self._waiting += more
        metrics.PUSH_WAITING.set(self._waiting)
