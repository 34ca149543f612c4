"""Headlines as wires write them: terse, without articles, and most of them not about force."""

from __future__ import annotations

import pytest

from services.enrich.domain.language.slugs import Kind, kind
from tests.unit.enrich.stories import text_article


def told(coder, text: str) -> set[tuple[str, str, str, str]]:
    """(source, target, class, status) of the headline's events between two states."""
    return {
        (each.source.state, each.target.state, each.plover.value, each.status.value)
        for each in coder.enrich([text_article(text)])[0].events
        if each.source and each.target and each.source.state != each.target.state
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Peru, Chilean troops clash near old mine", ("PER", "CHL", "ASSAULT", "asserted")),
        ("North Korea shells hit South village", ("PRK", "KOR", "ASSAULT", "asserted")),
        ("North Korea rocket fire hits South village", ("PRK", "KOR", "ASSAULT", "asserted")),
        ("Jordan to send tanks to Syria border", ("JOR", "SYR", "MOBILIZE", "planned")),
        ("Jordan army too stretched to attack Syria", ("JOR", "SYR", "ASSAULT", "negated")),
        ("India, Pakistan clash over water at summit", ("IND", "PAK", "REJECT", "asserted")),
        ("Norway jets intercept Russian bomber", ("NOR", "RUS", "MOBILIZE", "asserted")),
        ("Minister hits back at Japan over tariffs", None),
    ],
)
def test_a_headline_is_read_for_what_it_says(coder, text, expected):
    found = told(coder, text)

    assert expected in found if expected else not any(each[2] == "ASSAULT" for each in found)


@pytest.mark.parametrize(
    "text",
    [
        "Peru beats Chile to reach final",
        "Soccer-Peru strike late to sink Chile",
        "Peru takes Chile to court over fish",
        "Peru stocks hit two-year high on Chile deal",
        "Peru health report hits Chile",
        "Peru ship sinks off Chile, crew saved",
        "Two Peru tourists hurt in Chile blast",
        "Peru central bank targets Chile market",
        "Peru seizes assets of Chile mining firm",
        "Peru destroyer hits Chile freighter in fog",
        "Peru worker killed in attack on bus in Chile",
        "Peru imposed tariffs on Chile wine in retaliation for its quotas",
    ],
)
def test_no_match_market_accident_or_lawsuit_is_force(coder, text):
    found = coder.enrich([text_article(text)])[0].events

    graver = [each for each in found if each.source and each.target and each.mode == "seize"]
    assault = {(s, t) for s, t, plover, _ in told(coder, text) if plover == "ASSAULT"}
    assert not assault
    assert not graver


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TIMELINE-Wars between two neighbours", Kind.LOOKING_BACK),
        ("UPDATE 2-FACTBOX: Forces at the border", Kind.LOOKING_BACK),
        ("Women's tennis-Favourite beaten", Kind.SPORT),
        ("UPDATE 1-Troops cross border", Kind.NEWS),
        ("Analysis of samples shows poison", Kind.NEWS),
    ],
)
def test_a_slug_says_what_kind_of_story_follows(text, expected):
    assert kind(text) is expected


def test_a_chronology_opens_nothing(coder):
    events = coder.enrich([text_article("TIMELINE-Peru army attacks Chile base")])[0].events

    assert {each.telling.value for each in events} <= {"mention"}


def test_forces_sent_to_a_state_are_hardly_sent_against_it(coder):
    guests = coder.enrich([text_article("Fiji sends troops to Iraq")])[0].events
    rivals = coder.enrich([text_article("Iran sends troops to Iraq border")])[0].events

    assert [each.confidence for each in guests if each.plover == "MOBILIZE"] == [0.4]
    assert [each.confidence for each in rivals if each.plover == "MOBILIZE"] == [1.0]


def test_force_used_near_a_state_is_not_used_on_it(coder):
    inside = coder.enrich([text_article("Iran troops kill rebels in Iraq")])[0]
    beside = coder.enrich([text_article("Iran troops kill rebels near Iraq border")])[0]

    assert inside.dyads == ("IRN-IRQ",)
    assert beside.dyads == ()


def test_one_soldier_is_not_his_army(coder):
    lone = coder.enrich([text_article("Peruvian soldier kills two Chilean soldiers")])[0].events
    army = coder.enrich([text_article("Peruvian soldiers kill two Chilean soldiers")])[0].events

    assert [each.confidence for each in lone] == [0.4]
    assert [each.confidence for each in army] == [1.0]
