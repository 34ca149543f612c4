from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alert.domain.claims import claims_of
from services.alert.domain.levels import earned, faded, next_fall, standing, threshold
from tests.unit.alert.builders import FAMILIES, NOON, days, event, hours, report
from tocsin.messages import LevelState

_numbers = iter(range(10**9))


def claim(plover, agency="EFE", at=NOON, **of):
    told = report(event(plover, **of), article=f"n{next(_numbers)}", agency=agency, at=at)
    return claims_of(told, at, FAMILIES)[0]


def level(claims, at=NOON):
    found = standing(earned(claims), at)
    return found.level, found.state.value


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([], (0, "calm")),
        ([claim("ACCUSE")], (1, "confirmed")),
        ([claim("ACCUSE", None)], (0, "calm")),
        ([claim("THREATEN")], (2, "confirmed")),
        ([claim("THREATEN", None)], (0, "calm")),
        ([claim("MOBILIZE", None)], (3, "provisional")),
        ([claim("MOBILIZE", None, certainty=0.99)], (0, "calm")),
        ([claim("MOBILIZE", None), claim("MOBILIZE", "EFE")], (3, "confirmed")),
        ([claim("ASSAULT", None)], (4, "provisional")),
        ([claim("ASSAULT", "Blog A"), claim("ASSAULT", "Blog B")], (4, "provisional")),
        ([claim("ASSAULT", "EFE")], (4, "confirmed")),
        ([claim("ASSAULT", None, status="hypothetical")], (0, "calm")),
        ([claim("ASSAULT", "EFE", status="hypothetical")], (0, "calm")),
        ([claim("ASSAULT", "EFE", status="threatened")], (2, "confirmed")),
        ([claim("ASSAULT", None), claim("MOBILIZE", "EFE")], (4, "provisional")),
        ([claim("THREATEN", None), claim("ACCUSE", "EFE")], (1, "confirmed")),
        ([claim("ASSAULT", "EFE", mode="declare-war")], (5, "provisional")),
    ],
)
def test_the_level_is_the_highest_one_that_is_backed(claims, expected):
    assert level(claims) == expected


def test_a_provisional_level_shows_over_a_confirmed_lower_one():
    found = standing([claim("ASSAULT", None), claim("MOBILIZE", "EFE")], NOON)

    assert (found.level, found.state) == (4, LevelState.PROVISIONAL)
    assert found.confidence == 0.3


@pytest.mark.parametrize(
    ("start", "quiet", "left"),
    [
        (1, hours(71), 1),
        (1, hours(72), 0),
        (2, hours(72), 1),
        (2, hours(144), 0),
        (3, days(6.9), 3),
        (3, days(7), 2),
        (3, days(10), 1),
        (4, days(7), 3),
        (4, days(14), 2),
        (5, days(14), 4),
        (5, days(40), 0),
    ],
)
def test_quiet_lowers_a_level_one_step_at_a_time(start, quiet, left):
    assert faded(start, quiet) == left


@pytest.mark.parametrize("agency", ["EFE", None])
def test_a_provisional_level_falls_as_slowly_as_a_confirmed_one(agency):
    claims = [claim("ASSAULT", agency)]
    seen = [standing(claims, NOON + days(day)).level for day in range(22)]

    assert seen == [4] * 7 + [3] * 7 + [2] * 3 + [1] * 3 + [0] * 2


def both_ways(*agencies):
    return [
        claim("ASSAULT", agency, by=by, on=on)
        for agency in agencies
        for by, on in (("USA", "VEN"), ("VEN", "USA"))
    ]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (both_ways("EFE", "Reuters", "AP"), (5, "confirmed")),
        (both_ways("EFE", "Reuters"), (4, "confirmed")),
        ([claim("ASSAULT", name) for name in ("EFE", "Reuters", "AP")], (4, "confirmed")),
        (both_ways("Blog A", "Blog B", "Blog C"), (4, "confirmed")),
        (
            [
                claim("ASSAULT", name, by=by, on=on, directed_at_state=False)
                for name in ("EFE", "Reuters", "AP")
                for by, on in (("USA", "VEN"), ("VEN", "USA"))
            ],
            (4, "confirmed"),
        ),
    ],
)
def test_war_needs_three_families_and_force_both_ways(claims, expected):
    assert level(claims) == expected


def test_war_too_falls_one_step_at_a_time():
    claims = earned(both_ways("EFE", "Reuters", "AP"))
    seen = [standing(claims, NOON + days(day)).level for day in range(36)]

    assert seen == sorted(seen, reverse=True)
    assert {high - low for high, low in pairwise(seen)} <= {0, 1}


@pytest.mark.parametrize(
    ("before", "at", "expected"),
    [
        ([], NOON, 0),
        ([claim("THREATEN")], NOON, 2),
        ([claim("THREATEN")], NOON + hours(48), 2),
        ([claim("THREATEN")], NOON + days(20), 0),
        ([claim("ASSAULT")], NOON + days(6), 4),
        ([claim("ASSAULT")], NOON + days(8), 3),
    ],
)
def test_a_mention_keeps_the_level_that_stands_and_opens_none(before, at, expected):
    mention = claim("ASSAULT", "AP", at=at, telling="mention", time="ongoing")

    assert level([*before, mention], at)[0] == expected


def test_a_mention_makes_the_quiet_start_again():
    claims = [
        claim("MOBILIZE"),
        claim("MOBILIZE", "AP", at=NOON + days(6), telling="mention", time="ongoing"),
    ]

    assert level(claims, NOON + days(12))[0] == 3


def test_the_next_fall_says_when_and_to_what():
    moment, then = next_fall([claim("MOBILIZE")], NOON + days(1))

    assert (moment, then.level) == (NOON + days(7), 2)
    assert next_fall([], NOON) is None


def test_thresholds_are_those_of_the_design():
    confirmed = [threshold(level, LevelState.CONFIRMED) for level in range(1, 6)]

    assert confirmed == [0.5, 0.5, 0.5, 0.6, 0.8]
    assert threshold(3, LevelState.PROVISIONAL) == 0.3
    assert threshold(0, LevelState.CALM) == 0.0


some_claims = st.lists(
    st.builds(
        lambda plover, agency, at, by, telling: claim(
            plover,
            agency,
            at=NOON + hours(at),
            by=by,
            on="VEN" if by == "USA" else "USA",
            telling=telling,
            time="ongoing",
        ),
        st.sampled_from(("ACCUSE", "THREATEN", "MOBILIZE", "ASSAULT")),
        st.sampled_from(("EFE", "Reuters", "AP", "CNN", "Blog A", None)),
        st.integers(0, 700),
        st.sampled_from(("USA", "VEN")),
        st.sampled_from(("main", "mention")),
    ),
    max_size=7,
)


@given(some_claims, some_claims, st.integers(0, 900))
@settings(max_examples=500, deadline=None)
def test_one_more_hostile_act_never_lowers_the_level(claims, more, at):
    moment = NOON + hours(at)

    assert level([*claims, *more], moment)[0] >= level(claims, moment)[0]


@given(some_claims)
@settings(max_examples=500, deadline=None)
def test_quiet_never_lowers_the_level_by_more_than_one_step(claims):
    known = earned(claims)
    at = max((each.at for each in known), default=NOON)
    seen = [standing(known, at + hours(hour)).level for hour in range(0, 900, 12)]

    assert all(high - low in (0, 1) for high, low in pairwise(seen))


@given(some_claims)
@settings(max_examples=500, deadline=None)
def test_what_is_earned_twice_is_as_earned_once(claims):
    once = earned(claims)

    assert set(earned(once)) == set(once)
