"""Sight: when nothing was heard of any source. Blind is not calm: such time is not quiet.

How it is told from quiet: docs/decisions/alert-blind-is-no-article-at-all.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.alert.domain.claims import Claim
from services.alert.domain.fading import NEVER

_KEPT_FOR: Final = timedelta(days=90)  # longer than any claim lives
_MOST: Final = 50

Blanks = tuple[tuple[datetime, datetime], ...]


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """The newest publication that was heard of, and the stretches in which there was none.

    A stretch begins `blind_after` after the last publication before it.
    """

    seen_until: datetime | None = None
    blind_after: timedelta = timedelta(hours=24)
    pauses: Blanks = ()

    def blind_since(self, now: datetime) -> datetime | None:
        """Since when nothing has been heard, if that is too long."""
        if self.seen_until is None or now - self.seen_until <= self.blind_after:
            return None
        return self.seen_until + self.blind_after

    def blanks(self, now: datetime) -> Blanks:
        """The stretches without sight, the present one without an end."""
        since = self.blind_since(now)
        return self.pauses if since is None else (*self.pauses, (since, NEVER))


CLEAR: Final = Sight()


def saw(sight: Sight, published: datetime) -> Sight:
    """The sight after one more publication; old ones tell nothing new."""
    seen = sight.seen_until
    if seen is not None and published <= seen:
        return sight
    since = sight.blind_since(published)
    pauses = sight.pauses if since is None else (*sight.pauses, (since, published))
    kept = tuple(each for each in pauses if each[1] > published - _KEPT_FOR)
    return msgspec.structs.replace(sight, seen_until=published, pauses=kept[-_MOST:])


def paused(claims: Iterable[Claim], blanks: Blanks) -> Iterable[Claim]:
    """The claims with the blanks in which they do not fade."""
    return [_paused(each, blanks) for each in claims] if blanks else claims


def _paused(claim: Claim, blanks: Blanks) -> Claim:
    own = tuple((max(start, claim.at), end) for start, end in blanks if end > claim.at)
    return claim if own == claim.pauses else msgspec.structs.replace(claim, pauses=own)
