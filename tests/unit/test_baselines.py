"""The alarms Tocsin is compared with do what they say, so that the comparison is a fair one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.quality import baselines
from tests.quality.baselines import Mention, Raise

START = datetime(2010, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PAIR = ("CHL-PER",)


def mention(day: float, severity: int = 0, words: int = 0) -> Mention:
    return Mention(START + day * DAY, PAIR, severity, words)


def test_a_headline_counts_for_the_pairs_of_states_it_names():
    told = [(START, "Peru and Chile sign pact"), (START, "Peru grows"), (START, "Lima is hot")]

    assert [each.dyads for each in baselines.mentions(told)] == [PAIR]


def test_a_keyword_is_a_word_and_not_a_part_of_one():
    told = [(START, "Peru warns Chile of warm winter"), (START, "Peru bombs Chile base in war")]

    assert [(m.severity, m.words) for m in baselines.mentions(told)] == [(1, 1), (3, 2)]


def test_a_spike_is_told_against_the_pair_s_own_four_weeks():
    quiet = [mention(day) for day in range(30)]
    burst = [mention(30 + hour / 24) for hour in range(10)]

    found = baselines.spikes([*quiet, *burst], 4.0, 3, DAY)

    assert [each.dyad for each in found] == ["CHL-PER"]
    assert found[0].at > START + 30 * DAY


def test_an_alarm_is_silent_for_its_cooldown():
    told = [mention(hour / 24, 3, 1) for hour in range(72)]

    assert len(baselines.keywords(told, 3, 1, DAY)) == 3


def test_the_best_setting_within_the_budget_is_taken():
    told = [mention(day, 3, 1 + day % 2) for day in range(40)]

    tuned = baselines.tuned_keywords(told, 8, len)

    assert len(tuned.raises) == 6
    assert all(isinstance(each, Raise) for each in tuned.raises)
