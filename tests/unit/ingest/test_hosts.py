"""One request at a time to a host, with a gap, and none while it asks to be left alone."""

from __future__ import annotations

import asyncio

import pytest

from services.ingest.fetch.hosts import Hosts


class Clock:
    """A clock that goes on only when somebody waits."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        self.waited = []
        yields = asyncio.sleep

        async def sleep(seconds, *_):
            self.waited.append(seconds)
            self.now += seconds
            await yields(0)

        monkeypatch.setattr("services.ingest.fetch.hosts.asyncio.sleep", sleep)

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_a_host_is_asked_one_request_at_a_time_and_another_host_meanwhile():
    async def run():
        hosts = Hosts(gap_s=0)
        entered, leave = [], asyncio.Event()

        async def ask(host):
            async with hosts.turn(host) as rest_s:
                assert rest_s == 0
                entered.append(host)
                await leave.wait()

        tasks = [asyncio.create_task(ask(host)) for host in ("a", "a", "b", "a")]
        for _ in range(20):  # rounds of the loop, enough for all who can to enter
            await asyncio.sleep(0)
        at_once = list(entered)
        leave.set()
        await asyncio.gather(*tasks)
        return at_once, entered

    at_once, entered = asyncio.run(run())

    assert at_once == ["a", "b"]
    assert sorted(entered) == ["a", "a", "a", "b"]


def test_between_two_requests_to_a_host_there_is_a_gap(clock):
    async def run():
        hosts = Hosts(gap_s=2.0, clock=clock)
        for host in ("a", "a", "b"):
            async with hosts.turn(host):
                clock.now += 0.5

    asyncio.run(run())

    assert clock.waited == [0, 2.0, 0]


def test_who_waits_for_a_host_is_told_when_it_asks_to_be_left_alone(clock):
    async def run():
        hosts = Hosts(gap_s=0, clock=clock)
        told = []

        async def ask(*, busy):
            async with hosts.turn("a") as rest_s:
                told.append(rest_s)
                await asyncio.sleep(0)
                if busy:
                    hosts.back_off("a", 90)

        await asyncio.gather(ask(busy=True), ask(busy=False), ask(busy=False))
        clock.now += 91
        await ask(busy=False)
        return told, hosts.rest_s("a"), hosts.rest_s("b")

    assert asyncio.run(run()) == ([0, 90, 90, 0], 0, 0)


def test_the_longest_rest_that_was_asked_for_stands_and_a_day_is_the_most(clock):
    hosts = Hosts(clock=clock)
    hosts.back_off("a", 100)
    hosts.back_off("a", 10)
    hosts.back_off("b", 1e9)
    hosts.back_off("c", -5)

    assert [hosts.rest_s(each) for each in "abc"] == [100, 86_400, 0]


@pytest.mark.parametrize("fault", [RuntimeError, asyncio.CancelledError])
def test_a_turn_that_fails_gives_the_host_free(fault):
    async def run():
        hosts = Hosts(gap_s=0)
        with pytest.raises(fault):
            async with hosts.turn("a"):
                raise fault
        async with asyncio.timeout(5), hosts.turn("a") as rest_s:
            return rest_s

    assert asyncio.run(run()) == 0


def test_hosts_are_forgotten_those_at_rest_last(clock):
    async def run():
        hosts = Hosts(gap_s=0, clock=clock, most=50)
        hosts.back_off("resting", 1000)
        for number in range(500):
            async with hosts.turn(f"host-{number}"):
                assert len(hosts) <= 50
        return hosts.rest_s("resting")

    assert asyncio.run(run()) == 1000
