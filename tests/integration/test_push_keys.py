"""Idempotency keys of the push API on a real Redis."""

from __future__ import annotations

import asyncio
import threading

import redis

from tests.support.wait import wait_for
from tests.unit.ingest.pushing import LINES, OTHER, Desk, lines, pushed, story

KEY = {"idempotency-key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def at(server):
    return Desk(server.url)


def held(server):
    """What stands in Redis: (name, seconds to live)."""
    with redis.Redis.from_url(server.url) as client:
        return [(name.decode(), client.ttl(name)) for name in client.scan_iter("*")]


def test_the_same_request_under_its_key_gets_the_same_answer_and_publishes_once(redis_server):
    async def work(desk):
        one = [await desk.send(story(1), KEY) for _ in range(3)]
        body = lines(story(2), b"{", story(3))
        many = [await desk.send(body, {**LINES, "idempotency-key": '"many"'}) for _ in range(2)]
        return one, many, desk.batches

    one, many, batches = pushed(work, at(redis_server))

    assert [each.status for each in one] == [202, 202, 202]
    assert len({each.body for each in one}) == 1
    assert one[0].told["outcome"] == "published"
    assert (many[0].status, many[0].body) == (many[1].status, many[1].body)
    assert many[0].headers["content-type"] == many[1].headers["content-type"]
    assert batches == [1, 2]


def test_an_answer_is_kept_for_a_day(redis_server):
    async def work(desk):
        await desk.send(story(1), KEY)

    pushed(work, at(redis_server))

    ((name, ttl),) = held(redis_server)
    assert name.startswith("tocsin:ingest:push:wire:")
    assert 23.9 * 3600 < ttl <= 24 * 3600


def test_another_request_under_a_key_is_refused(redis_server):
    async def work(desk):
        await desk.send(story(1), KEY)
        other = await desk.send(story(2), KEY)
        kind = await desk.send(lines(story(1)), {**LINES, **KEY})
        return other, kind, desk.articles

    other, kind, articles = pushed(work, at(redis_server))

    assert (other.status, kind.status, len(articles)) == (422, 422, 1)
    assert "Idempotency-Key" in other.told["detail"]


def test_a_key_is_its_source_s_own(redis_server):
    async def work(desk):
        await desk.send(story(1), KEY)
        return await desk.send(story(2), KEY, token=OTHER)

    assert pushed(work, at(redis_server)).status == 202


def test_while_the_first_is_under_way_the_second_is_told_to_come_back(redis_server):
    gate = threading.Event()

    async def work(desk):
        desk.gate = gate.wait
        first = asyncio.create_task(desk.send(story(1), KEY))
        await asyncio.to_thread(wait_for, lambda: desk.taking, 5, "the first is taken")
        second, other = await desk.send(story(1), KEY), await desk.send(story(2), KEY)
        gate.set()
        return await first, second, other, await desk.send(story(1), KEY)

    first, second, other, third = pushed(work, at(redis_server))

    assert (first.status, second.status, other.status) == (202, 409, 422)
    assert int(second.headers["retry-after"]) >= 1
    assert third.body == first.body


def test_what_was_refused_or_not_done_leaves_its_key_free(redis_server):
    async def work(desk):
        wrong = await desk.send({"text": "a", "url": "x"}, KEY)
        desk.bus.away = True
        away = await desk.send(story(1), KEY)
        desk.bus.away = False
        return wrong.status, away.status, (await desk.send(story(1), KEY)).status

    assert pushed(work, at(redis_server)) == (422, 503, 202)


def test_after_a_crash_the_key_frees_itself_and_nothing_is_published_twice(redis_server):
    async def work(desk):
        hold = await desk.keys.begin("wire", KEY["idempotency-key"], b"as if it had crashed")
        ttl = held(redis_server)[0][1]
        published = await desk.send(story(1))  # the crash came after Kafka's word
        with redis.Redis.from_url(redis_server.url) as client:
            client.delete(hold.name)  # as its expiry does
        again = await desk.send(story(1), KEY)
        await desk.keys.keep(hold, b"too late")
        return ttl, published, again, await desk.send(story(1), KEY), desk.articles

    ttl, published, again, last, articles = pushed(work, at(redis_server))

    assert 0 < ttl <= 60
    assert (again.status, again.told["outcome"]) == (202, "seen")
    assert again.told["id"] == published.told["id"]
    assert last.body == again.body
    assert len(articles) == 1
