"""Progress for a person who waits: one line on standard error, now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

_EVERY_S: Final = 2.0


def meter(what: str, total: int | None = None) -> Callable[[int], None]:
    """Tells how many are done so far, and how fast; silent about what takes a moment."""
    began = last = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _EVERY_S:
            return
        last = now
        of = f" of {total:,}" if total is not None else ""
        sys.stderr.write(f"{what} {done:,}{of}, {done / (now - began):,.0f} a second\n")
        sys.stderr.flush()

    return tell
