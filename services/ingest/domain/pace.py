"""When the next article of a replay is due: publication time, scaled."""

from __future__ import annotations

from datetime import datetime


def gap_s(
    before: datetime | None, after: datetime | None, *, speed: float, max_gap_s: float | None
) -> float:
    """Seconds to wait between two articles; `speed` is seconds of the feed a second, 0 no wait.

    An article without a time follows at once.
    """
    if speed == 0 or before is None or after is None:
        return 0.0
    gap = max(0.0, (after - before).total_seconds() / speed)
    return gap if max_gap_s is None else min(gap, max_gap_s)
