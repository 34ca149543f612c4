"""Names as feeds and pages give them: of authors, of languages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from services.ingest.parse.markup import one_line

_ADDRESS: Final = re.compile(r"[<(]?[\w.+-]{1,64}@[\w.-]{1,255}[>)]?")
_BY: Final = re.compile(r"^(?:By|BY|by|Par|Por|Von)\s+(?=\S)")
_NOBODY: Final = frozenset(
    "admin administrator editor webmaster unknown none null anonymous noreply author user".split()
)
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z0-9]{2,8}))?(?:[-_.].*)?")
_LONGEST: Final = 200
_MOST: Final = 10


def byline(names: Iterable[str]) -> str | None:
    """Who wrote it: names without addresses, None for nobody in particular."""
    kept: list[str] = []
    for each in names:
        name = one_line(each)
        if "@" in name:
            name = _ADDRESS.sub(" ", name).strip(" ()<>,;-")
        name = _BY.sub("", name).strip()
        if name and name.casefold() not in _NOBODY and not name.startswith(("http:", "https:")):
            kept.append(name)
    return ", ".join(list(dict.fromkeys(kept))[:_MOST])[:_LONGEST] or None


def language_tag(written: str) -> str | None:
    """A language as articles have it: `en`, `pt-BR`."""
    found = _LANGUAGE.fullmatch(written.strip()[:40])
    if not found:
        return None
    region = found[2] or ""
    if len(region) == 2:
        region = region.upper()
    return f"{found[1].lower()}-{region}" if region else found[1].lower()
