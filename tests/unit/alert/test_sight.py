from __future__ import annotations

import msgspec
import pytest

from services.alert.domain.fold import advance, apply
from services.alert.domain.sight import CLEAR, saw
from tests.unit.alert.builders import CONFIG, NOON, days, empty, event, fold, hours, report


def seen(*moments):
    """The sight after articles published so many hours after noon."""
    sight = CLEAR
    for each in moments:
        sight = saw(sight, NOON + hours(each))
    return sight


@pytest.mark.parametrize(
    ("moments", "pauses"),
    [
        ((0,), []),
        ((0, 10, 24, 48), []),
        ((0, 24.5), [(24, 24.5)]),
        ((0, 100), [(24, 100)]),
        ((0, 100, 50, 110), [(24, 100)]),
        ((0, 100, 300), [(24, 100), (124, 300)]),
    ],
)
def test_a_day_without_any_article_is_a_blank_from_its_end_on(moments, pauses):
    told = [tuple((m - NOON) / hours(1) for m in pause) for pause in seen(*moments).pauses]

    assert told == pauses


def test_before_the_first_article_nothing_is_known_and_nobody_is_blind():
    assert CLEAR.blind_since(NOON + days(400)) is None


def live(plover="MOBILIZE"):
    (step,) = fold([report(event(plover), run=None)], state=empty(None), arrived_at=NOON)
    return step.state


def levels(state, sight, *at):
    """Level, and whether it is blind, at these days after noon."""
    found = []
    for each in at:
        step = advance(state, NOON + days(each), CONFIG, sight)
        state = step.state
        found.append((state.shown, state.blind))
    return found


def test_with_sight_a_display_of_force_fades_and_without_it_stands_still():
    heard = msgspec.structs.replace(CLEAR, seen_until=NOON + days(40))

    assert levels(live(), heard, 6, 8, 14) == [(3, False), (2, False), (0, False)]
    assert levels(live(), seen(0), 0.5, 6, 8, 14, 300) == [(3, False)] + [(3, True)] * 4


def test_it_says_that_it_is_blind_once_and_that_it_sees_again_once():
    state, told = live(), []
    for day, sight in (
        (0.5, seen(0)),
        (2, seen(0)),
        (3, seen(0)),
        (4, seen(0, 96)),
        (5, seen(0, 96)),
    ):
        step = advance(state, NOON + days(day), CONFIG, sight)
        state = step.state
        told.append(step.level and (step.level.level, step.level.blind))

    assert told == [None, (3, True), None, (3, False), None]


def test_what_is_not_seen_does_not_count_as_quiet_afterwards():
    sight = seen(0, 240, 250, 260, 270, 280, 290, 300, 310, 320, 330, 340, 350, 360, 370, 380, 390)

    assert levels(live(), sight, 10, 15.9, 16.1) == [(3, False), (3, False), (2, False)]


def test_a_blind_pair_says_since_when_and_has_nothing_due():
    step = advance(live(), NOON + days(5), CONFIG, seen(0))

    assert "blind since 2025-08-13 12:00 UTC: no source is heard" in step.level.why
    assert step.due is None


def test_the_report_that_ends_a_blank_is_told_as_ever():
    assault = report(event("ASSAULT"), run=None, article="a2", at=NOON + days(9))
    step = apply(live(), assault, NOON + days(9), CONFIG, seen(0))

    assert (step.level.level, step.level.blind, step.level.fell) == (4, False, ())
    assert [alert.change for alert in step.alerts] == ["level_up"]


def test_a_replay_is_never_blind():
    steps = fold([report(event("MOBILIZE"))])
    step = advance(steps[-1].state, NOON + days(8), CONFIG, seen(0))

    assert (step.level.level, step.level.blind) == (2, False)
