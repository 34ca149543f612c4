"""A text that hangs or crashes the coder costs that text alone."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime

import psutil
import pytest

from services.enrich.pool import Pool
from tests.integration import coders
from tests.support.wait import wait_for
from tocsin.errors import BadMessage, Unavailable
from tocsin.messages import Article


def article(text, number=0):
    return Article(
        id=f"{number}", guid=f"{number}", source="s", text=text, fingerprint="f",
        fetched_at=datetime(2025, 8, 12, tzinfo=UTC),
    )  # fmt: skip


@pytest.fixture
def restarts():
    return []


@pytest.fixture
def pool(restarts):
    pool = Pool(coders.build, workers=2, deadline_s=4, on_restart=lambda: restarts.append(1))
    yield pool
    pool.close()


def code(pool, *texts):
    articles = [article(text, number) for number, text in enumerate(texts)]
    return asyncio.run(pool.code(articles))


def test_order_holds_over_the_workers(pool):
    coded = code(pool, *"abcdefg")

    assert [each.article.id for each in coded] == list("0123456")
    assert str(os.getpid()) not in {each.coder for each in coded}


@pytest.mark.parametrize(
    ("text", "reason"), [("hang", "timed_out"), ("die", "crashed"), ("raise", "raised")]
)
def test_one_bad_text_is_refused_and_its_neighbours_are_coded(pool, restarts, text, reason):
    coded = code(pool, "before", text, "after")

    assert [each.article.id for each in (coded[0], coded[2])] == ["0", "2"]
    assert isinstance(coded[1], BadMessage)
    assert coded[1].reason.value == reason
    assert restarts


def test_a_text_in_the_other_worker_is_not_blamed_for_its_neighbour(pool):
    innocent, struck = code(pool, "before", "die")

    assert isinstance(struck, BadMessage)
    assert not isinstance(innocent, BadMessage)


def test_the_pool_goes_on_after_it_was_struck(pool):
    code(pool, "die")

    assert code(pool, "after")[0].article.id == "0"


def test_a_coder_that_cannot_be_built_is_one_clear_error():
    pool = Pool(coders.build_broken, workers=1, deadline_s=5)

    with pytest.raises(Unavailable, match="did not come up"):
        asyncio.run(pool.warm())
    pool.close()


def test_no_process_is_left_when_the_pool_is_closed(pool):
    pids = {int(each.coder) for each in code(pool, "a", "b")}

    pool.close()

    wait_for(lambda: not any(map(psutil.pid_exists, pids)), 10, "the workers have ended")
