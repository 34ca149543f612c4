from __future__ import annotations

import pytest

from services.enrich.domain.reports import reports
from tests.unit.enrich.stories import text_article
from tocsin.messages import (
    Actor,
    CodedEvent,
    EnrichedArticle,
    Plover,
    ReportStatus,
    Scope,
    Telling,
    TimeType,
    When,
    reference,
    report_id,
)

ARTICLE = reference(text_article("Said."))


def event(source, target, plover=Plover.ACCUSE, scope=Scope.INTERSTATE, place=None):
    return CodedEvent(
        id=f"{source}>{target}",
        plover=plover,
        cameo="11",
        status=ReportStatus.ASSERTED,
        time=When(type=TimeType.CURRENT),
        scope=scope,
        telling=Telling.MAIN,
        score=-2.0,
        confidence=1.0,
        evidence=(),
        source=Actor(code=source, text=source) if source else None,
        target=Actor(code=target, text=target) if target else None,
        place=place,
    )


def told(*events):
    enriched = EnrichedArticle(article=ARTICLE, coder="c", relevant=True, events=events)
    return {each.dyad: [one.id for one in each.events] for each in reports(enriched)}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (event("VEN.GOV", "USA"), {"USA-VEN": ["VEN.GOV>USA"]}),
        (event("VEN", "VEN", scope=Scope.INTERNAL), {}),
        (event("VEN", None), {}),
        (event("USA", "CRM@VEN", scope=Scope.TRANSNATIONAL), {"USA-VEN": ["USA>CRM@VEN"]}),
        (event("USA", "CRM", scope=Scope.TRANSNATIONAL, place="VEN"), {"USA-VEN": ["USA>CRM"]}),
        (event("USA", "CRM", scope=Scope.TRANSNATIONAL), {}),
        (event("USA", "IGO"), {}),
    ],
)
def test_an_event_belongs_to_the_pair_that_it_ties(one, expected):
    assert told(one) == expected


def test_what_is_offered_to_no_single_state_comes_last_in_the_reports_of_its_source():
    offer = event("VEN.GOV", "ngb:VEN", Plover.AGREE)

    assert told(offer, event("USA", "VEN"), event("IND", "PAK")) == {
        "USA-VEN": ["USA>VEN", "VEN.GOV>ngb:VEN"],
        "IND-PAK": ["IND>PAK"],
    }


def test_an_offer_alone_makes_no_pair():
    assert told(event("VEN.GOV", "ngb:VEN", Plover.AGREE)) == {}


def test_a_report_is_known_by_its_article_its_pair_and_its_coder():
    enriched = EnrichedArticle(
        article=ARTICLE, coder="c", relevant=True, events=(event("USA", "VEN"),)
    )

    assert [each.id for each in reports(enriched)] == [report_id(ARTICLE, "USA-VEN", "c")]
