"""What ingest counts. Labels are closed sets, there with 0 from the start."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter, Histogram

from tocsin.errors import Reason


class Outcome(StrEnum):
    """What became of an article."""

    PUBLISHED = "published"
    REVISED = "revised"
    SEEN = "seen"
    REFUSED = "refused"


class StoryOutcome(StrEnum):
    """Whether a published article tells a story of its own, or is a near-copy of another."""

    NEW = "new"
    COPY = "copy"


ARTICLES = Counter(
    "tocsin_ingest_articles_total", "Articles met, by what became of them.", ["outcome"]
)
DEAD_LETTERS = Counter("tocsin_ingest_dead_letters_total", "Inputs refused, by reason.", ["reason"])
STORIES = Counter(
    "tocsin_ingest_stories_total", "Articles published, by whether their story is new.", ["outcome"]
)
BATCH_SECONDS = Histogram(
    "tocsin_ingest_batch_seconds", "Time to clean, check and publish a batch."
)

for _outcome in Outcome:
    ARTICLES.labels(_outcome.value)
for _story in StoryOutcome:
    STORIES.labels(_story.value)
for _reason in Reason:
    DEAD_LETTERS.labels(_reason.value)
