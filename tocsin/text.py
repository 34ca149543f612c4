"""Text of others as a person may be shown it: nothing of it acts on a terminal."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """The text on one line, without control, format and bidirectional marks."""
    kept = (each if unicodedata.category(each)[0] != "C" else " " for each in text)
    return " ".join("".join(kept).split())


def cut(text: str, limit: int) -> str:
    """The text, or as much of it as fits, and a mark that something is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
