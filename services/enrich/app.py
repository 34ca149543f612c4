"""Enrich in its steps: decode, code, publish what was found of each article and of each pair."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from services.enrich import metrics
from services.enrich.domain.reports import reports
from services.enrich.domain.wire import FOREIGN
from services.enrich.metrics import Outcome
from tocsin import bus, topics
from tocsin.errors import BadMessage
from tocsin.messages import Article, EnrichedArticle
from tocsin.streams import Result

Code = Callable[[Sequence[Article]], Awaitable[Sequence[EnrichedArticle | BadMessage]]]


class Enricher:
    """One result for each record of a batch; nothing is kept between batches."""

    def __init__(self, code: Code) -> None:
        self._code = code

    async def handle(self, records: Sequence[bus.Record]) -> list[Result]:
        """The enriched article and its reports for each record, or why it was refused."""
        decoded = [_decode(record) for record in records]
        articles = [each for each in decoded if isinstance(each, Article)]
        with metrics.BATCH_SECONDS.time():
            coded = iter(await self._code(articles) if articles else [])
        results: list[Result] = []
        for record, each in zip(records, decoded, strict=True):
            found = next(coded) if isinstance(each, Article) else each
            results.append(found if isinstance(found, BadMessage) else _outgoing(record, found))
        return results


def _decode(record: bus.Record) -> Article | BadMessage:
    try:
        return bus.received(record, topics.ARTICLES, Article)
    except BadMessage as error:
        return error


def _outgoing(record: bus.Record, enriched: EnrichedArticle) -> list[bus.Outgoing]:
    _count(enriched)
    trace = record.header("traceparent")
    article = enriched.article
    return [
        bus.outgoing(
            topics.ENRICHED,
            article.id,
            enriched,
            id=f"{article.id}.{article.revision}",
            at=article.published_at,
            traceparent=trace,
        ),
        *(
            bus.outgoing(
                topics.EVENTS,
                each.dyad,
                each,
                id=each.id,
                at=article.published_at,
                traceparent=trace,
            )
            for each in reports(enriched)
        ),
    ]


def _count(enriched: EnrichedArticle) -> None:
    metrics.ARTICLES.labels(_outcome(enriched).value).inc()
    for event in enriched.events:
        metrics.EVENTS.labels(event.plover.value).inc()


def _outcome(enriched: EnrichedArticle) -> Outcome:
    if FOREIGN in enriched.flags:
        return Outcome.FOREIGN
    return Outcome.CODED if enriched.relevant else Outcome.IRRELEVANT
