"""What enrich counts. Labels are closed sets, there with 0 from the start."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter, Histogram

from tocsin.errors import Reason
from tocsin.messages import Plover


class Outcome(StrEnum):
    """What became of an article."""

    CODED = "coded"
    IRRELEVANT = "irrelevant"
    FOREIGN = "foreign"  # in a language that is not coded
    DEAD = "dead"


ARTICLES = Counter(
    "tocsin_enrich_articles_total", "Articles read, by what became of them.", ["outcome"]
)
EVENTS = Counter("tocsin_enrich_events_total", "Events coded, by PLOVER class.", ["plover"])
DEAD_LETTERS = Counter(
    "tocsin_enrich_dead_letters_total", "Records refused, by reason.", ["reason"]
)
BATCH_SECONDS = Histogram("tocsin_enrich_batch_seconds", "Time to code a batch.")
POOL_RESTARTS = Counter(
    "tocsin_enrich_pool_restarts_total", "Times the coder processes had to be replaced."
)

for _outcome in Outcome:
    ARTICLES.labels(_outcome.value)
for _plover in Plover:
    EVENTS.labels(_plover.value)
for _reason in Reason:
    DEAD_LETTERS.labels(_reason.value)
