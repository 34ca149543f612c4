from __future__ import annotations

import pytest

from services.alert.channels.config import WebhookChannel
from services.alert.channels.grouping import Waiting, continents, following
from tests.unit.alert.notices import alert, entry, exercise, later

ASIAN, AFRICAN = "CHN-JPN", "DZA-MAR"


def waiting(told, seen_at=0.0, **of):
    return Waiting(entry=entry(told), alert=told, seen_at=seen_at, **of)


def policy(group_by="region", **of):
    times = {"group_wait_s": 5.0, "group_interval_s": 60.0}
    return WebhookChannel(
        name="duty", url_env="U", secret_env="S", group_by=group_by, **{**times, **of}
    )


def chosen(*inline, last=None, now=1000.0, most=100, **of):
    batch = following(inline, policy(**of), last or {}, now, most)
    return batch.due_at, [each.alert.dyad for each in batch.waiting]


def test_what_comes_within_the_wait_goes_together():
    at, pairs = chosen(waiting(alert(ASIAN), 10), waiting(alert("KOR-PRK"), 14))

    assert (at, pairs) == (15, [ASIAN, "KOR-PRK"])


def test_a_region_waits_for_no_other():
    at, pairs = chosen(waiting(alert(AFRICAN), 10), waiting(alert(ASIAN), 11), now=15.5)

    assert (at, pairs) == (15, [AFRICAN])


def test_a_group_that_was_just_told_waits_for_its_interval():
    at, _ = chosen(waiting(alert(ASIAN), 20), last={"asia": 12.0})

    assert at == 72


def test_what_did_not_fit_into_the_last_notification_follows_at_once():
    at, pairs = chosen(
        *[waiting(alert(pair), 10) for pair in (ASIAN, "KOR-PRK", "IND-PAK")],
        last={"asia": 15.0},
        most=2,
    )

    assert (at, pairs) == (15, [ASIAN, "KOR-PRK"])


@pytest.mark.parametrize("last", [{}, {"asia": 19.0}, {"asia": 19.9}])
def test_force_waits_for_the_shortest_wait_and_no_more(last):
    at, _ = chosen(waiting(alert(ASIAN, 2), 20), waiting(alert("KOR-PRK", 4), 30), last=last)

    assert at <= 35


def test_of_what_is_due_force_goes_first():
    calm, force = waiting(alert(AFRICAN), 10), waiting(alert(ASIAN, 4), 12)

    assert chosen(calm, force)[1] == [ASIAN]
    assert chosen(calm, force, now=16)[1] == [AFRICAN]  # the other is not due yet


def test_the_revisions_of_a_pair_never_overtake_each_other():
    first = alert(ASIAN, 3)
    second = later(first, 1, level=4)

    for by in ("none", "pair", "region", "all"):
        batch = following(
            [waiting(alert(AFRICAN), 5), waiting(first, 10), waiting(second, 11)],
            policy(by),
            {},
            100.0,
            100,
        )
        revisions = [each.alert.revision for each in batch.waiting if each.alert.dyad == ASIAN]
        assert revisions == sorted(revisions)
        assert revisions[0] == 1


def test_without_groups_each_goes_by_itself_and_at_once():
    assert chosen(waiting(alert(ASIAN), 10), waiting(alert(ASIAN), 10), group_by="none") == (
        10,
        [ASIAN],
    )


def test_the_world_and_its_exercises_are_never_told_as_one():
    _, pairs = chosen(waiting(alert(ASIAN), 10), waiting(exercise("KOR-PRK"), 10), group_by="all")

    assert len(pairs) == 1


def test_what_is_to_go_alone_does():
    lot = [waiting(alert(pair), 10) for pair in (ASIAN, "KOR-PRK", "IND-PAK")]
    lot[1] = waiting(alert("KOR-PRK"), 10, alone=True)

    assert chosen(*lot)[1] == [ASIAN]
    assert chosen(*lot[1:])[1] == ["KOR-PRK"]


@pytest.mark.parametrize(
    ("dyad", "expected"),
    [
        ("CHN-JPN", "asia"),
        ("GRC-TUR", "asia and europe"),
        ("USA-VEN", "americas"),
        ("AUS-CHN", "asia and oceania"),
        ("XXX-YYY", "elsewhere"),
    ],
)
def test_a_pair_lies_where_its_states_do(dyad, expected):
    assert continents(dyad) == expected
