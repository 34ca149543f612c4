"""Stories without Redis: the texts of a file read in order of publication, the newest of them."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from typing import TypeVar

from services.ingest.domain.story import Telling, Text, settle

V = TypeVar("V")
_DAY_S = 24 * 3600


class RecentStories:
    """As `stories.Stories` for one reader. `texts` bounds each of two generations."""

    def __init__(self, *, days: int, texts: int) -> None:
        self._window_s = days * _DAY_S
        self._texts: _Newest[Text] = _Newest()
        self._buckets: _Newest[bytes] = _Newest()
        self._most = texts

    def assign(self, tellings: Sequence[Telling]) -> tuple[str, ...]:
        """The story of each article in turn: the id of the first that told it."""
        settled = settle(tellings, self._texts, self._buckets, window_s=self._window_s)
        if self._texts.young >= self._most:
            self._texts.turn()
            self._buckets.turn()
        return settled.stories


class _Newest(MutableMapping[bytes, V]):
    """What was put in since the turn before the last; what is asked for does not stay for it."""

    def __init__(self) -> None:
        self._old: dict[bytes, V] = {}
        self._now: dict[bytes, V] = {}

    @property
    def young(self) -> int:
        """How many were put in since the last turn."""
        return len(self._now)

    def turn(self) -> None:
        """Forgets what was put in before the last turn."""
        self._old, self._now = self._now, {}

    def __getitem__(self, key: bytes) -> V:
        return self._now[key] if key in self._now else self._old[key]

    def __setitem__(self, key: bytes, value: V) -> None:
        self._now[key] = value

    def __delitem__(self, key: bytes) -> None:
        self._now.pop(key, None)
        self._old.pop(key, None)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._old | self._now)

    def __len__(self) -> int:
        return len(self._old | self._now)
