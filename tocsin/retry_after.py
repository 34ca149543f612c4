"""When whoever asks to be left alone may be asked again."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime


def retry_after_s(header: str | None, now: datetime, *, longest_s: float) -> float | None:
    """A Retry-After header, seconds or a date, as seconds from now; None if it is neither."""
    if header is None:
        return None
    try:
        if header.strip().isdigit():
            wait_s = float(header)
        else:
            wait_s = (parsedate_to_datetime(header) - now).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait_s, 0.0), longest_s)
