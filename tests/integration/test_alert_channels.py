"""A channel at work on a real Redis and a real sink: breaker, refusals, live messages, hushes."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import UTC, datetime

import msgspec
import pytest

from services.alert import metrics
from services.alert.channels import pacing
from services.alert.channels.config import SlackChannel, WebhookChannel
from services.alert.channels.notifier import Notifier
from services.alert.dispatch import drain
from services.alert.domain.hushing import Matcher
from services.alert.hushes import Ask, Hushes
from services.alert.notify.http import Http
from services.alert.notify.slack import SlackApiSink
from services.alert.notify.webhook import WebhookSink, signer
from tests.integration.test_alert_dispatch import LOCAL, SECRET, emptied, until
from tests.integration.test_alert_store import Bench, record
from tests.integration.test_alert_storm import PAIRS, storm, told
from tests.support.sinks import HttpSink
from tests.unit.alert.builders import days, event, report
from tocsin.settings import Secret

OFFSETS = itertools.count()


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr(pacing, "_BACKOFF_S", (0.02, 0.05))


def hook(url, *, hush=None, **of):
    given = {"name": "hook", "url_env": "U", "secret_env": "S", "breaker_open_s": 0.3}
    policy = WebhookChannel(**{**given, **of})
    sink = WebhookSink(
        Http(LOCAL, 5), url, signer(Secret(SECRET), "S"), grouped=policy.group_by != "none"
    )
    return Notifier(policy, sink, hush=hush)


def working(server, carriers, work):
    """What `work(bench)` gives while the carriers drain; `carriers(bench)` makes them."""

    async def main():
        bench, stop = Bench(server.url), asyncio.Event()
        made = carriers(bench)
        every = [each.name for each in made]
        tasks = [asyncio.create_task(drain(bench.outbox, each, every, stop)) for each in made]
        try:
            return await work(bench)
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await bench.client.aclose()

    return asyncio.run(main())


def live(plover, article, at=None, dyad="USA-VEN"):
    now = at or datetime.now(UTC)
    acts = event(plover, by=dyad[:3], on=dyad[4:])
    return record(report(acts, article=article, run=None, at=now, dyad=dyad), next(OFFSETS))


def count(metric, **labels):
    return metric.labels(**labels)._value.get()


def test_the_breaker_opens_lets_one_through_now_and_then_and_closes_when_it_goes_well(
    redis_server,
):
    up = False

    def answer(_path, _body):
        return (204 if up else 500), {}, b""

    with HttpSink(answer) as sink:

        async def work(bench):
            nonlocal up
            await bench.app.handle(storm(PAIRS[:30]))
            await until(lambda: _is(lambda: len(sink.requests) >= 3))
            await until(lambda: _is(lambda: count(metrics.BREAKER_STATE, channel="hook") == 2))
            before = len(sink.requests)
            await asyncio.sleep(0.6)
            tried = len(sink.requests) - before
            up = True
            await until(lambda: emptied(bench))
            return tried, count(metrics.BREAKER_STATE, channel="hook")

        tried, state = working(redis_server, lambda _: [hook(sink.url, breaker_after=3)], work)

        assert tried <= 3  # of 30 that wait, and without a breaker every 0.05 s
        assert state in (0, 1)
        assert sorted(t for r in sink.taken for t in told(r)) == [
            f"{p}.1" for p in sorted(PAIRS[:30])
        ]


async def _is(condition):
    return condition()


def test_one_alert_that_a_sink_refuses_takes_no_other_of_its_group_down(redis_server):
    bad = PAIRS[3]

    def answer(_path, body):
        return (422 if bad.encode() in body else 204), {}, b""

    with HttpSink(answer) as sink:

        async def work(bench):
            await bench.app.handle(storm(PAIRS[:10]))
            await until(lambda: emptied(bench))
            return await bench.outbox.dead("hook")

        dead = working(
            redis_server, lambda _: [hook(sink.url, group_by="all", group_wait_s=0.2)], work
        )

        got = [each for request in sink.taken for each in told(request)]

    assert sorted(got) == sorted(f"{pair}.1" for pair in PAIRS[:10] if pair != bad)
    assert [(each.message.key, each.why) for each in dead] == [(bad, "HTTP 422")]


def test_an_episode_keeps_its_live_message_when_another_worker_takes_over(redis_server):
    stamps = iter(range(1, 100))

    def answer(path, body):
        said = json.loads(body)
        stamp = said.get("ts") or f"{next(stamps)}.0"
        return 200, {}, json.dumps({"ok": True, "channel": "C1", "ts": stamp}).encode()

    with HttpSink(answer) as sink:

        def room(_):
            policy = SlackChannel(name="room", token_env="T", channel="C1", group_wait_s=0.0)
            return [Notifier(policy, SlackApiSink(Http(LOCAL, 5), Secret("x"), "C1", sink.url))]

        now = datetime.now(UTC)
        for number, plover in enumerate(("THREATEN", "MOBILIZE", "ASSAULT")):

            async def work(bench, plover=plover, number=number):
                await bench.app.handle([live(plover, f"a{number}", now)])
                await until(lambda: emptied(bench))

            working(redis_server, room, work)

        calls = [(each.path, json.loads(each.body)) for each in sink.requests]

    assert [path for path, _ in calls] == [
        "/chat.postMessage",
        "/chat.update",
        "/chat.postMessage",
        "/chat.update",
        "/chat.postMessage",
    ]
    assert {said["ts"] for path, said in calls if path == "/chat.update"} == {"1.0"}
    assert {said.get("thread_ts") for _, said in calls[2::2]} == {"1.0"}


def test_what_is_silenced_is_left_out_and_a_higher_level_is_not(redis_server):
    with HttpSink() as sink:

        def carriers(bench):
            hushes = Hushes(bench.client, "t", bench.store)
            return [hook(sink.url, hush=hushes.reasons)]

        async def work(bench):
            hushes = Hushes(bench.client, "t", bench.store)
            await hushes.silence(
                Ask(
                    matcher=Matcher(dyad="USA-VEN"),
                    by="ana",
                    reason="known",
                    until=datetime.now(UTC) + days(1),
                    up_to=3,
                )
            )
            now = datetime.now(UTC)
            await bench.app.handle([live("THREATEN", "a1", now), live("MOBILIZE", "a2", now)])
            await until(lambda: emptied(bench))
            silent = len(sink.requests)
            await bench.app.handle([live("ASSAULT", "a3", now)])
            await until(lambda: emptied(bench))
            return silent

        before = count(metrics.SKIPPED, channel="hook", reason="hushed")
        silent = working(redis_server, carriers, work)
        levels = [json.loads(each.body)["level"] for each in sink.taken]

    assert silent == 0
    assert levels == [4]
    assert count(metrics.SKIPPED, channel="hook", reason="hushed") - before == 2


def test_a_revision_that_is_put_into_the_outbox_again_is_told_once_only(redis_server):
    with HttpSink() as sink:

        async def work(bench):
            await bench.app.handle([live("THREATEN", "a1")])
            (entry, *_) = await bench.outbox.after("0", 1)
            await until(lambda: emptied(bench))
            await bench.client.xadd("t:alert:outbox", {"message": _packed(entry)})
            await until(lambda: emptied(bench))

        working(redis_server, lambda _: [hook(sink.url)], work)

        assert len(sink.requests) == 1


def _packed(entry):
    return msgspec.msgpack.encode(entry.message)
