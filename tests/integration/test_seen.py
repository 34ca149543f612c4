"""One behaviour for the memory of what was published: the fake of the unit tests and Redis."""

from __future__ import annotations

import pytest

from services.ingest.seen import Known, Seen
from tests.unit.ingest.fakes import FakeSeen
from tocsin import settings
from tocsin.errors import Unavailable


@pytest.fixture(params=["fake", "redis"])
def seen(request):
    if request.param == "fake":
        yield FakeSeen()
        return
    server = request.getfixturevalue("redis_server")
    real = Seen(settings.Redis(url=settings.Secret(server.url)), days=1)
    yield real
    real.close()


def test_what_was_marked_is_known_with_its_newest_revision(seen):
    seen.mark("live", [("a", Known(1, "f1")), ("b", Known(1, "f2"))])
    seen.mark("live", [("a", Known(2, "f3"))])

    assert seen.known("live", ["a", "b", "c"]) == [Known(2, "f3"), Known(1, "f2"), None]


def test_a_text_is_known_under_the_id_that_had_it_first(seen):
    seen.mark("live", [("a", Known(1, "f1"))])
    seen.mark("live", [("b", Known(1, "f1"))])

    assert seen.copies("live", ["f1", "f2"]) == ["a", None]


def test_a_run_knows_nothing_of_another(seen):
    seen.mark("r1", [("a", Known(1, "f1"))])

    assert seen.known("r2", ["a"]) == [None]
    assert seen.copies("live", ["f1"]) == [None]


def test_nothing_asked_is_nothing_answered(seen):
    assert seen.known("live", []) == []
    assert seen.copies("live", []) == []


def test_a_file_is_done_once_it_was_marked(seen):
    before = seen.file_done("x")
    seen.mark_file("x")

    assert (before, seen.file_done("x")) == (False, True)


def test_of_a_file_is_known_what_was_marked_last(seen):
    seen.mark_file("x", "half")
    seen.mark_file("x", "whole")
    seen.keep_files(["x", "unknown"])

    assert seen.file_states(["x", "unknown"]) == ["whole", None]
    assert seen.file_states([]) == []


def test_a_file_that_is_kept_is_remembered_for_the_whole_time_again(redis_server):
    seen = Seen(settings.Redis(url=settings.Secret(redis_server.url)), days=1)
    seen.mark_file("x", "whole")
    (key,) = seen._redis.keys("tocsin:ingest:live:file:*")
    seen._redis.expire(key, 60)

    seen.keep_files(["x"])

    assert seen._redis.ttl(key) > 24 * 3600 - 60
    seen.close()


def test_what_is_remembered_expires(redis_server):
    url = settings.Secret(redis_server.url)
    seen = Seen(settings.Redis(url=url), days=1)
    seen.mark("live", [("a", Known(1, "f1"))])
    seen.mark_file("x")

    lives = [seen._redis.ttl(key) for key in seen._redis.keys("tocsin:ingest:*")]

    seen.close()
    assert len(lives) == 3
    assert all(0 < each <= 24 * 3600 for each in lives)


def test_a_redis_that_is_away_is_unavailable():
    away = Seen(settings.Redis(url=settings.Secret("redis://127.0.0.1:1/0"), timeout_s=1), days=1)

    with pytest.raises(Unavailable, match="Redis"):
        away.known("live", ["a"])
