"""What stands in for broker and Redis in a check: nothing is published, and all is forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from services.ingest.domain.story import Telling, Text, settle
from services.ingest.seen import Known
from tocsin import bus

_DAY_S = 24 * 3600


class Unpublished:
    """Takes records as the broker would, and drops them."""

    def publish(self, batch: Sequence[bus.Outgoing], timeout_s: float = 30.0) -> None:
        """Nothing happens."""


class Met:
    """The articles of this check, as `seen.Seen` remembers those of all days."""

    def __init__(self) -> None:
        self._ids: dict[str, Known] = {}
        self._texts: dict[str, str] = {}

    def known(self, scope: str, ids: Sequence[str]) -> list[Known | None]:
        """What is remembered of each id."""
        del scope  # there is only this one
        return [self._ids.get(each) for each in ids]

    def copies(self, scope: str, fingerprints: Sequence[str]) -> list[str | None]:
        """The id under which each text was first met, if it was."""
        del scope
        return [self._texts.get(each) for each in fingerprints]

    def mark(self, scope: str, articles: Sequence[tuple[str, Known]]) -> None:
        """Remembers that these were met."""
        del scope
        for key, known in articles:
            self._ids[key] = known
            self._texts.setdefault(known.fingerprint, key)

    def file_states(self, names: Sequence[str]) -> list[str | None]:
        """How far each file was taken: not at all."""
        return [None for _ in names]

    def mark_file(self, name: str, state: str) -> None:
        """Nothing: a check reads each file once."""

    def keep_files(self, names: Sequence[str]) -> None:
        """Nothing."""


class Told:
    """The stories of this check, as `stories.Stories` keeps those of the last days."""

    def __init__(self, *, days: int) -> None:
        self._window_s = days * _DAY_S
        self._texts: dict[bytes, Text] = {}
        self._buckets: dict[bytes, bytes] = {}

    def assign(self, scope: str, tellings: Sequence[Telling]) -> tuple[str, ...]:
        """The story of each."""
        del scope
        return settle(tellings, self._texts, self._buckets, window_s=self._window_s).stories
