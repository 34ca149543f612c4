"""Memories without Redis; tests/integration holds them to the real."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from services.ingest.domain.story import Text, settle
from services.ingest.feed_state import Lease
from tocsin.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from services.ingest.domain.entries import Remembered
    from services.ingest.domain.story import Telling
    from services.ingest.feed_state import Cursor
    from services.ingest.seen import Known


class FakeSeen:
    """As services.ingest.seen.Seen. Set `away` to have it answer nobody."""

    def __init__(self) -> None:
        self.away = False
        self._ids: dict[tuple[str, str], Known] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._files: dict[str, str] = {}

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

    def file_states(self, names: Sequence[str]) -> list[str | None]:
        self._answer()
        return [self._files.get(each) for each in names]

    def mark_file(self, name: str, state: str = "1") -> None:
        self._answer()
        self._files[name] = state

    def keep_files(self, names: Sequence[str]) -> None:
        self._answer()

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


class FakeFeedState:
    """As services.ingest.feed_state.FeedState. Set `away` to have it answer nobody."""

    def __init__(self) -> None:
        self.away = False
        self.renewed: dict[str, int] = {}  # how often a feed's entries were kept for longer
        self._due: dict[str, float] = {}
        self._leases: dict[str, str] = {}
        self._cursors: dict[str, Cursor] = {}
        self._entries: dict[str, dict[str, Remembered]] = {}
        self._tokens = itertools.count()

    def enrol(self, urls: Mapping[str, str], now: datetime) -> None:
        self._answer()
        for name, url in urls.items():
            known = self._cursors.get(name)
            if known and known.url != url and name not in self._leases:
                self._due[name] = min(now.timestamp(), self._due.get(name, now.timestamp()))

    def claim(
        self, names: Sequence[str], count: int, *, now: datetime, lease_s: float
    ) -> list[Lease]:
        self._answer()
        at = now.timestamp()
        due = sorted((self._due.get(each, at), place, each) for place, each in enumerate(names))
        token = str(next(self._tokens))
        taken = [Lease(name, token) for when, _, name in due if when <= at][: max(0, count)]
        for each in taken:
            self._due[each.name] = at + lease_s
            self._leases[each.name] = token
        return taken

    def renew(self, leases: Sequence[Lease], *, now: datetime, lease_s: float) -> list[bool]:
        self._answer()
        held = [self._leases.get(each.name) == each.token for each in leases]
        for each, holds in zip(leases, held, strict=True):
            if holds:
                self._due[each.name] = now.timestamp() + lease_s
        return held

    def finish(self, lease: Lease, due: datetime, cursor: Cursor | None = None) -> bool:
        self._answer()
        if self._leases.get(lease.name) != lease.token:
            return False
        del self._leases[lease.name]
        self._due[lease.name] = due.timestamp()
        if cursor:
            self._cursors[lease.name] = cursor
        return True

    def cursors(self, names: Sequence[str]) -> dict[str, Cursor]:
        self._answer()
        return {each: self._cursors[each] for each in names if each in self._cursors}

    def entries(self, name: str) -> dict[str, Remembered]:
        self._answer()
        return dict(self._entries.get(name, {}))

    def remember(self, name: str, entries: Mapping[str, Remembered]) -> None:
        self._answer()
        self._entries.setdefault(name, {}).update(entries)

    def forget(self, name: str, keys: Sequence[str]) -> None:
        self._answer()
        for key in keys:
            self._entries.get(name, {}).pop(key, None)

    def renew_entries(self, name: str) -> None:
        self._answer()
        self.renewed[name] = self.renewed.get(name, 0) + 1

    def close(self) -> None:
        pass

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("the fake feed state is away")
