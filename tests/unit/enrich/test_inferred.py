"""What a sentence tells beside its deed: who accuses whom by telling it, and what is feared."""

from __future__ import annotations

import pytest

from tests.unit.enrich.stories import text_article
from tocsin.messages import Plover, ReportStatus, Telling


def coded(coder, text: str, plover: Plover):
    (one,) = coder.enrich([text_article(text)])
    return [event for event in one.events if event.plover is plover]


def pairs(events) -> list[tuple[str, str]]:
    return [(e.source.code, e.target.code) for e in events if e.source and e.target]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Pakistan said India had shelled a village.", [("PAK", "IND")]),
        ("Armenia claimed that Azerbaijan had attacked its soldiers.", [("ARM", "AZE")]),
        ("Kenya alleged that al-Shabaab had attacked a convoy.", [("KEN", "REB.SHB")]),
        ("Israel said its jets had bombed a camp in Syria.", []),
        ("Police said a gunman had killed two shopkeepers.", []),
        ("India shelled a village, witnesses said.", []),
    ],
)
def test_a_state_that_tells_of_anothers_deed_accuses_it(coder, text, told):
    assert pairs(coded(coder, text, Plover.ACCUSE)) == told


def test_an_accusation_by_report_is_told_on_the_side_of_the_deed(coder):
    text = "Pakistan said India had shelled a village."

    (accusation,) = coded(coder, text, Plover.ACCUSE)

    assert accusation.telling is Telling.SUBORDINATE
    assert accusation.status is ReportStatus.ASSERTED
    assert pairs(coded(coder, text, Plover.ASSAULT))[0][0] == "IND"


@pytest.mark.parametrize(
    "text",
    [
        "France called on Syria and Israel to avoid war.",
        "The EU urged Syria and Israel to show restraint.",
    ],
)
def test_two_states_asked_to_refrain_may_come_to_blows(coder, text):
    feared = coded(coder, text, Plover.THREATEN)

    assert set(pairs(feared)) == {("SYR", "ISR"), ("ISR", "SYR")}
    assert {event.status for event in feared} == {ReportStatus.HYPOTHETICAL}
    assert {event.telling for event in feared} == {Telling.MENTION}


@pytest.mark.parametrize(
    "text",
    [
        "France called on Syria and Israel to sign the treaty.",
        "Syria called on Israel to avoid war.",
        "France called on Syria to avoid war.",
    ],
)
def test_no_danger_is_read_into_other_appeals(coder, text):
    assert coded(coder, text, Plover.THREATEN) == []
