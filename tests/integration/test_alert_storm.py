"""A storm: hundreds of pairs at once, to a sink that takes so many requests a second and no more."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from services.alert.channels.config import WebhookChannel
from services.alert.channels.notifier import Notifier
from services.alert.dispatch import drain
from services.alert.domain.regions import REGIONS
from services.alert.notify.http import Http
from services.alert.notify.webhook import WebhookSink, signer
from tests.integration.test_alert_dispatch import LOCAL, SECRET, emptied, until
from tests.integration.test_alert_store import Bench, record
from tests.support.sinks import HttpSink, Limit
from tests.unit.alert.builders import event, report
from tocsin.settings import Secret

PAIRS = [
    "-".join(pair)
    for pair in itertools.islice(
        itertools.combinations(sorted(set().union(*REGIONS.values()))[::5], 2), 500
    )
]


def channel(url, **of):
    given = {"name": "hook", "url_env": "U", "secret_env": "S", "breaker_after": 1000}
    policy = WebhookChannel(**{**given, **of})
    sign = signer(Secret(SECRET), "S")
    grouped = policy.group_by != "none"
    return Notifier(policy, WebhookSink(Http(LOCAL, 5), url, sign, grouped=grouped))


def storm(pairs=PAIRS, plover="MOBILIZE"):
    now = datetime.now(UTC)
    return [
        record(
            report(
                event(plover, by=pair[:3], on=pair[4:]), dyad=pair, run=None, at=now, article=pair
            ),
            number,
        )
        for number, pair in enumerate(pairs)
    ]


async def strike(bench, pairs=PAIRS, plover="MOBILIZE"):
    """The storm, in batches as the stream gives them."""
    records = storm(pairs, plover)
    for start in range(0, len(records), 50):
        await bench.app.handle(records[start : start + 50])


def told(request):
    """The alerts of a request, `<dyad>.<revision>`."""
    body = json.loads(request.body)
    return [f"{each['dyad']}.{each['revision']}" for each in body.get("alerts", [body])]


def run(server, notifier, work, deadline_s=60):
    """Feeds what `work(bench)` does, and comes back when all has been passed on."""

    async def main():
        bench = Bench(server.url)
        stop = asyncio.Event()
        draining = asyncio.create_task(drain(bench.outbox, notifier, [notifier.name], stop))
        try:
            began_at = time.monotonic()
            await work(bench)
            await until(lambda: emptied(bench), deadline_s)
            took_s = time.monotonic() - began_at
            dead = await bench.outbox.dead(notifier.name)
            return took_s, dead
        finally:
            stop.set()
            await draining
            await bench.client.aclose()

    return asyncio.run(main())


def test_a_storm_of_500_pairs_goes_out_grouped_under_the_limit_and_whole(redis_server):
    limit_per_s = 5
    with HttpSink(Limit(limit_per_s)) as sink:
        notifier = channel(
            sink.url,
            group_by="region",
            group_wait_s=1.0,
            group_interval_s=5.0,
            per_minute=limit_per_s * 60 * 0.8,
            burst=1,
        )
        _, dead = run(redis_server, notifier, strike)

        got = Counter(each for request in sink.taken for each in told(request))

    assert len(PAIRS) == 500
    assert got == {f"{pair}.1": 1 for pair in PAIRS}
    assert dead == []
    assert [each.status for each in sink.requests if each.status == 429] == []
    assert len(sink.taken) <= 60


def test_a_sink_that_says_it_is_too_much_is_left_alone_as_long_as_it_says_and_gets_all(
    redis_server,
):
    with HttpSink(Limit(20, within_s=0.5)) as sink:
        notifier = channel(sink.url)
        _, dead = run(redis_server, notifier, lambda bench: strike(bench, PAIRS[:80]))

        got = Counter(each for request in sink.taken for each in told(request))
        refused = [n for n, each in enumerate(sink.requests) if each.status == 429]
        waits = [
            sink.requests[n + 1].at - sink.requests[n].at
            for n in refused
            if n + 1 < len(sink.requests)
        ]

    assert got == {f"{pair}.1": 1 for pair in PAIRS[:80]}
    assert dead == []
    assert refused
    assert min(waits) >= 1.0


@pytest.mark.parametrize("group_by", ["region", "all"])
def test_force_in_the_midst_of_a_storm_waits_for_no_interval(redis_server, group_by):
    with HttpSink() as sink:
        notifier = channel(sink.url, group_by=group_by, group_wait_s=0.3, group_interval_s=3.0)

        async def work(bench):
            await strike(bench, PAIRS[:50])
            await until(lambda: _some(sink))
            await strike(bench, PAIRS[50:60])
            await asyncio.sleep(0.2)
            work.struck_at = time.monotonic()
            await strike(bench, [PAIRS[60]], "ASSAULT")

        run(redis_server, notifier, work)
        heard_at = next(r.at for r in sink.taken if f"{PAIRS[60]}.1" in told(r))
        got = Counter(each for request in sink.taken for each in told(request))

    assert heard_at - work.struck_at < 0.3 + 0.7
    assert got == {f"{pair}.1": 1 for pair in PAIRS[:61]}


async def _some(sink):
    return sink.taken


def test_a_worker_that_falls_in_the_midst_repeats_nothing_that_was_settled(redis_server):
    with HttpSink(Limit(20, within_s=0.5)) as sink:
        pairs = PAIRS[:60]

        async def main():
            bench = Bench(redis_server.url)
            await strike(bench, pairs)
            for _ in range(4):
                stop = asyncio.Event()
                notifier = channel(sink.url, group_by="region", group_wait_s=0.0, per_minute=1200)
                task = asyncio.create_task(drain(bench.outbox, notifier, ["hook"], stop))
                before = len(sink.taken)
                await until(lambda before=before: _more(bench, sink, before))
                while not task.done():  # as a kill: nothing is released or settled any more
                    task.cancel()
                    await asyncio.sleep(0.01)
                await bench.client.delete("t:alert:lease:hook")
            stop = asyncio.Event()
            task = asyncio.create_task(drain(bench.outbox, channel(sink.url), ["hook"], stop))
            await until(lambda: emptied(bench), 30)
            stop.set()
            await task
            await bench.client.aclose()

        asyncio.run(main())
        got = Counter(each for request in sink.taken for each in told(request))

    assert set(got) == {f"{pair}.1" for pair in pairs}
    assert max(got.values()) <= 2


async def _more(bench, sink, before):
    return len(sink.taken) > before or await emptied(bench)


def test_two_workers_share_a_storm_without_a_repeat(redis_server):
    with HttpSink() as sink:

        async def main():
            bench, stop = Bench(redis_server.url), asyncio.Event()
            others = [Bench(redis_server.url) for _ in range(2)]
            tasks = [
                asyncio.create_task(
                    drain(
                        each.outbox,
                        channel(sink.url, group_by="pair", per_minute=6000, group_wait_s=0.05),
                        ["hook"],
                        stop,
                    )
                )
                for each in others
            ]
            await strike(bench, PAIRS[:100])
            await until(lambda: emptied(bench), 30)
            stop.set()
            await asyncio.gather(*tasks)
            for each in (bench, *others):
                await each.client.aclose()

        asyncio.run(main())
        got = Counter(each for request in sink.taken for each in told(request))

    assert got == {f"{pair}.1": 1 for pair in PAIRS[:100]}
