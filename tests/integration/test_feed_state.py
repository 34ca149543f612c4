"""Feeds in a real Redis: shared by workers, taken over from the dead, remembered within bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.domain.entries import Remembered
from services.ingest.domain.rhythm import Health, Status
from services.ingest.feed_state import Cursor, FeedState
from services.ingest.fetch.result import Trouble
from services.ingest.parse.result import FeedEntry
from tests.unit.ingest.fakes import FakeFeedState
from tocsin import settings
from tocsin.errors import Unavailable

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAMES = [f"feed-{n:02}" for n in range(50)]
LEASE_S = 60


@pytest.fixture(params=["fake", "redis"])
def shared(request):
    """One behaviour for the fake of the unit tests and Redis: two workers' views of one state."""
    if request.param == "fake":
        fake = FakeFeedState()
        yield fake, fake
        return
    url = settings.Secret(request.getfixturevalue("redis_server").url)
    real = [FeedState(settings.Redis(url=url), days=30) for _ in range(2)]
    yield real
    for each in real:
        each.close()


@pytest.fixture
def state(shared):
    return shared[0]


@pytest.fixture
def other(shared):
    return shared[1]


@pytest.fixture
def in_redis(redis_server):
    found = FeedState(settings.Redis(url=settings.Secret(redis_server.url)), days=30)
    yield found
    found.close()


def claim(state, names, count, now=NOW):
    return state.claim(names, count, now=now, lease_s=LEASE_S)


def test_two_workers_share_fifty_feeds_and_each_is_polled_once_a_round(state, other):
    for minutes in (0, 5, 10):
        now = NOW + minutes * MINUTE
        polled = []
        while leases := [*claim(state, NAMES, 3, now), *claim(other, NAMES, 4, now)]:
            polled += [each.name for each in leases]
            for number, each in enumerate(leases):
                by = (state, other)[number % 2]
                assert by.finish(each, now + 5 * MINUTE, Cursor(url="u"))
        assert sorted(polled) == NAMES


def test_the_feeds_of_a_killed_worker_are_taken_over_when_its_leases_end(state, other):
    claim(state, NAMES, 20)  # and it is killed

    assert len(claim(other, NAMES, 50, NOW + timedelta(seconds=LEASE_S - 1))) == 30
    taken_over = claim(other, NAMES, 50, NOW + timedelta(seconds=LEASE_S))

    assert len(taken_over) == 20


def test_a_worker_that_lost_its_lease_can_neither_renew_nor_finish(state, other):
    (lost,) = claim(state, ["a"], 1)
    (held,) = claim(other, ["a"], 1, NOW + timedelta(seconds=LEASE_S))

    renewed = state.renew([lost, held], now=NOW + 2 * MINUTE, lease_s=LEASE_S)
    finished = state.finish(lost, NOW, Cursor(url="stale"))

    assert renewed == [False, True]
    assert not finished
    assert state.cursors(["a"]) == {}
    assert claim(state, ["a"], 1, NOW + timedelta(seconds=170)) == []


def test_a_lease_that_is_renewed_holds(state, other):
    leases = claim(state, ["a"], 1)
    assert state.renew(leases, now=NOW + timedelta(seconds=50), lease_s=LEASE_S) == [True]

    assert claim(other, ["a"], 1, NOW + timedelta(seconds=109)) == []
    assert len(claim(other, ["a"], 1, NOW + timedelta(seconds=110))) == 1


def test_the_feed_that_is_due_longest_comes_first(state):
    for each, minutes in zip(claim(state, ["a", "b", "c"], 3), (3, 1, 2), strict=True):
        state.finish(each, NOW + minutes * MINUTE)

    found = [claim(state, ["a", "b", "c"], 1, NOW + 5 * MINUTE)[0].name for _ in range(3)]

    assert found == ["b", "c", "a"]


def test_a_source_that_left_the_file_is_not_claimed_and_is_forgotten_later(in_redis):
    for each in claim(in_redis, ["a", "b"], 2):
        in_redis.finish(each, NOW + MINUTE, Cursor(url="u"))

    assert [each.name for each in claim(in_redis, ["b"], 9, NOW + 5 * MINUTE)] == ["b"]
    in_redis.enrol({"b": "u"}, NOW + timedelta(days=31))

    assert [
        each.decode() for each in in_redis._redis.zrange("tocsin:ingest:feeds:due", 0, -1)
    ] == []


def test_a_changed_url_is_asked_at_once_an_unchanged_one_is_not(state):
    for each in claim(state, ["a", "b"], 2):
        state.finish(each, NOW + timedelta(days=1), Cursor(url=f"https://{each.name}"))

    state.enrol({"a": "https://a", "b": "https://mended"}, NOW)

    assert [each.name for each in claim(state, ["a", "b"], 9)] == ["b"]


def test_a_redis_that_came_back_empty_has_every_feed_due(in_redis, redis_server):
    leases = claim(in_redis, ["a", "b"], 2)
    redis_server.flush()

    assert not in_redis.finish(leases[0], NOW + MINUTE, Cursor(url="u"))
    assert len(claim(in_redis, ["a", "b"], 2)) == 2


def test_a_cursor_and_its_health_come_back_as_they_were(state):
    health = Health(
        status=Status.FAILING, since=NOW, trouble=Trouble.TLS, detail="expired", failures=3
    )
    cursor = Cursor(url="u", etag='"x"', last_modified="Sun", pages=2, health=health)
    (lease,) = claim(state, ["a"], 1)

    state.finish(lease, NOW, cursor)

    assert state.cursors(["a", "never"]) == {"a": cursor}


def test_giving_a_feed_back_without_a_cursor_leaves_the_one_there(state):
    for cursor in (Cursor(url="u", etag="1"), None):
        (lease,) = claim(state, ["a"], 1)
        state.finish(lease, NOW, cursor)

    assert state.cursors(["a"])["a"].etag == "1"


def test_entries_come_back_as_they_were_until_they_are_forgotten(state):
    one = Remembered(content="c", url="https://e.org/1", taken_s=5, fresh=True)
    two = Remembered(content="d", tries=2, waiting=FeedEntry(guid="2", title="T", published_at=NOW))
    state.remember("a", {"k1": one, "k2": two})
    state.remember("b", {"k1": two})

    state.forget("a", ["k2"])

    assert state.entries("a") == {"k1": one}
    assert state.entries("b") == {"k1": two}
    assert state.entries("c") == {}


def test_what_is_kept_expires_unless_the_feed_is_polled(in_redis):
    (lease,) = claim(in_redis, ["a"], 1)
    in_redis.remember("a", {"k": Remembered(content="c")})
    in_redis.finish(lease, NOW, Cursor(url="u"))
    keys = ["tocsin:ingest:feed:a", "tocsin:ingest:feed:a:entries"]
    assert all(0 < in_redis._redis.ttl(key) <= 30 * 86_400 for key in keys)
    in_redis._redis.expire(keys[1], 100)

    in_redis.renew_entries("a")

    assert in_redis._redis.ttl(keys[1]) > 100


def test_a_redis_that_is_away_is_unavailable():
    away = FeedState(
        settings.Redis(url=settings.Secret("redis://127.0.0.1:1/0"), timeout_s=1), days=1
    )

    with pytest.raises(Unavailable, match="Redis"):
        claim(away, ["a"], 1)
    with pytest.raises(Unavailable, match="Redis"):
        away.entries("a")
