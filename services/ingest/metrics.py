"""What ingest counts. Labels are closed sets, there with 0 from the start."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram

from services.ingest.domain.rhythm import Status
from services.ingest.fetch.result import Trouble
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


class Poll(StrEnum):
    """What a poll of a feed came to, if it did not fail."""

    NEWS = "news"
    NOTHING_NEW = "nothing_new"
    NOT_MODIFIED = "not_modified"
    UNAVAILABLE = "unavailable"  # broker or Redis are away: it is polled again
    LEASE_LOST = "lease_lost"  # it took so long that another worker polls it
    FELL_OVER = "fell_over"  # an error of ours


class PageOutcome(StrEnum):
    """What came of the page behind an entry."""

    FOUND = "found"
    NO_BETTER = "no_better"  # it says less than the entry
    FAILED = "failed"
    LATER = "later"  # the poll had enough of pages


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
FOLDERS_DEGRADED = Gauge(
    "tocsin_ingest_folders_degraded", "Drop folders that cannot be read, or not be published from."
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
POLLS = Counter("tocsin_ingest_polls_total", "Polls of feeds, by what they came to.", ["outcome"])
POLL_SECONDS = Histogram(
    "tocsin_ingest_poll_seconds",
    "Time of a poll: fetch, parse, pages, publishing.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
PAGES = Counter(
    "tocsin_ingest_pages_total", "Pages behind entries of feeds, by outcome.", ["outcome"]
)
SOURCES = Gauge(
    "tocsin_ingest_sources",
    "Feeds by status. Workers that share the feeds all show them all: take the maximum.",
    ["status"],
)
PUBLICATION_LAG = Histogram(
    "tocsin_ingest_publication_lag_seconds",
    "From the publication that a watched feed tells to ours.",
    buckets=(30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21_600, 86_400),
)

for _poll in (*Poll, *Trouble):
    POLLS.labels(_poll.value)
for _page in PageOutcome:
    PAGES.labels(_page.value)
for _feed in Status:
    SOURCES.labels(_feed.value).set(0)
for _outcome in Outcome:
    ARTICLES.labels(_outcome.value)
for _story in StoryOutcome:
    STORIES.labels(_story.value)
for _reason in Reason:
    DEAD_LETTERS.labels(_reason.value)
