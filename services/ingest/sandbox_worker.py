"""What runs in a process of the sandbox."""

from __future__ import annotations

import logging
import math
import os
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from tocsin.errors import BadMessage, Reason

_ORPHAN_CHECK_S: Final = 1.0
_MB: Final = 1024 * 1024


class Returned(NamedTuple):
    """What the function returned."""

    value: Any


class Refused(NamedTuple):
    """A BadMessage in its parts, since it does not survive pickling. `spent`: end this process."""

    reason: Reason
    detail: str
    spent: bool = False


Outcome = Returned | Refused


def start(memory_mb: int, parent: int) -> None:
    """Binds this process in memory, and to its parent's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    logging.disable()  # the parsers log URLs and pieces of text
    most = memory_mb * _MB
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def load(_function: Callable[..., Any]) -> None:
    """Nothing: the function's module is loaded by having been named."""


def work(deadline_s: float, function: Callable[..., Any], args: tuple[Any, ...]) -> Outcome:
    """What comes of a call."""
    _bound_cpu(deadline_s)
    try:
        return Returned(function(*args))
    except BadMessage as error:
        return Refused(error.reason, error.detail)
    except MemoryError:
        return Refused(Reason.CRASHED, f"{function.__name__}: more memory than it may have", True)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a text does to a parser
        return Refused(Reason.RAISED, f"{function.__name__}: {_where(error)}")


def _where(error: BaseException) -> str:
    """The exception without its words, which may be the text's, and where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


def _bound_cpu(deadline_s: float) -> None:
    """Lets the kernel end a call that hangs in C even if the parent is no longer there to do it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + deadline_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _end_with(parent: int) -> None:
    """Ends this process when its parent is gone, so that a kill -9 leaves nothing running."""
    while os.getppid() == parent:
        time.sleep(_ORPHAN_CHECK_S)
    os._exit(0)
