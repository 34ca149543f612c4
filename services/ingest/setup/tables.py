"""Rows on a terminal, and in a pipe: nothing that a source says acts there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tocsin.text import plain

_WIDE: Final = 1000  # in a pipe no line is broken
STYLES: Final = {
    "failing": "bold red",
    "overdue": "red",
    "stale": "yellow",
    "empty": "yellow",
    "fresh": "green",
    "off": "dim",
}


def console() -> Console:
    """Where results go: as wide as the terminal, in a pipe as wide as they are."""
    width = None if sys.stdout.isatty() else _WIDE
    return Console(highlight=False, markup=False, emoji=False, width=width)


def table(heads: Sequence[str], *, last_folds: bool = True) -> Table:
    """An empty table without lines, whose last column takes what is left of the width."""
    found = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, head in enumerate(heads, 1):
        last = number == len(heads) and last_folds
        found.add_column(head, no_wrap=not last, overflow="fold" if last else "ellipsis")
    return found


def cell(text: str, style: str = "") -> Text:
    """What a source says, or we do, harmless."""
    return Text(plain(text), style=style)
