from __future__ import annotations

import pytest

from services.alert.channels.pacing import Breaker, Bucket, Pace


class Time:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def pace(time, per_minute=None, burst=5, **of):
    given = {"breaker_after": 3, "open_s": 30.0, "clock": time, "jitter": lambda: 1.0}
    return Pace(Bucket(per_minute, burst, time), **{**given, **of})


def made(each, time, for_s):
    """How many attempts it lets through in so many seconds, one as soon as it may be made."""
    end, count = time.now + for_s, 0
    while (wait_s := each.wait_s()) <= end - time.now:
        time.now += wait_s
        each.attempt()
        count += 1
    time.now = end
    return count


@pytest.mark.parametrize(
    ("per_minute", "burst", "for_s", "expected"),
    [(60, 1, 60, 61), (60, 5, 60, 65), (6, 3, 60, 9), (600, 1, 0.99, 10)],
)
def test_a_channel_makes_a_burst_and_then_its_rate(per_minute, burst, for_s, expected):
    time = Time()

    assert made(pace(time, per_minute, burst), time, for_s) == expected


def test_failures_are_tried_again_later_and_later_until_the_breaker_opens():
    time = Time()
    each = pace(time)
    waits, states = [], []
    for _ in range(6):
        each.failed()
        waits.append(each.wait_s())
        states.append(each.state)
        time.now += waits[-1]

    assert waits == [1, 2, 30, 60, 120, 240]
    assert states == [Breaker.CLOSED] * 2 + [Breaker.OPEN] * 4


def test_an_open_breaker_lets_one_through_after_a_while_and_closes_if_it_goes_well():
    time = Time()
    each = pace(time)
    for _ in range(3):
        each.failed()
    time.now += each.wait_s()
    half_open = each.state
    each.went_well()

    assert half_open is Breaker.HALF_OPEN
    assert each.state is Breaker.CLOSED
    assert each.wait_s() == 0


def test_the_breaker_never_stays_open_for_longer_than_a_quarter_of_an_hour():
    time = Time()
    each = pace(time)
    for _ in range(50):
        each.failed()

    assert each.wait_s() == 900


def test_a_sink_is_not_asked_before_it_said():
    time = Time()
    each = pace(time, per_minute=600)
    each.limited(120.0)

    assert each.wait_s() == 120
    assert each.state is Breaker.CLOSED
    assert made(each, time, 119) == 0


def test_one_refusal_delays_no_other_and_many_open_the_breaker():
    time = Time()
    each = pace(time)
    each.refused()
    after_one = each.wait_s()
    each.refused()
    each.refused()

    assert after_one == 0
    assert each.state is Breaker.OPEN


def test_jitter_spreads_the_retries():
    time = Time()
    waits = set()
    for _ in range(20):
        each = Pace(Bucket(None, 1, time), breaker_after=3, open_s=30.0, clock=time)
        each.failed()
        waits.add(each.wait_s())

    assert len(waits) > 10
    assert all(0.5 <= wait_s <= 1.0 for wait_s in waits)
