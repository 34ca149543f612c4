"""Waiting for a condition with a deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def wait_for(
    condition: Callable[[], T],
    deadline_s: float,
    what: str,
    *,
    interval_s: float = 0.05,
    ignore: tuple[type[Exception], ...] = (),
) -> T:
    """The first true value of `condition`, asked every `interval_s`.

    An exception named in `ignore` counts as "not yet".

    Raises:
        AssertionError: after `deadline_s`, with `what` and the last answer.
    """
    deadline = time.monotonic() + deadline_s
    while True:
        try:
            answer: object = condition()
        except ignore as error:
            answer = error
        else:
            if answer:
                return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {deadline_s:g} s; last: {answer!r}")
        time.sleep(interval_s)
