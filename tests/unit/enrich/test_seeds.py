from __future__ import annotations

import pytest

from services.enrich.domain.reports import reports
from services.enrich.nlp import Coder
from tests.quality.cleaned import cleaned
from tests.unit.enrich.stories import PUBLISHED, edited, shuffled, story
from tocsin.messages import (
    AttributionKind,
    CodedEvent,
    Plover,
    ReportStatus,
    Scope,
    Telling,
    TimeType,
)

FRESH = {
    ReportStatus.ASSERTED,
    ReportStatus.ORDERED,
    ReportStatus.ANNOUNCED,
    ReportStatus.THREATENED,
}
SHAPES = {
    "as they came": str,
    "edited": edited,
    "edited and shuffled": lambda text: shuffled(edited(text)),
}


@pytest.fixture(scope="module", params=SHAPES)
def told(request, coder: Coder) -> dict[str, list[CodedEvent]]:
    """The USA-VEN report of each seed, by its number, files renamed."""
    shape = SHAPES[request.param]
    articles = [
        story(name, text=shape(cleaned(name)), ident=f"file-{k}")
        for k, name in enumerate(PUBLISHED)
    ]
    enriched = coder.enrich(articles)
    found = {}
    for name, one in zip(PUBLISHED, enriched, strict=True):
        pairs = {report.dyad: list(report.events) for report in reports(one)}
        assert tuple(pairs) == one.dyads
        found[name[:3]] = pairs.get("USA-VEN", [])
    return found


def fresh(events: list[CodedEvent], plover: Plover, source: str) -> list[CodedEvent]:
    return [
        event
        for event in events
        if event.plover is plover
        and event.source
        and event.source.code.startswith(source)
        and event.status in FRESH
        and event.time.type is not TimeType.HISTORICAL
    ]


def test_the_reward_for_a_head_of_state_is_a_certain_threat(told):
    threat = fresh(told["000"], Plover.THREATEN, "USA")[0]

    assert threat.mode == "arrest"
    assert threat.time.type is TimeType.BACKGROUND
    assert threat.confidence == 1.0
    assert threat.magnitude[0].unit == "USD"


def test_a_warning_of_a_threat_accuses_who_makes_it(told):
    assert fresh(told["000"], Plover.ACCUSE, "VEN")


@pytest.mark.parametrize("plover", [Plover.MOBILIZE, Plover.ASSAULT, Plover.THREATEN])
def test_a_police_offensive_at_home_threatens_no_other_state(told, plover):
    assert not fresh(told["000"], plover, "VEN")
    assert not fresh(told["000"], Plover.ASSAULT, "USA")


@pytest.mark.parametrize("source", ["USA", "VEN"])
def test_warships_and_militia_are_a_mobilisation_each_way(told, source):
    events = fresh(told["004"], Plover.MOBILIZE, source)

    assert any(event.confidence == 1.0 for event in events)
    assert any(event.attribution.kind is not AttributionKind.ANONYMOUS for event in events)


def test_old_history_is_not_news(told):
    assert not fresh(told["004"], Plover.ASSAULT, "")


def test_a_militia_called_up_in_answer_to_another_state_is_aimed_at_it(told):
    events = fresh(told["002"], Plover.MOBILIZE, "VEN")

    assert any(event.confidence == 1.0 and event.target.code == "USA" for event in events)
    assert any(
        one.unit == "persons" and one.value > 1_000_000
        for event in events
        for one in event.magnitude
    )


def test_boats_sunk_off_a_coast_are_a_use_of_force_not_directed_at_its_state(told):
    sunk = fresh(told["003"], Plover.ASSAULT, "USA")

    assert [event.directed_at_state for event in sunk] == [False]
    assert (sunk[0].telling, sunk[0].time.type, sunk[0].confidence) == (
        Telling.MAIN,
        TimeType.BACKGROUND,
        1.0,
    )
    assert told["003"][0] == sunk[0]


def test_bombings_told_in_passing_are_a_mention_and_the_threat_is_a_threat(told):
    assert fresh(told["001"], Plover.THREATEN, "USA")
    assert all(
        event.telling is Telling.MENTION for event in fresh(told["001"], Plover.ASSAULT, "USA")
    )


def test_an_offer_to_neighbours_and_sanctions_on_a_gang_belong_to_no_pair(coder):
    (one,) = coder.enrich([story("001_69767b5be754d303.txt")])

    offer = next(event for event in one.events if event.plover is Plover.AGREE)
    assert (offer.status, offer.source.code, offer.target.code) == (
        ReportStatus.OFFERED,
        "VEN.GOV",
        "ngb:VEN",
    )
    sanction = next(event for event in one.events if event.plover is Plover.SANCTION)
    assert (sanction.scope, sanction.directed_at_state) == (Scope.TRANSNATIONAL, False)


def test_evidence_is_the_articles_own_words(coder):
    for name in PUBLISHED:
        article = story(name)
        (one,) = coder.enrich([article])

        assert one.events
        for event in one.events:
            for evidence in event.evidence:
                assert article.text[evidence.start : evidence.end] == evidence.text


def test_the_same_article_gives_the_same_bytes(coder):
    articles = [story(name) for name in PUBLISHED]

    assert coder.enrich(articles) == [coder.enrich([one])[0] for one in articles]
