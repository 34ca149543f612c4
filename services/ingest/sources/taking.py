"""Takes in what a poll found: publishes it, and then remembers it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from services.ingest import metrics
from services.ingest.app import Taken, Verdict
from services.ingest.domain.entries import Remembered
from services.ingest.domain.items import Item
from services.ingest.feed_state import FeedState, Lease, LeaseLost
from services.ingest.metrics import Outcome
from services.ingest.seen import Known
from services.ingest.sources.config import FeedSource
from services.ingest.sources.drafts import Draft, article_of, intent, numbered, remembered


class Taker(Protocol):
    """Takes items in; `app.Intake` is the real one."""

    def take(self, given: Sequence[Item], *, run: str | None) -> Taken:
        """A verdict on each; when it returns they are published."""


class Published(Protocol):
    """Which articles were published; `seen.Seen` is the real one."""

    def known(self, scope: str, ids: Sequence[str]) -> list[Known | None]:
        """What is remembered of each id."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one poll may take. `days`: how long entries, and what was published, are remembered."""

    batch: int = 200
    pages: int = 20
    pages_s: float = 60.0
    lease_s: float = 60.0
    days: int = 30


class Taking:
    """The intake of what feeds bring; one batch at a time, whichever feed it is of."""

    def __init__(
        self,
        state: FeedState,
        intake: Taker,
        published: Published,
        limits: Limits,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._state = state
        self._intake = intake
        self._published = published
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()

    def take(
        self, source: FeedSource, lease: Lease, drafts: Sequence[Draft]
    ) -> tuple[tuple[Verdict, ...], dict[str, Remembered]]:
        """Takes the drafts in their order; what became of them, and what is now kept of each.

        Raises:
            Unavailable: broker or Redis are away; all can be taken again.
            LeaseLost: another worker has the feed.
        """
        verdicts: list[Verdict] = []
        after: dict[str, Remembered] = {}
        for start in range(0, len(drafts), self._limits.batch):
            with self._lock:
                told, kept = self._batch(source, lease, drafts[start : start + self._limits.batch])
            verdicts += told
            after.update(kept)
        return tuple(verdicts), after

    def _batch(
        self, source: FeedSource, lease: Lease, batch: Sequence[Draft]
    ) -> tuple[Sequence[Verdict], dict[str, Remembered]]:
        """Publishes a batch and then remembers it, as long as the feed is ours."""
        self._hold(lease)
        ids = [article_of(each.item) for each in batch if each.item]
        known = dict(zip(ids, self._published.known("live", ids), strict=True))
        adds: dict[str, Item] = {}
        intents: dict[str, Remembered] = {}
        for each in batch:
            published = known[article_of(each.item)] if each.item else None
            if each.item and each.adds(known=published is not None):
                revision = published.revision if published else 0
                item = numbered(each.item, each.change.before, revision)
                adds[each.change.key] = item
                intents[each.change.key] = intent(each, item, revision)
        self._state.remember(source.name, intents)
        taken = self._intake.take(list(adds.values()), run=None)
        outcomes = {key: verdict.outcome for key, verdict in zip(adds, taken.verdicts, strict=True)}
        now_s = int(self._clock().timestamp())
        after = {
            each.change.key: remembered(each, outcomes.get(each.change.key), now_s=now_s)
            for each in batch
        }
        self._state.remember(source.name, after)
        self._observe([each for each in batch if each.change.key in adds], taken.verdicts)
        return taken.verdicts, after

    def _hold(self, lease: Lease) -> None:
        """Who was suspended and lost the feed must not publish an old revision as the newest."""
        held = self._state.renew([lease], now=self._clock(), lease_s=self._limits.lease_s)
        if not held[0]:
            raise LeaseLost(f"{lease.name} is polled by another worker")

    def _observe(self, adds: Sequence[Draft], verdicts: Sequence[Verdict]) -> None:
        for each, verdict in zip(adds, verdicts, strict=True):
            one = verdict.article
            if verdict.outcome is Outcome.PUBLISHED and each.fresh and one and one.published_at:
                lag = (self._clock() - one.published_at).total_seconds()
                metrics.PUBLICATION_LAG.observe(max(0.0, lag))
