"""The headlines a keyword list gets wrong (threat-levels.md, its end), and others told like them."""

from __future__ import annotations

import pytest

from tests.unit.enrich.stories import text_article
from tocsin.messages import Plover, ReportStatus

DEEDS = {ReportStatus.ASSERTED, ReportStatus.ORDERED, ReportStatus.THREATENED}
P, S = Plover, ReportStatus


def told(coder, text: str):
    (one,) = coder.enrich([text_article(text)])
    return one.events


@pytest.mark.parametrize(
    ("text", "plover", "status", "source", "target"),
    [
        ("US sinks third boat off Venezuela, killing six", P.ASSAULT, S.ASSERTED, "USA", "UNK@VEN"),
        ("US deploys three destroyers off Venezuela", P.MOBILIZE, S.ASSERTED, "USA", "VEN"),
        ("Maduro mobilises 4.5 million militia", P.MOBILIZE, S.ASSERTED, "VEN.GOV", "VEN"),
        ("US is intimidating Venezuela with warships", P.THREATEN, S.THREATENED, "USA", "VEN"),
        ("Venezuela begins war games", P.MOBILIZE, S.ASSERTED, "VEN", "VEN"),
        ("Israeli aircraft attack Syrian camp -witnesses", P.ASSAULT, S.ASSERTED, "ISR.MIL", "SYR"),
        ("Iran to expel British envoy", P.SANCTION, S.PLANNED, "IRN", "GBR.GOV"),
        ("Aide says Iran to strike Israel", P.ASSAULT, S.PLANNED, "IRN", "ISR"),
    ],
)
def test_a_headline_tells_its_deed(coder, text, plover, status, source, target):
    first = told(coder, text)[0]

    assert (first.plover, first.status) == (plover, status)
    assert (first.source.code, first.target.code) == (source, target)


@pytest.mark.parametrize(
    "text", ["Trump rules out invasion of Venezuela", "No invasion planned, Pentagon says"]
)
def test_what_a_headline_rules_out_is_no_deed(coder, text):
    assert not any(event.status in DEEDS for event in told(coder, text))


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("US deploys three destroyers off Venezuela", [(3, "warships")]),
        ("Maduro mobilises 4.5 million militia", [(4_500_000, "persons")]),
    ],
)
def test_a_headline_says_how_many(coder, text, counts):
    first = told(coder, text)[0]

    assert [(one.value, one.unit) for one in first.magnitude] == counts


def test_a_craft_hit_off_a_coast_is_not_the_state_it_is_off(coder):
    first = told(coder, "US sinks third boat off Venezuela, killing six")[0]

    assert not first.directed_at_state
