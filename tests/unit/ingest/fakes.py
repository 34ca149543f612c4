"""Memories without Redis; tests/integration/test_seen.py and test_stories.py hold them to the real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.ingest.domain.story import Text, settle
from tocsin.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.ingest.domain.story import Telling
    from services.ingest.seen import Known


class FakeSeen:
    """As services.ingest.seen.Seen. Set `away` to have it answer nobody."""

    def __init__(self) -> None:
        self.away = False
        self._ids: dict[tuple[str, str], Known] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._files: set[str] = set()

    def known(self, scope: str, ids: Sequence[str]) -> list[Known | None]:
        self._answer()
        return [self._ids.get((scope, each)) for each in ids]

    def copies(self, scope: str, fingerprints: Sequence[str]) -> list[str | None]:
        self._answer()
        return [self._texts.get((scope, each)) for each in fingerprints]

    def mark(self, scope: str, articles: Sequence[tuple[str, Known]]) -> None:
        self._answer()
        for key, known in articles:
            self._ids[scope, key] = known
            self._texts.setdefault((scope, known.fingerprint), key)

    def file_done(self, name: str) -> bool:
        self._answer()
        return name in self._files

    def mark_file(self, name: str) -> None:
        self._answer()
        self._files.add(name)

    def close(self) -> None:
        pass

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("the fake memory is away")


class FakeStories:
    """As services.ingest.stories.Stories, without bound and end. Set `away` as above."""

    def __init__(self, *, days: int = 3) -> None:
        self.away = False
        self._window_s = days * 24 * 3600
        self._kept: dict[str, tuple[dict[bytes, Text], dict[bytes, bytes]]] = {}

    def assign(self, scope: str, tellings: Sequence[Telling]) -> tuple[str, ...]:
        if self.away:
            raise Unavailable("the fake memory is away")
        texts, buckets = self._kept.setdefault(scope, ({}, {}))
        return settle(tellings, texts, buckets, window_s=self._window_s).stories

    def close(self) -> None:
        pass
