from __future__ import annotations

import pytest

from services.alert.domain.gate import is_friendly, worth
from tests.unit.alert.builders import event


@pytest.mark.parametrize(
    ("plover", "mode", "level"),
    [
        ("AGREE", None, 0),
        ("CONSULT", None, 0),
        ("RETREAT", None, 0),
        ("REQUEST", None, 1),
        ("REJECT", None, 1),
        ("ACCUSE", "allege", 1),
        ("SANCTION", None, 1),
        ("PROTEST", None, 1),
        ("THREATEN", "violence", 2),
        ("THREATEN", "arrest", 2),
        ("THREATEN", "relations", 1),
        ("MOBILIZE", "militia", 3),
        ("COERCE", "deport", 1),
        ("COERCE", "martial-law", 3),
        ("COERCE", "seize", 4),
        ("COERCE", "blockade", 4),
        ("ASSAULT", "destroy", 4),
        ("ASSAULT", "declare-war", 5),
    ],
)
def test_a_class_and_its_mode_have_the_level_of_the_hostility_scale(plover, mode, level):
    assert worth(event(plover, mode=mode)).level == level


@pytest.mark.parametrize(
    ("status", "level", "weight"),
    [
        ("asserted", 4, 1.0),
        ("ordered", 4, 1.0),
        ("announced", 4, 0.8),
        ("planned", 2, 0.5),
        ("threatened", 2, 1.0),
        ("requested", 1, 1.0),
        ("offered", 0, 1.0),
        ("hypothetical", 2, 0.25),
        ("denied", 0, 0.0),
        ("negated", 0, 0.0),
    ],
)
def test_what_is_not_vouched_for_as_done_weighs_less_and_is_capped(status, level, weight):
    found = worth(event("ASSAULT", status=status))

    assert (found.level, found.weight) == (level, weight)
    assert found.reason


@pytest.mark.parametrize(
    ("given", "level"),
    [
        (event("ASSAULT", time="historical"), 0),
        (event("ASSAULT", time="background"), 4),
        (event("MOBILIZE", time="future"), 2),
        (event("MOBILIZE", time="future", status="announced"), 3),
        (event("ASSAULT", scope="internal"), 0),
        (event("COERCE", mode="martial-law", scope="internal"), 0),
        (event("ASSAULT", scope="transnational", directed_at_state=False), 4),
    ],
)
def test_history_and_what_a_state_does_at_home_never_raise_a_pair(given, level):
    assert worth(given).level == level


@pytest.mark.parametrize(
    ("telling", "time", "opens"),
    [
        ("main", "current", True),
        ("main", "background", True),
        ("subordinate", "background", True),
        ("subordinate", "ongoing", True),
        ("mention", "current", True),
        ("mention", "ongoing", False),
        ("mention", "background", False),
    ],
)
def test_a_mention_of_what_goes_on_opens_nothing(telling, time, opens):
    assert worth(event("ASSAULT", telling=telling, time=time)).opens is opens


@pytest.mark.parametrize(
    ("given", "friendly"),
    [
        (event("AGREE", status="offered"), True),
        (event("CONSULT"), True),
        (event("AGREE", status="denied"), False),
        (event("AGREE", status="hypothetical"), False),
        (event("AID", scope="internal"), False),
        (event("ACCUSE"), False),
    ],
)
def test_cooperation_counts_when_it_is_done_or_offered_between_states(given, friendly):
    assert is_friendly(given) is friendly


@pytest.mark.parametrize(
    ("given", "level"),
    [
        (event("ASSAULT", by="USA.MIL", on="VEN.CVL"), 4),
        (event("ASSAULT", by="USA.MIL", on="VEN.REB"), 4),
        (event("ASSAULT", by="USA", on="VEN.MIL"), 4),
        (event("ASSAULT", by="USA.CVL", on="VEN"), 1),
        (event("ASSAULT", by="COL.REB", on="VEN.MIL"), 1),
        (event("THREATEN", by="COL.CRM", on="VEN"), 1),
        (event("ASSAULT", by="USA.COP", on="VEN.CVL"), 1),
        (event("ASSAULT", by="USA.COP", on="VEN.MIL"), 4),
        (event("ASSAULT", by="USA.GOV", on="VEN.BUS"), 1),
        (event("ASSAULT", by="USA", on="VEN.CVL"), 1),
        (event("ASSAULT", by="USA", on="VEN.CVL", mode="aerial"), 4),
        (event("THREATEN", by="USA.GOV.JUD", on="VEN.GOV", mode="arrest"), 2),
        (event("ASSAULT", by="USA", on="CRM@VEN", mode="abduct"), 1),
        (event("ASSAULT", by="USA.MIL", on="CRM@VEN", mode="destroy"), 4),
        (event("COERCE", by="USA", on="VEN.REB", mode="seize"), 1),
        (event("COERCE", by="USA.MIL", on="VEN", mode="seize"), 4),
    ],
)
def test_only_what_a_state_does_to_a_state_is_above_friction(given, level):
    assert worth(given).level == level
