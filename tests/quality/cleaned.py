"""A stand-in for the ingest cleaner, enough for the five seeds: the article's body."""

from __future__ import annotations

import re
from pathlib import Path

SEEDS = Path(__file__).parent.parent.parent / "seeds"
SHARED = SEEDS.parent.parent / "shared" / "seeds"
_DATELINE = re.compile(
    r"^[A-Z][\w ]+(?:, [A-Z]\w+ \d{1,2})? \([\w ]+\)\s?(?:\.-|–)\s*", re.MULTILINE
)


def raw(name: str) -> str:
    folder = SEEDS if (SEEDS / name).exists() else SHARED
    return (folder / name).read_text(encoding="utf-8")


def cleaned(name: str) -> str:
    """The seed from its dateline on, without crossheads and desk marks."""
    text = raw(name)
    dateline = _DATELINE.search(text)
    body = text[dateline.end() :] if dateline else text
    kept = [line.strip() for line in body.splitlines()]
    return "\n".join(line for line in kept if line.endswith((".", "”", '"', "EFE")))
