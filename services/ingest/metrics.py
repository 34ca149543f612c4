"""What ingest counts. Labels are closed sets, there with 0 from the start."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram

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
PUSH_REQUESTS = Counter(
    "tocsin_ingest_push_requests_total", "Requests to the push API, by HTTP status.", ["status"]
)
PUSH_SECONDS = Histogram(
    "tocsin_ingest_push_seconds", "Time from a push's head to its answer, Kafka's word included."
)
PUSH_WAITING = Gauge(
    "tocsin_ingest_push_waiting", "Pushed articles that wait for their turn to be published."
)
# Every status the push API answers.
PUSH_STATUSES = (200, 202, 400, 401, 404, 405, 408, 409, 413, 415, 422, 429, 500, 503)

for _status in PUSH_STATUSES:
    PUSH_REQUESTS.labels(str(_status))
for _outcome in Outcome:
    ARTICLES.labels(_outcome.value)
for _story in StoryOutcome:
    STORIES.labels(_story.value)
for _reason in Reason:
    DEAD_LETTERS.labels(_reason.value)
