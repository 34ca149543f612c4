"""The topology as one table. Topics are created from it, never by auto-creation."""

from __future__ import annotations

from typing import Final

import msgspec

from tocsin.messages import Alert, Article, EnrichedArticle, EventReport, LevelReport, Message

_DAY_MS: Final = 24 * 3600 * 1000


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic: who writes it, who reads it, and how long it is kept (None: compacted)."""

    name: str
    message: type[Message]
    key: str
    written_by: str
    read_by: tuple[str, ...]
    partitions: int
    retention_ms: int | None

    def dead_letters(self, service: str) -> str:
        """The topic for what `service` could not use of this one."""
        return f"{self.name}.{service}.dlq"


ARTICLES: Final = Topic(
    name="tocsin.articles.v1",
    message=Article,
    key="article id",
    written_by="ingest",
    read_by=("enrich",),
    partitions=4,
    retention_ms=7 * _DAY_MS,
)
ENRICHED: Final = Topic(
    name="tocsin.enriched.v1",
    message=EnrichedArticle,
    key="article id",
    written_by="enrich",
    read_by=("alert",),  # which articles there are, and of which pairs they tell
    partitions=4,
    retention_ms=7 * _DAY_MS,
)
EVENTS: Final = Topic(
    name="tocsin.events.v1",
    message=EventReport,
    key="dyad",
    written_by="enrich",
    read_by=("alert",),
    partitions=4,
    retention_ms=120 * _DAY_MS,  # longer than the 90-day baseline, so that a rebuild has it all
)
ALERTS: Final = Topic(
    name="tocsin.alerts.v1",
    message=Alert,
    key="dyad",
    written_by="alert",
    read_by=(),
    partitions=4,
    retention_ms=90 * _DAY_MS,
)
LEVELS: Final = Topic(
    name="tocsin.levels.v1",
    message=LevelReport,
    key="dyad (dyad@run for a replay)",
    written_by="alert",
    read_by=(),
    partitions=4,
    retention_ms=None,
)

TOPICS: Final = (ARTICLES, ENRICHED, EVENTS, ALERTS, LEVELS)

DEAD_LETTER_RETENTION_MS: Final = 30 * _DAY_MS
# What ingest refuses never was a record, so its dead letters hang on the topic it writes.
DEAD_LETTER_TOPICS: Final = (
    ARTICLES.dead_letters("ingest"),
    *(topic.dead_letters(service) for topic in TOPICS for service in topic.read_by),
)
