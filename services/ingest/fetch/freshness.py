"""How long an answer may be taken as still true."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

_LONGEST_S: Final = 86_400.0  # a feed that says "a year" is a mistake of its server
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_NEVER: Final = re.compile(r"(?:^|[\s,])no-(?:store|cache)(?:$|[\s,=])", re.IGNORECASE)


def max_age_s(headers: Mapping[str, str]) -> float | None:
    """Seconds by Cache-Control, else by Expires, up to a day; None if nothing is said (RFC 9111).

    What it spent in caches on its way is taken off.
    """
    control = headers.get("cache-control", "")
    if _NEVER.search(control):
        return 0.0
    stated = _MAX_AGE.search(control)
    if stated:
        age = headers.get("age", "").strip()
        spent = float(age) if age.isascii() and age.isdigit() else 0.0
        return _bounded(float(stated[1]) - spent)
    return _until(headers.get("expires"), headers.get("date"))


def _until(expires: str | None, date: str | None) -> float | None:
    if not expires or not date:  # against the server's own clock, whatever ours says
        return None
    try:
        left = parsedate_to_datetime(expires) - parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return 0.0  # "0" and the like: it has expired
    return _bounded(left.total_seconds())


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST_S)
