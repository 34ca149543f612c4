from __future__ import annotations

import pytest

from services.enrich.data import read
from services.enrich.domain.actors.gazetteer import Gazetteer
from services.enrich.domain.gate import SHORT, Gate
from services.enrich.domain.lexicon import lexicon

PADDING = "The weather was mild and the streets were calm, as they had been all week long. " * 8


@pytest.fixture(scope="module")
def look():
    words = read.word_lists()
    gate = Gate(lexicon(words), words["irregular"])
    names = Gazetteer(read.names())

    def watch(text):
        found = gate.worth_parsing(text, names)
        return [[text[a:b] for a, b in spans] for spans in found]

    return watch


@pytest.mark.parametrize(
    "text",
    [
        "Kenya and Peru signed a trade agreement.",
        "Troops opened fire on protesters.",
        "Iran rejects inspections",
    ],
)
def test_a_brief_is_parsed_on_any_trigger_with_somebody_in_it(look, text):
    assert look(text) == [[text], []]


@pytest.mark.parametrize(
    "text",
    [
        "It was said to be fine.",
        "Acme Widgets Inc said it signed a contract to supply pumps.",
        "Shares rose in early trade.",
        "Northern Pump Co said it sold a unit in Canada to its managers.",
    ],
)
def test_a_brief_in_which_nobody_could_act_is_passed_over(look, text):
    assert look(text) == [[], []]


def test_what_a_company_has_to_do_with_two_states_is_parsed(look):
    text = "Northern Pump Co said Canada seized its mine after a dispute with Peru."

    assert look(text) == [[text], []]


def test_a_long_text_is_parsed_for_one_deed_wherever_it_stands(look):
    deed = "Iranian jets bombed a village."

    pointed, _ = look(f"{PADDING}\n{deed}\n{PADDING}")

    assert pointed == [deed]


def test_two_states_in_the_lead_need_no_keyword(look):
    lead = "The foreign ministers of Kenya and Peru met in Lima on Monday."

    assert look(f"{lead}\n{PADDING}") == [[lead], []]


def test_two_states_far_below_the_lead_need_a_keyword(look):
    met = "The foreign ministers of Kenya and Peru met in Lima on Monday."

    assert look(f"{PADDING}\n{met}") == [[], []]


def test_what_else_a_story_has_is_kept_for_when_its_point_proves_true(look):
    pointed, others = look(
        f"Chad bombed Sudan on Monday.\nThe president denounced Khartoum.\n{PADDING}"
    )

    assert pointed == ["Chad bombed Sudan on Monday."]
    assert others == ["The president denounced Khartoum."]


def test_the_sentence_before_one_that_refers_to_it_comes_along(look):
    text = f"The army of Chad grew.\nIt bombed Sudan and Libya on Monday.\n{PADDING}"

    assert look(text)[0] == ["The army of Chad grew.", "It bombed Sudan and Libya on Monday."]


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Chad and Sudan put their trust in rain.", False),
        ("Chad and Sudan put their forces on alert.", True),
        ("Chad said that Sudan was a neighbour.", False),
        ("Chad said that Sudan must leave.", True),
        ("Chad and Sudan held a fair.", False),
        ("Chad and Sudan held talks.", True),
    ],
)
def test_a_weak_verb_is_a_trigger_only_with_its_companion(look, sentence, told):
    assert bool(look(sentence)[0]) is told


def test_the_padding_of_these_tests_is_long_and_empty(look):
    assert len(PADDING) > SHORT
    assert look(PADDING) == [[], []]
