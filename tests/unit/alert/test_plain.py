"""What is fast gives what is plain: levels.py against plain.py, on any history."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alert.domain.claims import claims_of
from services.alert.domain.fading import LIFE, counts_until, turning_points
from services.alert.domain.levels import earned, next_fall, standing, timeline
from services.alert.domain.relief import eased
from services.alert.domain.sight import paused
from tests.unit.alert import plain
from tests.unit.alert.builders import FAMILIES, NOON, days, event, hours, report

ACTS = ("ACCUSE", "THREATEN", "MOBILIZE", "ASSAULT", "ASSAULT")
NAMES = ("EFE", "Reuters", "CNN", "Miami Herald", "Blog A", "Blog B", None)

BLANK = st.sampled_from((1, 49, 100))  # hours


@st.composite
def histories(draw, most=14):
    """Claims of some weeks, with copies and mentions, and now and then a retreat between them."""
    claims = []
    for number in range(draw(st.integers(1, most))):
        at = NOON + hours(draw(st.sampled_from((0, 1, 5, 30, 71, 73, 168, 170, 336, 400, 500))))
        by = draw(st.sampled_from(("USA", "VEN")))
        told = report(
            event(
                draw(st.sampled_from(ACTS)),
                by=by,
                on="VEN" if by == "USA" else "USA",
                telling=draw(st.sampled_from(("main", "main", "mention"))),
                time="ongoing",
                certainty=draw(st.sampled_from((1.0, 0.8, 0.4))),
                directed_at_state=draw(st.sampled_from((True, True, False))),
                id=f"e{number}",
            ),
            article=f"n{number}",
            agency=draw(st.sampled_from(NAMES)),
            text=draw(st.sampled_from((None, None, "one", "two"))),
            at=at,
        )
        claims += claims_of(told, at, FAMILIES)
    since = sorted(NOON + hours(each) for each in draw(st.sets(st.integers(0, 500), max_size=2)))
    starts = sorted(draw(st.sets(st.sampled_from((24, 170, 300, 520)), max_size=2)))
    blanks = [(NOON + hours(each), NOON + hours(each + draw(BLANK))) for each in starts]
    return list(paused(eased(claims, since), tuple(blanks)))


@given(histories())
@settings(max_examples=500, deadline=None)
def test_claims_earn_what_they_plainly_earn(claims):
    assert earned(claims) == plain.earned(claims)


@given(histories(), st.integers(0, 900))
@settings(max_examples=500, deadline=None)
def test_the_level_is_plainly_that(claims, at):
    known, moment = plain.earned(claims), NOON + hours(at)
    found = standing(known, moment)

    assert (found.level, found.state.value, found.confidence) == plain.standing(known, moment)


@given(histories(), st.integers(-10, 500), st.integers(0, 900))
@settings(max_examples=500, deadline=None)
def test_the_level_changes_when_it_plainly_changes_and_at_no_other_time(claims, first, long):
    known = plain.earned(claims)
    start, end = NOON + hours(first), NOON + hours(first + long)
    plainly = []
    for moment in turning_points(known, start, end):
        level = plain.standing(known, moment)[0]
        if not plainly or plainly[-1][1] != level:
            plainly.append((moment, level))

    assert [(at, then.level) for at, then in timeline(known, start, end)] == plainly


@given(histories(), st.integers(0, 700))
@settings(max_examples=500, deadline=None)
def test_the_next_fall_is_the_first_moment_at_which_it_plainly_falls(claims, at):
    known, moment = plain.earned(claims), NOON + hours(at)
    heard = [each for each in known if each.at <= moment]
    level = plain.standing(heard, moment)[0]
    falls = (
        later
        for later in turning_points(heard, moment, moment + LIFE)
        if plain.standing(heard, later)[0] < level
    )
    fall = next_fall(known, moment)

    assert (fall and fall[0]) == next(falls, None)
    assert fall is None or standing(known, moment).holds_until <= fall[0]


@given(histories(most=1), st.integers(1, 4))
@settings(max_examples=500, deadline=None)
def test_a_claim_counts_for_a_level_up_to_the_moment_that_is_told(claims, below):
    for claim in claims:
        level = max(1, claim.level - below)
        until = counts_until(claim, level)

        assert plain.left(claim, until) < level <= plain.left(claim, until - days(1e-6))


def told(number, act, *, by="USA", agency, at=NOON, telling="main", text=None):
    """The claims of one article about one act."""
    on = {"USA": "VEN", "VEN": "USA"}[by]
    one = event(act, by=by, on=on, telling=telling, time="ongoing", id=f"e{number}")
    found = report(one, article=f"n{number}", agency=agency, text=text, at=at)
    return claims_of(found, at, FAMILIES)


FOUND = {  # what once differed
    "a story whose teller's blow is too old to count stays the teller's": [
        *told(0, "ASSAULT", agency="Blog A", at=NOON + hours(1)),
        *told(1, "ASSAULT", agency="EFE", at=NOON + hours(1)),
        *told(2, "ASSAULT", agency="EFE", at=NOON + days(14)),
        *told(3, "ASSAULT", by="VEN", agency="Blog A", at=NOON + hours(1), text="one"),
        *told(4, "ASSAULT", agency="Blog B", text="one"),
    ],
    "a mention that gives a story to another family lets the next mention see it": [
        *told(0, "ACCUSE", agency="EFE", telling="mention", text="two"),
        *told(1, "ACCUSE", agency="EFE"),
        *told(2, "THREATEN", agency="Miami Herald", text="two"),
        *told(3, "THREATEN", agency="EFE", telling="mention"),
        *told(4, "THREATEN", agency="Miami Herald"),
    ],
}


@pytest.mark.parametrize("claims", FOUND.values(), ids=FOUND)
def test_what_once_differed_is_as_plain_now(claims):
    assert earned(claims) == plain.earned(claims)
