"""Hostile texts are parsed in processes of their own: one that hangs or crashes costs itself alone.

A pool of one process for each worker, not one pool of several: a crash breaks the pool that it
happens in, and with it whatever else is at work there (`services/enrich/pool.py` lives with that,
as its texts come in batches).
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final, TypeVar

from services.ingest import sandbox_worker
from tocsin.errors import BadMessage, Reason, Unavailable

T = TypeVar("T")
_LOAD_S: Final = 60.0  # to start Python and load the parsers, on a machine that is busy
_TASKS: Final = 500  # then a fresh process: the parsers keep caches


class Sandbox:
    """Worker processes, each within `memory_mb` and `deadline_s` a call; started when first used.

    The parsers take 50 MB at rest, 10,000 entries of a feed 60 more, a page of 5 MB 250.
    """

    def __init__(
        self,
        workers: int = 1,
        *,
        deadline_s: float = 20.0,
        memory_mb: int = 512,
        tasks: int = _TASKS,
    ) -> None:
        self._slots = [_Slot(deadline_s, memory_mb, tasks) for _ in range(workers)]
        self._free = list(self._slots)
        self._turn = asyncio.Semaphore(workers)

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """What the function returns; it and its arguments are pickled, so it is named in a module.

        Raises:
            BadMessage: the function's own, or it raised, or it took more time (TIMED_OUT) or memory
                (CRASHED) than there is.
            Unavailable: no process comes up, or the sandbox closes: the text is not to blame.
        """
        async with self._turn:
            slot = self._free.pop()
            try:
                found: T = await slot.run(function, args)
            finally:
                self._free.append(slot)
            return found

    def close(self) -> None:
        """Ends the workers, at once."""
        for slot in self._slots:
            slot.close()


class _Slot:
    """A place for one process: the one at work there now, if one is."""

    def __init__(self, deadline_s: float, memory_mb: int, tasks: int) -> None:
        self._deadline_s = deadline_s
        self._memory_mb = memory_mb
        self._tasks = tasks
        self._done = 0
        self._closed = False
        self._loaded: set[Callable[..., Any]] = set()
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        if self._done >= self._tasks:
            self.end()
        await self._ready(function)
        self._done += 1
        name = function.__name__
        try:
            outcome = await self._submit(
                self._deadline_s, sandbox_worker.work, self._deadline_s, function, args
            )
        except TimeoutError as error:
            self.end()
            why = f"{name}: not done within {self._deadline_s:g} s"
            raise BadMessage(Reason.TIMED_OUT, why) from error
        except BrokenProcessPool as error:
            if self._closed:
                raise Unavailable("the sandbox closes") from error
            self.end()
            raise BadMessage(Reason.CRASHED, f"{name}: its process died of it") from error
        except Unavailable:
            raise
        except Exception as error:
            self.end()
            why = f"{name}: {type(error).__name__} on the way back"
            raise BadMessage(Reason.RAISED, why) from error
        except asyncio.CancelledError:
            self.end()  # nobody waits for it any more, and it would go on
            raise
        return self._opened(outcome)

    async def _ready(self, function: Callable[..., Any]) -> None:
        """Has a process with the function's module in it: no text pays for that with its time."""
        if function in self._loaded:
            return
        try:
            await self._submit(_LOAD_S, sandbox_worker.load, function)
        except (TimeoutError, BrokenProcessPool) as error:
            self.end()
            raise Unavailable("the parsers' process did not come up") from error
        except asyncio.CancelledError:
            self.end()
            raise
        self._loaded.add(function)

    def _opened(self, outcome: sandbox_worker.Outcome) -> Any:
        if isinstance(outcome, sandbox_worker.Returned):
            return outcome.value
        if outcome.spent:
            self.end()
        raise BadMessage(outcome.reason, outcome.detail)

    async def _submit(self, within_s: float, *call: Any) -> Any:
        if self._closed:
            raise Unavailable("the sandbox is closed")
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1,
                # Spawned, not forked: the parent has threads, sockets and an event loop.
                mp_context=multiprocessing.get_context("spawn"),
                initializer=sandbox_worker.start,
                initargs=(self._memory_mb, os.getpid()),
            )
        work = asyncio.get_running_loop().run_in_executor(self._pool, *call)
        async with asyncio.timeout(within_s):  # wait_for can swallow a cancellation
            return await work

    def close(self) -> None:
        """Ends its process, at once, and starts no other."""
        self._closed = True
        self.end()

    def end(self) -> None:
        """Ends its process, at once; the next call starts another."""
        if self._pool is None:
            return
        processes: dict[int, Any] = dict(self._pool._processes or {})  # noqa: SLF001 - until 3.14
        for process in processes.values():
            with contextlib.suppress(OSError):
                process.kill()
        self._pool.shutdown(wait=False)
        self._pool = None
        self._loaded.clear()
        self._done = 0
