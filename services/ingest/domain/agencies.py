"""News agencies and how they sign: a table of names, and where a credit may stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_CREDITS = r"(?:reports|reported|report|informs|according to|told|via|quoted by|source)\s*:?\s+"


class Agencies:
    """Finds the agency that a text is credited to, under one name however it is written."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        """`names`: the standard name of each agency, with the other ways it is written."""
        self._names = {
            alias.casefold(): name for name, aliases in names.items() for alias in (name, *aliases)
        }
        written = sorted(self._names, key=len, reverse=True)
        any_name = "|".join(re.escape(alias) for alias in written)
        # "…, reports EFE." closes the lead of a wire story; elsewhere it is a source that is cited.
        self._credit = re.compile(
            rf"(?:,|\(|[–—-])\s?{_CREDITS}(?:the )?(?P<name>{any_name})"
            r"(?: news agency| agency)?\)?\.?$",
            re.IGNORECASE,
        )

    def name(self, written: str) -> str | None:
        """The standard name for a way of writing it, or None for no agency."""
        return self._names.get(written.strip().casefold())

    def credited(self, paragraphs: Sequence[str]) -> str | None:
        """The agency that one of these paragraphs is credited to at its end."""
        for paragraph in paragraphs:
            found = self._credit.search(paragraph[-200:])
            if found:
                return self.name(found["name"])
        return None
