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


ARTICLES = Counter(
    "tocsin_ingest_articles_total", "Articles met, by what became of them.", ["outcome"]
)
DEAD_LETTERS = Counter("tocsin_ingest_dead_letters_total", "Inputs refused, by reason.", ["reason"])
BATCH_SECONDS = Histogram(
    "tocsin_ingest_batch_seconds", "Time to clean, check and publish a batch."
)

for _outcome in Outcome:
    ARTICLES.labels(_outcome.value)
for _reason in Reason:
    DEAD_LETTERS.labels(_reason.value)
