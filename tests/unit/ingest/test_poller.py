"""The poller: several feeds at a time, none held by another, an end within a second or two."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager

import pytest

from services.ingest.domain.rhythm import Status
from services.ingest.fetch.hosts import Hosts
from services.ingest.poller import Poller
from services.ingest.sources.config import FeedSource
from services.ingest.watch import authorization
from tests.unit.ingest.worlds import World, entry, feed
from tocsin.errors import SettingsError

DEADLINE_S = 20


def sources(*hosts, each=1):
    return [
        FeedSource(
            name=f"{host}-{n}",
            url=f"https://{host}.example/{n}",
            interval="1d",
            longest_interval="1d",
        )
        for host in hosts
        for n in range(each)
    ]


class HangingWorld(World):
    """URLs in `hangs` never answer."""

    def __init__(self, **limits):
        super().__init__(**limits)
        self.hangs = set()
        self.together = None
        self.at_once = 0
        self.most_at_once = 0

    async def get(self, url, **told):
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if url in self.hangs:
                await asyncio.Event().wait()
            if self.together:
                await self.together.wait()
            return await super().get(url, **told)
        finally:
            self.at_once -= 1


@asynccontextmanager
async def polling(world, told, *, polls=4, lease_s=60, hosts=None, surveys=None):
    """The poller at work; at the end it is told to stop, and has to."""
    stop = threading.Event()
    poller = Poller(
        told,
        world.feeds,
        world.state,
        hosts or Hosts(gap_s=0),
        polls=polls,
        lease_s=lease_s,
        clock=world.clock,
        on_survey=(surveys if surveys is not None else []).append,
    )
    task = asyncio.create_task(poller.run(stop))
    try:
        yield poller
    finally:
        stop.set()
        began = time.monotonic()
        await asyncio.wait_for(task, 5)
        world.took_to_end_s = time.monotonic() - began


async def until(condition):
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for knows of no event
            await asyncio.sleep(0.01)


def test_every_feed_is_polled_and_no_more_at_once_than_told():
    world = HangingWorld()
    told = sources(*"abcdefghijkl")
    world.web = {each.url: feed(entry(n)) for n, each in enumerate(told)}
    world.together = asyncio.Barrier(3)

    async def run():
        async with polling(world, told, polls=3):
            await until(lambda: len(world.state.cursors([each.name for each in told])) == len(told))

    asyncio.run(run())

    assert len(world.published) == len(told)
    assert world.most_at_once == 3


def test_a_host_that_hangs_with_all_its_feeds_holds_no_other():
    world = HangingWorld()
    stuck, others = sources("stuck", each=20), sources("a", "b", "c")
    world.hangs = {each.url for each in stuck}
    world.web = {each.url: feed(entry(n)) for n, each in enumerate(others)}

    async def run():
        async with polling(world, [*stuck, *others], polls=2):
            await until(lambda: len(world.published) == 3)

    asyncio.run(run())

    assert {url for url, *_ in world.asked} == {each.url for each in others}


def test_told_to_stop_it_gives_back_what_it_was_reading():
    world = HangingWorld()
    told = sources("a", "b")
    world.hangs = {each.url for each in told}

    async def run():
        async with polling(world, told):
            await until(lambda: world.at_once == 2)

    asyncio.run(run())

    assert world.took_to_end_s < 2
    assert len(world.state.claim([each.name for each in told], 9, now=world.now, lease_s=60)) == 2


def test_told_to_stop_it_ends_what_it_was_publishing():
    world = HangingWorld()
    told = sources("a")
    world.web = {told[0].url: feed(entry(1))}
    publishing, go_on = threading.Event(), threading.Event()
    take = world.intake.take

    def slowly(*args, **options):
        publishing.set()
        assert go_on.wait(DEADLINE_S)
        return take(*args, **options)

    world.intake.take = slowly

    async def run():
        async with polling(world, told):
            await until(publishing.is_set)
            asyncio.get_running_loop().call_later(0.3, go_on.set)

    asyncio.run(run())

    assert len(world.published) == 1
    assert world.state.cursors(["a-0"])["a-0"].health.status is Status.FRESH


def test_a_feed_whose_lease_was_lost_is_let_go():
    world = HangingWorld()
    told = sources("a")
    world.hangs = {told[0].url}

    async def run():
        async with polling(world, told, lease_s=0.3):
            await until(lambda: world.at_once == 1)
            world.state._leases["a-0"] = "another's"
            world.state._due["a-0"] = world.now.timestamp() + 60
            await until(lambda: world.at_once == 0)

    asyncio.run(run())

    assert world.state._leases == {"a-0": "another's"}


def test_an_error_of_ours_makes_the_feed_failing_and_ends_nothing():
    world = HangingWorld()
    told = sources("a", "b")
    world.web = {told[1].url: feed(entry(1))}
    world.web[told[0].url] = 7  # a parser that gives what it must not

    async def run():
        async with polling(world, told):
            await until(lambda: len(world.state.cursors(["a-0", "b-0"])) == 2)

    asyncio.run(run())

    health = world.state.cursors(["a-0"])["a-0"].health
    assert health.status is Status.FAILING
    assert "ingest" in health.detail
    assert len(world.published) == 1


def test_while_redis_is_away_it_waits_and_then_goes_on(monkeypatch):
    monkeypatch.setattr("services.ingest.poller._PAUSE_S", 0.1)
    world = HangingWorld()
    told = sources("a")
    world.web = {told[0].url: feed(entry(1))}
    world.state.away = True

    async def run():
        async with polling(world, told):
            await asyncio.sleep(0)
            world.state.away = False
            await until(lambda: world.published)

    asyncio.run(run())

    assert len(world.published) == 1


def test_a_host_at_rest_is_not_asked():
    world = HangingWorld()
    told = sources("a", "b")
    world.web = {each.url: feed(entry(n)) for n, each in enumerate(told)}
    hosts = Hosts(gap_s=0)
    hosts.back_off("a.example", 3600)

    async def run():
        async with polling(world, told, hosts=hosts):
            await until(lambda: world.published)

    asyncio.run(run())

    assert [url for url, *_ in world.asked] == [told[1].url]


def test_the_survey_counts_the_feeds_by_how_they_are():
    world = HangingWorld()
    surveys = []

    async def run():
        async with polling(world, sources("a", "b"), surveys=surveys):
            await until(lambda: surveys)

    asyncio.run(run())

    assert sum(surveys[0].values()) == 2


@pytest.mark.parametrize("value", [None, "", " ", "a\nb", "é"])
def test_a_secret_that_is_missing_or_cannot_be_sent_is_told_by_its_variable(value):
    told = [FeedSource(name="paid", url="https://a.example", authorization_env="PAID_TOKEN")]

    with pytest.raises(SettingsError, match="PAID_TOKEN: the source paid"):
        authorization(told, {} if value is None else {"PAID_TOKEN": value})
