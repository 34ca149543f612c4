from __future__ import annotations

import asyncio

import pytest

from services.enrich import metrics
from services.enrich.app import Enricher
from services.enrich.metrics import Outcome
from tests.unit.enrich.stories import text_article
from tocsin import bus, topics

ARTICLE = text_article("Any text.")


def read(coder, text):
    """The outcome that was counted for one article on the wire."""
    article = text_article(text)
    out = bus.outgoing(topics.ARTICLES, article.id, article, id="1", at=article.published_at)
    record = bus.Record(
        topic=topics.ARTICLES.name,
        partition=0,
        offset=0,
        key=out.key,
        value=out.value,
        headers=out.headers,
    )

    async def code(articles):
        return coder.enrich(articles)

    before = {each: metrics.ARTICLES.labels(each.value)._value.get() for each in Outcome}
    asyncio.run(Enricher(code).handle([record]))
    return [
        each for each in Outcome if metrics.ARTICLES.labels(each.value)._value.get() > before[each]
    ]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Chad bombed Sudan on Monday.", Outcome.CODED),
        ("The weather was mild.", Outcome.IRRELEVANT),
        (
            "El gobierno de Chad moviliza a las tropas en la frontera con Sudán, según los vecinos del sur.",
            Outcome.FOREIGN,
        ),
    ],
)
def test_each_article_is_counted_by_what_became_of_it(coder, text, outcome):
    assert read(coder, text) == [outcome]
