"""State and outbox on a real Redis: one atomic step, once per record, whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
from datetime import UTC, datetime

import msgspec
import pytest

from services.alert.app import App, letters
from services.alert.domain.fold import Outcome, apply
from services.alert.outbox import Outbox, Settled
from services.alert.store import Place, Store, connect
from tests.integration.benches import on_bench
from tests.unit.alert.builders import CONFIG, LATER, NOON, days, event, report
from tocsin.bus import Record
from tocsin.errors import BadMessage, Unavailable
from tocsin.messages import Alert, LevelReport, decode, encode
from tocsin.settings import Redis, Secret
from tocsin.topics import ALERTS, EVENTS

PLACE = Place(dyad="USA-VEN", run="run")


class Bench:
    """A store, its outbox and an app over one Redis."""

    def __init__(self, url):
        self.client = connect(Redis(url=Secret(url), timeout_s=1))
        self.store = Store(self.client, "t", letters)
        self.outbox = Outbox(self.client, "t")
        self.app = App(self.store, CONFIG)

    async def messages(self):
        return [each.message for each in await self.outbox.unsent("test", 1000, 1)]


on = functools.partial(on_bench, Bench)


def record(told, offset=0, cluster="c1", partition=0):
    return Record(
        topic=EVENTS.name,
        partition=partition,
        offset=offset,
        key=told.dyad.encode(),
        value=encode(told),
        cluster=cluster,
    )


def threat(article="a1", **of):
    return report(event("THREATEN"), article=article, **of)


def test_a_step_stores_the_state_and_what_it_says_together(redis_server):
    async def work(bench):
        await bench.app.handle([record(threat())])
        return await bench.messages(), await bench.client.keys("t:*")

    messages, keys = on(redis_server, work)

    assert [each.topic for each in messages] == ["tocsin.alerts.v1", "tocsin.levels.v1"]
    assert decode(messages[0].value, Alert).change == "raised"
    assert decode(messages[1].value, LevelReport).level == 2
    assert b"t:run:run:dyad:USA-VEN" in keys


def test_a_record_that_comes_again_says_nothing_again(redis_server):
    async def work(bench):
        for _ in range(3):
            await bench.app.handle([record(threat(), 5), record(threat("a2"), 6)])
        return await bench.messages()

    assert len(on(redis_server, work)) == 3  # an alert and two levels


def test_offsets_that_start_anew_with_the_broker_are_not_taken_for_old_ones(redis_server):
    async def work(bench):
        await bench.app.handle([record(threat(), 7)])
        await bench.app.handle([record(threat("a2"), 0, cluster="c2")])
        return await bench.messages()

    assert len(on(redis_server, work)) == 3


def test_a_lost_answer_does_not_apply_a_record_twice(redis_server):
    async def work(bench):
        def fold(state):
            return apply(state, threat(), LATER, CONFIG)

        first = await bench.store.step(PLACE, fold, record(threat()))
        again = await bench.store.step(PLACE, fold, record(threat()))
        return first, again

    first, again = on(redis_server, work)

    assert first.outcome is Outcome.APPLIED
    assert again is None


def test_two_workers_on_one_pair_lose_nothing(redis_server):
    reports = [threat(f"a{n}", at=NOON + days(n / 100)) for n in range(40)]

    async def work(bench):
        other = Bench(redis_server.url)
        workers = itertools.cycle((bench.app, other.app))
        await asyncio.gather(
            *(
                worker.handle([record(told, 0, cluster=f"c{n}")])
                for n, (worker, told) in enumerate(zip(workers, reports, strict=False))
            )
        )
        await other.client.aclose()
        return await bench.messages()

    messages = on(redis_server, work)
    levels = [m for m in messages if m.topic == "tocsin.levels.v1"]

    assert {decode(each.value, LevelReport).report for each in levels} == {r.id for r in reports}
    assert sum(each.topic == ALERTS.name for each in messages) == 1


def test_bad_records_are_refused_and_the_rest_goes_on(redis_server):
    bad = Record(topic=EVENTS.name, partition=0, offset=1, key=b"USA-VEN", value=b"{")

    async def work(bench):
        return await bench.app.handle([record(threat()), bad, record(threat("a2"), 2)])

    first, refused, last = on(redis_server, work)

    assert (first, last) == ((), ())
    assert isinstance(refused, BadMessage)


def test_replays_live_apart_from_the_world_and_expire(redis_server):
    async def work(bench):
        await bench.app.handle([record(threat(run="r1")), record(threat(run="r2"), 1)])
        await bench.app.handle([record(threat(run=None, at=datetime.now(UTC)), 2)])
        ttls = [
            await bench.client.ttl(f"t:{name}:dyad:USA-VEN")
            for name in ("run:r1", "run:r2", "live")
        ]
        return ttls, await bench.messages()

    ttls, messages = on(redis_server, work)
    ids = [decode(each.value, Alert).id for each in messages if each.topic == ALERTS.name]

    assert ttls[0] > 6 * 24 * 3600
    assert ttls[1] > 6 * 24 * 3600
    assert ttls[2] == -1
    assert ids[0] == ids[1] != ids[2]


def test_after_redis_was_lost_live_alerts_get_new_ids(redis_server):
    async def once(bench):
        await bench.app.handle([record(threat(run=None, at=datetime.now(UTC)))])
        return decode((await bench.messages())[0].value, Alert).id

    before = on(redis_server, once)
    redis_server.flush()

    assert on(redis_server, once) != before


def test_time_alone_lowers_the_level_of_a_live_pair(redis_server):
    now = datetime.now(UTC)

    async def work(bench):
        await bench.app.handle([record(threat(run=None, at=now))])
        early = await bench.store.due(now + days(2))
        for day in (3, 3.3, 6, 6.3, 7):
            await bench.app.tick(now + days(day))
        return early, await bench.store.due(now + days(400)), await bench.messages()

    early, left, messages = on(redis_server, work)

    assert (early, left) == ([], [])
    changes = [decode(m.value, Alert).change for m in messages if m.topic == ALERTS.name]
    levels = [decode(m.value, LevelReport).level for m in messages if m.topic != ALERTS.name]
    assert changes == ["raised", "resolved"]
    assert list(dict.fromkeys(levels)) == [2, 1, 0]


def test_the_gauges_know_every_pair_that_was_ever_above_zero(redis_server):
    calm = report(event("AGREE"), dyad="GRC-TUR", article="calm")

    async def work(bench):
        await bench.app.handle([record(threat()), record(calm, 1)])
        await bench.app.handle([record(report(event("AGREE"), article="b", at=NOON + days(60)), 2)])
        return await bench.store.gauges()

    (gauge,) = on(redis_server, work)

    assert (gauge.dyad, gauge.status, gauge.level) == ("USA-VEN", "exercise", 0)


def test_redis_that_is_away_is_waited_for(redis_server):
    async def work(bench):
        await bench.app.handle([record(threat())])
        redis_server.stop()
        with pytest.raises(Unavailable):
            await bench.app.handle([record(threat("a2"), 1)])
        redis_server.start()
        await bench.app.handle([record(threat("a2"), 1)])
        return await bench.messages()

    assert len(on(redis_server, work)) == 3


def test_what_a_kill_of_redis_left_is_what_was_answered(redis_server):
    async def work(bench):
        for number in range(20):
            await bench.app.handle([record(threat(f"a{number}"), number)])
        redis_server.kill()
        redis_server.start()
        with contextlib.suppress(Unavailable):  # by the connection that was cut
            await bench.app.handle([record(threat("a0"))])
        for number in range(20):
            await bench.app.handle([record(threat(f"a{number}"), number)])
        return await bench.messages()

    assert len(on(redis_server, work)) == 21


def test_a_full_redis_is_waited_for_too(redis_server):
    async def work(bench):
        await bench.client.config_set("maxmemory", "1")
        try:
            with pytest.raises(Unavailable):
                await bench.app.handle([record(threat())])
        finally:
            await bench.client.config_set("maxmemory", "384mb")
        await bench.app.handle([record(threat())])
        return await bench.messages()

    assert len(on(redis_server, work)) == 2


def test_the_outbox_hands_each_channel_its_own_place(redis_server):
    async def work(bench):
        outbox = bench.outbox
        await bench.app.handle([record(threat(f"a{n}"), n) for n in range(5)])
        assert await outbox.hold("one", "me", 15)
        assert not await outbox.hold("one", "you", 15)
        entries = await outbox.unsent("one", 4, 1)
        assert await outbox.settle("one", "me", Settled(place=entries[-1].id))
        assert not await outbox.settle("one", "you", Settled(place=entries[0].id))
        await outbox.trim(["one", "two"])
        untouched = await outbox.length()
        assert await outbox.hold("two", "you", 15)
        await outbox.settle("two", "you", Settled(place=entries[1].id))
        await outbox.trim(["one", "two"])
        await outbox.release("one", "me")
        return untouched, await outbox.length(), len(await outbox.unsent("one", 9, 1))

    assert on(redis_server, work) == (6, 4, 2)


def test_a_channels_place_never_goes_back_and_what_is_done_beyond_it_is_known(redis_server):
    async def work(bench):
        outbox = bench.outbox
        await bench.app.handle([record(threat(f"a{n}"), n) for n in range(5)])
        first, second, third, *_ = [each.id for each in await outbox.unsent("one", 9, 1)]
        await outbox.hold("one", "me", 15)
        await outbox.settle("one", "me", Settled(done=(third,), told={"live:x": b"7"}))
        beyond = await outbox.done("one")
        await outbox.settle("one", "me", Settled(place=second))
        await outbox.settle("one", "me", Settled(place=first))
        kept = await outbox.place("one"), await outbox.done("one")
        await outbox.settle("one", "me", Settled(place=third))
        told = await outbox.told("one", ["live:x", "live:y"])
        return beyond == {third}, kept == (second, {third}), await outbox.done("one"), told

    assert on(redis_server, work) == (True, True, set(), [b"7", None])


def test_the_stored_state_is_small(redis_server):
    async def work(bench):
        await bench.app.handle([record(threat(f"a{n}", at=NOON + days(n)), n) for n in range(60)])
        return await bench.client.hstrlen("t:run:run:dyad:USA-VEN", "state")

    assert on(redis_server, work) < 20_000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        (b"00-x\r\nEvil: 1-y-01", False),
        (None, False),
    ],
)
def test_a_report_hands_its_trace_on_to_all_that_it_says(redis_server, header, expected):
    headers = (("traceparent", header),) if header else ()

    async def work(bench):
        await bench.app.handle([msgspec.structs.replace(record(threat()), headers=headers)])
        return await bench.messages()

    messages = on(redis_server, work)

    assert len(messages) == 2
    for each in messages:
        assert dict(each.headers).get("traceparent") == (header if expected else None)


def test_unused_fields_of_a_later_version_are_ignored(redis_server):
    later = encode(threat()).replace(b'{"id"', b'{"later":1,"id"', 1)

    async def work(bench):
        told = msgspec.structs.replace(record(threat()), value=later)
        return await bench.app.handle([told])

    assert on(redis_server, work) == [()]
