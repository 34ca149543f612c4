from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alert.domain.pressure import Load, Pressure, load_of, read, settle
from tests.unit.alert.builders import NOON, days, event, hours, report


def load(size=6.0, after_h=0.0):
    return Load(at=NOON + hours(after_h), report=f"r{after_h}", size=size)


@pytest.mark.parametrize(
    ("given_event", "size"),
    [
        (event("MOBILIZE"), 6.0),
        (event("MOBILIZE", status="planned"), 3.0),
        (event("MOBILIZE", status="negated"), 0.0),
        (event("MOBILIZE", time="historical"), 0.0),
        (event("MOBILIZE", scope="internal"), 0.0),
        (event("AGREE"), -2.5),
        (event("AGREE", on="ngb:USA"), 0.0),
    ],
)
def test_hostile_acts_push_by_their_weight_and_friendly_acts_relieve(given_event, size):
    assert load_of(report(given_event)) == size


@pytest.mark.parametrize(("after_h", "left"), [(0, 6.0), (72, 3.0), (144, 1.5)])
def test_pressure_halves_in_three_days(after_h, left):
    value, _ = read(Pressure(), [load()], NOON + hours(after_h))

    assert value == left


def test_there_is_no_claim_about_the_usual_before_ten_days():
    pressure = settle(Pressure(), [load()], NOON + days(9))
    older = settle(Pressure(), [load()], NOON + days(10))

    assert read(pressure, [], NOON + days(9))[1] is None
    assert read(older, [], NOON + days(10))[1] is not None


def test_the_same_pressure_every_day_is_not_unusual():
    calm = settle(Pressure(), [load(size=0.0)], NOON + days(30))

    assert read(calm, [], NOON + days(30)) == (0.0, None)


def test_the_baseline_keeps_ninety_days():
    pressure = settle(Pressure(), [load()], NOON + days(400))

    assert len(pressure.midnights) == 90


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.integers(-30, 90)), min_size=1, max_size=20),
    st.lists(st.integers(0, 3000), max_size=5),
)
def test_batches_of_any_size_give_the_same_pressure(found, cuts):
    loads = [
        Load(at=NOON + hours(at), report=f"r{number}", size=size / 10)
        for number, (at, size) in enumerate(found)
    ]
    end = NOON + hours(3001)

    pieces = Pressure()
    start = NOON
    for cut in sorted(NOON + hours(each) for each in cuts):
        pieces = settle(pieces, [each for each in loads if start <= each.at < cut], cut)
        start = cut
    pieces = settle(pieces, [each for each in loads if each.at >= start], end)

    assert pieces == settle(Pressure(), loads, end)
