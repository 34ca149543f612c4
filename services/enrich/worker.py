"""What runs in a coder process: the model, loaded once, and the batches put to it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from tocsin.messages import Article, EnrichedArticle

Code = Callable[[Sequence[Article]], list[EnrichedArticle]]
Build = Callable[[], Code]
_ORPHAN_CHECK_S: Final = 1.0


def build(ner: str) -> Code:
    """The coder of this service; spaCy is loaded in the worker alone."""
    from services.enrich.nlp import Coder  # noqa: PLC0415 - the parent never needs the model

    return Coder(ner=ner).enrich


_code: Code | None = None


def load(build_code: Build, parent: int) -> None:
    """Readies this process; it ends when its parent does."""
    global _code  # noqa: PLW0603 - one coder for the life of the process
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        _code = build_code()
    except Exception as error:  # noqa: BLE001 - the parent is told by this process's end
        print(f"enrich: the coder: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        sys.stderr.flush()
        os._exit(1)


def code(articles: list[Article]) -> list[EnrichedArticle]:
    """What the coder says of each article, in order."""
    if _code is None:
        raise RuntimeError("the worker was not loaded")
    return _code(articles) if articles else []


def _end_with(parent: int) -> None:
    """Ends this process when its parent is gone, so that a kill -9 leaves nothing running."""
    while os.getppid() == parent:
        time.sleep(_ORPHAN_CHECK_S)
    os._exit(0)
