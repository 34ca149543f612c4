"""The coder in processes of its own: a text that hangs or crashes it costs that text alone."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final

from services.enrich import worker
from services.enrich.worker import Build
from tocsin.errors import BadMessage, Reason, Unavailable
from tocsin.messages import Article, EnrichedArticle

Coded = EnrichedArticle | BadMessage
_LOAD_S: Final = 120.0


class Pool:
    """Codes batches in worker processes, each of which holds one coder for its life.

    `build` makes the coder in the worker; it is pickled, so it is named in a module.
    """

    def __init__(
        self,
        build: Build,
        *,
        workers: int,
        deadline_s: float,
        on_restart: Callable[[], None] = lambda: None,
    ) -> None:
        self._build = build
        self._workers = workers
        self._deadline_s = deadline_s
        self._on_restart = on_restart
        self._executor = self._start()

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers,
            # Spawned, not forked: the parent has threads, sockets and an event loop.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=worker.load,
            initargs=(self._build, os.getpid()),
        )

    async def warm(self) -> None:
        """Comes back when the workers have loaded their models.

        Raises:
            Unavailable: they cannot; what they wrote to standard error says why.
        """
        waiting = [self._submit([], _LOAD_S) for _ in range(self._workers)]
        try:
            await asyncio.gather(*waiting)
        except (BrokenProcessPool, TimeoutError) as error:
            raise Unavailable("the coder's process did not come up") from error

    async def code(self, articles: Sequence[Article]) -> list[Coded]:
        """What the coder says of each, in order; a refusal for one that hangs or crashes it.

        One call at a time: a verdict on a text is reached with nothing else in the pool.

        Raises:
            Unavailable: the workers do not come up again.
        """
        size = -(-len(articles) // self._workers) or 1
        chunks = [articles[start : start + size] for start in range(0, len(articles), size)]
        tried = await asyncio.gather(*map(self._together, chunks))
        if None in tried:
            await self._restart()  # a worker may hang, or be gone
        coded: list[Coded] = []
        for chunk, found in zip(chunks, tried, strict=True):
            if found is None:
                coded += [await self._alone(article) for article in chunk]
            else:
                coded += found
        return coded

    async def _together(self, articles: Sequence[Article]) -> list[EnrichedArticle] | None:
        """What the coder says of each, or None if any of them, or of a neighbour's, struck it."""
        try:
            return await self._submit(articles, self._deadline_s * len(articles))
        except Exception:  # noqa: BLE001 - whatever a text does to the coder, each is tried alone
            return None

    async def _alone(self, article: Article) -> Coded:
        try:
            (coded,) = await self._submit([article], self._deadline_s)
        except TimeoutError:
            await self._restart()
            return BadMessage(Reason.TIMED_OUT, f"not coded within {self._deadline_s:g} s")
        except BrokenProcessPool:
            await self._restart()
            return BadMessage(Reason.CRASHED, "the coder's process died of it")
        except Exception as error:  # noqa: BLE001 - whatever a text does to the coder
            return BadMessage(Reason.RAISED, f"{type(error).__name__}: {error}"[:300])
        return coded

    async def _submit(self, articles: Sequence[Article], within_s: float) -> list[EnrichedArticle]:
        work = asyncio.get_running_loop().run_in_executor(
            self._executor, worker.code, list(articles)
        )
        return await asyncio.wait_for(work, within_s)

    async def _restart(self) -> None:
        """New workers, loaded: no text pays for that out of its own time."""
        self._on_restart()
        self.close()
        self._executor = self._start()
        await self.warm()

    def close(self) -> None:
        """Ends the workers, at once."""
        processes: dict[int, Any] = dict(self._executor._processes or {})  # noqa: SLF001 - until 3.14
        for process in processes.values():
            process.kill()
        self._executor.shutdown(wait=False, cancel_futures=True)
