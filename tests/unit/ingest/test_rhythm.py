"""Feeds are asked as often as they have news, and their health says what happened."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.rhythm import (
    Answered,
    Health,
    Pace,
    Status,
    back_off_s,
    judge,
    next_interval_s,
    wait_s,
)
from services.ingest.fetch.result import Failed, Trouble

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PACE = Pace(name="wire", interval_s=300, longest_s=3600, stale_after_s=3 * 86_400)
DOWN = Failed(trouble=Trouble.SERVER_ERROR, detail="500")
NEWS = Answered(entries=10, new=1, newest=NOW)

spans = st.floats(min_value=1, max_value=1e6)
paces = st.builds(
    Pace, name=st.text(max_size=9), interval_s=spans, longest_s=spans, stale_after_s=spans
)
times = st.integers(0, 3650).map(lambda days: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days))
answers = st.builds(
    Answered,
    entries=st.none() | st.integers(0, 100),
    new=st.integers(0, 3),
    edited=st.integers(0, 3),
    newest=st.none() | times,
    asked_s=st.floats(0, 1e9),
)
failures = st.builds(
    Failed,
    trouble=st.sampled_from(Trouble),
    detail=st.just("why"),
    retry_after_s=st.none() | st.floats(0, 1e9),
)


def polled(*outcomes, pace=PACE, start=NOW, before=None):
    """The health after polls that each came when the one before said."""
    health, now = before or Health(), start
    for each in outcomes:
        health = judge(health, each, pace, now)
        now = health.next_at
    return health


def seconds_to_next(health):
    return (health.next_at - health.last_poll).total_seconds()


@given(paces, st.lists(answers | failures, min_size=1, max_size=30))
def test_no_poll_is_sooner_than_the_interval_nor_later_than_a_day_or_the_longest(pace, outcomes):
    health, now = Health(), NOW

    for each in outcomes:
        health = judge(health, each, pace, now)
        wait = seconds_to_next(health)
        assert pace.interval_s * 0.999 <= wait <= max(86_400, pace.ceiling_s) * 1.001
        now += timedelta(minutes=1)


@given(paces, answers | failures, times)
def test_the_same_poll_again_leaves_the_status_and_its_beginning(pace, outcome, now):
    once = judge(Health(), outcome, pace, now)
    twice = judge(once, outcome, pace, now)

    assert (twice.status, twice.since, twice.newest, twice.entries) == (
        once.status,
        once.since,
        once.newest,
        once.entries,
    )


@given(paces, st.lists(failures, min_size=1, max_size=20), answers)
def test_an_answer_ends_a_failure_and_all_that_was_said_of_it(pace, troubles, answer):
    health = polled(*troubles, answer, pace=pace, start=datetime(2020, 1, 1, tzinfo=UTC))

    assert health.status is not Status.FAILING
    assert (health.failures, health.trouble, health.detail) == (0, None, "")


def test_without_news_the_interval_grows_to_the_longest_and_news_brings_it_back():
    calm = [next_interval_s(300, news=False, pace=PACE)]
    while calm[-1] < 3600:
        calm.append(next_interval_s(calm[-1], news=False, pace=PACE))
    keen = list(
        itertools.accumulate(
            range(5), lambda s, _: next_interval_s(s, news=True, pace=PACE), initial=3600
        )
    )

    assert calm[0] == 450
    assert calm[-1] == 3600
    assert len(calm) < 10
    assert keen[-1] == 300
    assert next_interval_s(300, news=True, pace=PACE) == 300


@pytest.mark.parametrize(
    ("asked_s", "expected_s"),
    [(0, 300), (60, 300), (900, 900), (3600, 1200), (31_536_000, 1200)],
)
def test_a_feed_is_left_as_long_as_it_asks_up_to_four_intervals(asked_s, expected_s):
    assert wait_s(300, asked_s=asked_s, pace=PACE) == expected_s


def test_failures_double_the_wait_up_to_the_longest_and_spread():
    waits = [back_off_s(number, DOWN, PACE) for number in range(1, 12)]
    others = {
        back_off_s(9, DOWN, Pace(name=f"f{n}", interval_s=300, longest_s=3600, stale_after_s=1))
        for n in range(50)
    }

    assert waits[0] == 300
    assert 450 <= waits[1] <= 600
    assert all(2700 <= each <= 3600 for each in waits[5:])
    assert len(others) == 50
    assert waits == [back_off_s(number, DOWN, PACE) for number in range(1, 12)]


@pytest.mark.parametrize(
    ("retry_after_s", "expected_s"), [(None, 300), (10, 300), (7200, 7200), (1e9, 86_400)]
)
def test_a_time_to_come_back_is_kept_up_to_a_day(retry_after_s, expected_s):
    limited = Failed(trouble=Trouble.RATE_LIMITED, detail="429", retry_after_s=retry_after_s)

    assert back_off_s(1, limited, PACE) == expected_s


def test_a_feed_that_says_it_is_gone_is_asked_once_a_day():
    assert back_off_s(1, Failed(trouble=Trouble.GONE, detail="410"), PACE) == 86_400


OLD = Answered(entries=3, newest=NOW - timedelta(days=4))
STATUSES = [
    ("never asked", [], Status.NEW),
    ("news", [NEWS], Status.FRESH),
    ("entries without dates", [Answered(entries=5)], Status.FRESH),
    ("no entries", [Answered(entries=0)], Status.EMPTY),
    ("old entries", [OLD], Status.STALE),
    (
        "a date in the future alone",
        [Answered(entries=1, newest=NOW + timedelta(days=900))],
        Status.FRESH,
    ),
    ("down", [NEWS, DOWN], Status.FAILING),
    ("up again", [NEWS, DOWN, Answered()], Status.FRESH),
    ("unchanged, and empty before", [Answered(entries=0), Answered()], Status.EMPTY),
    ("unchanged, and old before", [OLD, Answered()], Status.STALE),
    ("news after it was stale", [OLD, NEWS], Status.FRESH),
]


@pytest.mark.parametrize(("what", "outcomes", "expected"), STATUSES, ids=[s[0] for s in STATUSES])
def test_the_status_says_how_the_feed_is_doing(what, outcomes, expected):
    assert polled(*outcomes).status is expected


def test_a_feed_turns_stale_by_time_alone_and_says_since_when():
    fresh = polled(NEWS)
    later = NOW + timedelta(days=3, hours=1)

    stale = judge(fresh, Answered(), PACE, later)

    assert (stale.status, stale.since) == (Status.STALE, later)
    assert stale.newest == NOW


def test_a_date_in_the_future_keeps_no_feed_fresh():
    ahead = polled(Answered(entries=1, newest=NOW + timedelta(days=900)))

    later = judge(ahead, Answered(), PACE, NOW + timedelta(days=4))

    assert later.status is Status.STALE


def test_a_feed_dead_for_an_hour_says_since_when_why_and_how_often():
    health, now = polled(NEWS), NOW + timedelta(minutes=5)
    died = now
    while now < died + timedelta(hours=1):
        health = judge(health, DOWN, PACE, now)
        now = health.next_at

    assert (health.status, health.since, health.trouble) == (
        Status.FAILING,
        died,
        Trouble.SERVER_ERROR,
    )
    assert 4 <= health.failures <= 6
    assert health.last_ok == NOW
    assert health.detail == "500"


def test_what_a_feed_had_is_remembered_while_it_fails():
    health = polled(NEWS, DOWN, DOWN)

    assert (health.entries, health.newest, health.last_new) == (10, NOW, NOW)
