"""One behaviour for the index of stories: the fake of the unit tests and Redis."""

from __future__ import annotations

import threading

import pytest

from services.ingest.stories import Stories
from tests.unit.ingest.copies import OTHER, TEXT, TITLE, telling
from tests.unit.ingest.fakes import FakeStories
from tocsin import settings
from tocsin.errors import Unavailable

WHOLE = f"{TITLE}\n{TEXT}"
COPY = f"{WHOLE}\nAll rights reserved."
DAY_S = 24 * 3600


def opened(server, *, texts=1000):
    return Stories(settings.Redis(url=settings.Secret(server.url)), days=3, texts=texts)


@pytest.fixture(params=["fake", "redis"])
def stories(request):
    if request.param == "fake":
        yield FakeStories()
        return
    real = opened(request.getfixturevalue("redis_server"))
    yield real
    real.close()


def test_a_copy_gets_the_story_of_its_original_in_another_batch(stories):
    first = stories.assign("live", [telling("a", WHOLE), telling("b", OTHER)])
    second = stories.assign("live", [telling("c", COPY), telling("d", OTHER)])

    assert (first, second) == (("a", "b"), ("a", "b"))


def test_a_copy_gets_the_story_of_its_original_in_the_same_batch(stories):
    assert stories.assign("live", [telling("a", WHOLE), telling("c", COPY)]) == ("a", "a")


def test_an_edit_keeps_its_story(stories):
    stories.assign("live", [telling("a", WHOLE)])

    assert stories.assign("live", [telling("a", OTHER, before=WHOLE)]) == ("a",)


def test_a_run_knows_no_story_of_another(stories):
    stories.assign("run:r1", [telling("a", WHOLE)])

    assert stories.assign("run:r2", [telling("b", COPY)]) == ("b",)
    assert stories.assign("live", [telling("c", COPY)]) == ("c",)


def test_the_window_is_of_publication(stories):
    stories.assign("run:r1", [telling("a", WHOLE, at_s=0)])

    found = stories.assign("run:r1", [telling("b", COPY, at_s=3 * DAY_S + 1)])

    assert found == ("b",)


def test_short_and_no_articles_are_taken(stories):
    assert stories.assign("live", []) == ()
    assert stories.assign("live", [telling("a", "Short."), telling("b", "Short.")]) == ("a", "a")


def test_batches_give_the_same_stories_as_one_article_at_a_time(redis_server):
    stories = opened(redis_server)
    many = [
        telling(f"{n}", f"{text} Edition {n}.") for n in range(15) for text in (WHOLE, OTHER, "Hm")
    ]

    whole = stories.assign("run:a", many)
    single = tuple(story for each in many for story in stories.assign("run:b", [each]))

    stories.close()
    assert whole == single


def test_workers_at_once_agree_on_one_story(redis_server):
    workers = [opened(redis_server) for _ in range(4)]
    found: list[str] = []
    start = threading.Barrier(len(workers))

    def work(number, stories):
        start.wait()
        for n in range(10):
            each = telling(f"w{number}.{n}", f"{WHOLE}\nEdition {number} of {n}.")
            found.extend(stories.assign("live", [each]))

    threads = [threading.Thread(target=work, args=each) for each in enumerate(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    for each in workers:
        each.close()
    assert len(found) == 40
    assert len(set(found)) == 1


def test_the_oldest_go_when_two_generations_are_full(redis_server):
    stories = opened(redis_server, texts=3)
    fill = [telling(f"n{n}", f"Filler number {n}.") for n in range(12)]
    stories.assign("live", [telling("a", WHOLE)])
    for each in fill[:5]:
        stories.assign("live", [each])
    still = stories.assign("live", [telling("b", COPY)])
    for each in fill[5:]:
        stories.assign("live", [each])

    gone = stories.assign("live", [telling("c", WHOLE)])
    kept = sum(
        stories._redis.hlen(key) for key in stories._redis.keys("tocsin:ingest:live:near:*:text:*")
    )

    stories.close()
    assert (still, gone) == (("a",), ("c",))
    assert kept <= 6


def test_all_of_it_expires(redis_server):
    stories = opened(redis_server)
    stories.assign("run:r", [telling("a", WHOLE)])

    lives = [stories._redis.ttl(key) for key in stories._redis.keys("tocsin:ingest:*")]

    stories.close()
    assert len(lives) > 30
    assert all(0 < each <= 3 * DAY_S for each in lives)


def test_a_redis_that_is_away_is_unavailable():
    at = settings.Redis(url=settings.Secret("redis://127.0.0.1:1/0"), timeout_s=1)
    away = Stories(at, days=3, texts=10)

    with pytest.raises(Unavailable, match="Redis"):
        away.assign("live", [telling("a", WHOLE)])
