"""SIGTERM and SIGINT as an event, safe against several of them at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading


def on_signals(stop: threading.Event) -> None:
    """Sets `stop` at the first SIGTERM or SIGINT.

    Not in the handler: a second signal in the middle of `Event.set` would wait for ever for the
    lock that the first one holds. A handler only writes a byte; a thread of its own sets.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def wait() -> None:
        os.read(reading, 1)
        stop.set()

    def told(*_: object) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it was told often enough
            os.write(writing, b".")

    threading.Thread(target=wait, name="signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
