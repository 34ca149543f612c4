"""Awaits what blocks: a call to the broker, to Redis, to the resolver of names."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def blocking(function: Callable[[], T]) -> T:
    """What the function returns or raises, run on a thread of its own.

    The thread is a daemon: an end of the process does not wait for a broker that is away. For
    asyncio's own threads it would; and those are so few that some names which hang hold all others.
    Whoever stops waiting leaves the function running.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]
        else:
            future.set_exception(error)

    def work() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = function()
        except BaseException as raised:  # noqa: BLE001 - it is raised where it is awaited
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, daemon=True, name="blocking").start()
    return await future
