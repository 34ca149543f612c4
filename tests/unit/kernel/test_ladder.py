from __future__ import annotations

from datetime import UTC, datetime

from tocsin import bus, topics
from tocsin.local.demo import Ladder
from tocsin.messages import (
    ArticleRef,
    Citation,
    EnrichedArticle,
    Evidence,
    LevelReport,
    LevelState,
    encode,
    report_id,
)

CODER = "1"


def reference(name, day=1):
    return ArticleRef(id=name, guid=f"{name}.txt", published_at=datetime(2025, 8, day, tzinfo=UTC))


def record(topic, message):
    return bus.Record(topic=topic.name, partition=0, offset=0, key=None, value=encode(message))


def enriched(article, *dyads):
    return record(
        topics.ENRICHED,
        EnrichedArticle(article=article, coder=CODER, relevant=bool(dyads), dyads=dyads),
    )


def level(article, number, dyad="USA-VEN"):
    return record(
        topics.LEVELS,
        LevelReport(
            dyad=dyad,
            level=number,
            name="n",
            state=LevelState.CONFIRMED,
            at=article.published_at,
            confidence=0.7,
            why="why",
            citation=Citation(
                article=article, evidence=Evidence(text="Said so.", start=0, end=8), event="e"
            ),
            report=report_id(article, dyad, CODER),
        ),
    )


def test_a_ladder_is_complete_when_every_report_of_every_article_is_answered():
    a, b = reference("a"), reference("b")
    ladder = Ladder(2)

    states = []
    for each in (enriched(a, "USA-VEN"), enriched(b), level(a, 2)):
        states.append(ladder.complete())
        ladder.take(each)

    assert states == [False, False, False]
    assert ladder.complete()


def test_rows_come_in_order_of_publication_whatever_came_first():
    early, late = reference("z", day=1), reference("a", day=2)
    ladder = Ladder(2)

    for each in (
        level(late, 3),
        enriched(late, "USA-VEN"),
        level(early, 2),
        enriched(early, "USA-VEN"),
    ):
        ladder.take(each)

    assert [(row.article, row.level) for row, _ in ladder.steps()] == [("z.txt", 2), ("a.txt", 3)]


def test_a_level_that_comes_again_changes_nothing():
    a = reference("a")
    ladder = Ladder(1)

    for each in (enriched(a, "USA-VEN"), level(a, 2), level(a, 5), enriched(a, "USA-VEN")):
        ladder.take(each)

    assert [row.level for row, _ in ladder.steps()] == [2]


def test_a_dead_letter_answers_for_its_article():
    ladder = Ladder(1)

    ladder.take(
        bus.Record(
            topic="tocsin.articles.v1.enrich.dlq", partition=0, offset=0, key=None, value=b""
        )
    )

    assert ladder.complete()
