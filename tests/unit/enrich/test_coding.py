from __future__ import annotations

import pytest

from services.enrich.domain.reports import reports
from tests.unit.enrich.stories import text_article
from tocsin.messages import AttributionKind, Bound, Plover, ReportStatus, Telling, TimeType


def first(coder, text: str, plover: Plover, published: str | None = "2025-09-27"):
    (one,) = coder.enrich([text_article(text, published)])
    return next(event for event in one.events if event.plover is plover)


@pytest.mark.parametrize(
    ("when", "kind", "date"),
    [
        ("on Friday", TimeType.CURRENT, "2025-09-26"),
        ("on Monday", TimeType.BACKGROUND, "2025-09-22"),
        ("yesterday", TimeType.CURRENT, "2025-09-26"),
        ("last month", TimeType.BACKGROUND, "2025-08-01/2025-08-31"),
        ("in March", TimeType.BACKGROUND, "2025-03-01/2025-03-31"),
        ("in 2018", TimeType.HISTORICAL, "2018"),
        ("three days ago", TimeType.CURRENT, "2025-09-24"),
        ("two years ago", TimeType.HISTORICAL, "2023-09-28"),
        ("on September 1", TimeType.BACKGROUND, "2025-09-01"),
        ("on 3 May 2019", TimeType.HISTORICAL, "2019-05-03"),
    ],
)
def test_a_date_is_resolved_against_publication(coder, when, kind, date):
    event = first(coder, f"Russia attacked Ukraine {when}.", Plover.ASSAULT)

    assert (event.time.type, event.time.date) == (kind, date)


def test_without_publication_only_years_tell_the_time(coder):
    event = first(coder, "Russia attacked Ukraine in 2018.", Plover.ASSAULT, None)
    undated = first(coder, "Russia attacked Ukraine on Monday.", Plover.ASSAULT, None)

    assert (event.time.type, event.time.date) == (TimeType.HISTORICAL, "2018")
    assert undated.time.date is None


@pytest.mark.parametrize(
    ("words", "value", "unit", "bound"),
    [
        ("more than 4,000 troops", 4000, "persons", Bound.LOWER),
        ("three destroyers", 3, "warships", Bound.EXACT),
        ("about 40 tanks", 40, "tanks", Bound.APPROX),
        ("up to 5,000 soldiers", 5000, "persons", Bound.UPPER),
        ("1.5 million reservists", 1_500_000, "persons", Bound.EXACT),
        ("two submarines", 2, "submarines", Bound.EXACT),
    ],
)
def test_a_count_has_its_unit_and_bound(coder, words, value, unit, bound):
    event = first(coder, f"Russia sent {words} to the border with Poland.", Plover.MOBILIZE)

    assert [(one.value, one.unit, one.bound) for one in event.magnitude] == [(value, unit, bound)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Russia attacked Ukraine, sources said.", AttributionKind.ANONYMOUS),
        ("According to U.S. officials, Russia attacked Ukraine.", AttributionKind.ANONYMOUS),
        ("It is reported that Russia attacked Ukraine.", AttributionKind.ANONYMOUS),
        ("Russia attacked Ukraine, President Zelensky said.", AttributionKind.OFFICIAL),
        ("Russia attacked Ukraine.", AttributionKind.NARRATOR),
    ],
)
def test_who_vouches_is_told(coder, text, kind):
    assert first(coder, text, Plover.ASSAULT).attribution.kind is kind


def test_one_deed_told_three_times_is_one_event_with_three_evidences(coder):
    text = (
        "Russia attacked Ukraine on Friday. Russian forces attacked Ukraine with missiles on Friday. "
        "Russia has attacked Ukraine."
    )
    (one,) = coder.enrich([text_article(text)])

    assaults = [event for event in one.events if event.plover is Plover.ASSAULT]
    assert len(assaults) == 1
    assert len(assaults[0].evidence) == 3


def test_a_deed_named_in_passing_is_a_mention(coder):
    event = first(coder, "Oil rose on Friday after air strikes by Israel on Syria.", Plover.ASSAULT)

    assert event.telling is Telling.MENTION


def test_the_leader_in_office_that_day_is_meant(coder):
    before = first(coder, "Bush threatened Iran.", Plover.THREATEN, "2008-08-01")

    assert before.source.code == "USA.GOV"


def test_a_person_introduced_by_title_is_known_by_surname_after(coder):
    text = (
        "Kenyan Foreign Minister Amos Wetangu spoke on Friday. Wetangu accused Somalia of piracy."
    )

    assert first(coder, text, Plover.ACCUSE).source.code == "KEN.GOV"


def test_us_is_no_state_and_intimidating_no_date(coder):
    (one,) = coder.enrich([text_article("They told us to attack the problem with vigour.")])

    assert one.dyads == ()


def test_an_internal_event_is_in_no_report(coder):
    (one,) = coder.enrich([text_article("Egypt declared a state of emergency on Friday.")])

    assert one.events
    assert reports(one) == []


def test_another_language_gives_names_and_no_events(coder):
    text = "El presidente de Venezuela dijo que las tropas del país están en la frontera con los vecinos."
    (one,) = coder.enrich([text_article(text)])

    assert one.events == ()
    assert "language" in one.flags
    assert any(entity.code == "VEN" for entity in one.entities)


def test_cues_are_words_and_never_parts_of_words(coder):
    (one,) = coder.enrich([text_article("Iran was intimidating; a warden attacked Israel.")])

    assert [cue.lemma for cue in one.cues] == ["attack"]


def test_report_ids_are_the_same_for_the_same_revision(coder):
    article = text_article("Russia attacked Ukraine on Friday.", ident="x")
    (a,), (b,) = coder.enrich([article]), coder.enrich([article])

    assert [report.id for report in reports(a)] == [report.id for report in reports(b)]
    assert [report.dyad for report in reports(a)] == ["RUS-UKR"]
    assert a.events[0].status is ReportStatus.ASSERTED


def test_a_deed_told_once_far_below_the_lead_is_coded(coder):
    other = "The city council will vote on the new tram line before the summer break. "
    deed = "Iran deployed 3,200 troops to its border with Turkey on Monday. "

    (one,) = coder.enrich([text_article(other * 8 + deed + other * 8)])

    assert [(event.plover, event.evidence[0].text) for event in one.events] == [
        (Plover.MOBILIZE, deed.strip())
    ]
