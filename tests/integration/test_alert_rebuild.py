"""Rebuild on a real Redis: the same reports give the same states and ids, and page nobody."""

from __future__ import annotations

import contextlib
import functools
import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.alert.app import App, letters, read
from services.alert.domain.fold import advance, apply
from services.alert.domain.sight import CLEAR
from services.alert.domain.state import State
from services.alert.outbox import Outbox
from services.alert.rebuild import rebuild
from services.alert.store import Place, Store, connect
from tests.integration.benches import on_bench
from tests.unit.alert.builders import CONFIG, event, report
from tocsin.bus import Record
from tocsin.errors import BadMessage
from tocsin.messages import encode
from tocsin.settings import Redis, Secret
from tocsin.topics import EVENTS

NOW = datetime.now(UTC)
PAIRS = ("USA-VEN", "GRC-TUR", "IND-PAK")
ACTS = ("ACCUSE", "THREATEN", "MOBILIZE", "ASSAULT", "RETREAT", "CONSULT")


def history(seed=3, count=80):
    """Records of the last days, among them revisions, repeats, a replay's and one of garbage."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        dyad = chance.choice(PAIRS)
        by, on = chance.sample(dyad.split("-"), 2)
        revised = chance.random() < 0.1
        told = report(
            *(event(chance.choice(ACTS), by=by, on=on) for _ in range(chance.choice((1, 1, 0)))),
            article=f"n{number // 2 if revised else number}",
            revision=2 if revised else 1,
            agency=chance.choice(("EFE", "AP", None, "Blog A")),
            at=NOW - timedelta(hours=(count - number) * 4 + chance.random() * 3),
            run="r1" if number % 9 == 8 else None,
            dyad=dyad,
        )
        found.append((dyad.encode(), encode(told)))
    found.insert(40, (b"USA-VEN", b"{"))
    return [
        Record(
            topic=EVENTS.name,
            partition=0,
            offset=offset,
            key=key,
            value=value,
            cluster="c",
            at=NOW - timedelta(hours=(len(found) - offset) * 4 - 2),
        )
        for offset, (key, value) in enumerate(found)
    ]


class Bench:
    """A store, an app over it and the outbox, on one Redis."""

    def __init__(self, url):
        self.client = connect(Redis(url=Secret(url), timeout_s=1))
        self.store = Store(self.client, "t", letters)
        self.app = App(self.store, CONFIG)
        self.outbox = Outbox(self.client, "t")

    async def live(self, records):
        """What a worker does as the records come, a look at the clock after each third."""
        for number, record in enumerate(records):
            with contextlib.suppress(BadMessage):
                report = read(record)
                place = Place(dyad=report.dyad, run=report.article.run)
                await self.store.step(place, self.fold(report, record.at), record)
            if number % 3 == 0:
                await self.app.tick(record.at + timedelta(hours=1))
        for dyad in PAIRS:
            await self.store.step(Place(dyad=dyad), lambda s: advance(s, datetime.now(UTC), CONFIG))

    def fold(self, report, at):
        return lambda state: apply(state, report, at, CONFIG)

    async def states(self):
        """Every state of the world, but for the clocks, which tell when somebody looked."""
        found = {}
        for key in await self.client.keys("t:live:dyad:*"):
            stored = msgspec.msgpack.decode(await self.client.hget(key, "state"))
            state = msgspec.convert(stored["state"], State, strict=False)
            found[key] = msgspec.structs.replace(
                state,
                clock=None,
                settled=None,
                pruned_at=None,
                told={
                    each: msgspec.structs.replace(told, at=NOW) for each, told in state.told.items()
                },
                pressure=msgspec.structs.replace(state.pressure, value=0.0, at=None),
            )
        return found

    async def ids(self):
        return {each.id: (each.revision, each.level) for each in await self.store.alerts()}


on = functools.partial(on_bench, Bench)


@pytest.mark.parametrize("seed", range(6))
def test_a_rebuild_gives_the_same_states_and_ids_and_says_nothing(redis_server, seed):
    records = history(seed)

    async def work(bench):
        await bench.live(records)
        before = await bench.states(), await bench.ids(), await bench.outbox.length()
        done = await rebuild(bench.store, records, CONFIG, CLEAR, "")
        return before, (await bench.states(), await bench.ids(), await bench.outbox.length()), done

    before, after, done = on(redis_server, work)

    assert before[1]
    assert after == before
    assert (done.records, done.refused, done.pairs) == (81, 1, 3)
    assert done.alerts == len(before[1])


def test_into_an_empty_store_the_old_incarnation_brings_the_old_ids(redis_server):
    records = history()

    async def live(bench):
        await bench.live(records)
        return await bench.ids(), await bench.store.incarnate()

    async def again(bench, incarnation):
        done = await rebuild(bench.store, records, CONFIG, CLEAR, incarnation)
        return await bench.ids(), await bench.outbox.length(), done.incarnation

    ids, incarnation = on(redis_server, live)
    redis_server.flush()
    kept = on(redis_server, lambda bench: again(bench, incarnation))
    redis_server.flush()
    fresh = on(redis_server, lambda bench: again(bench, ""))

    assert kept == (ids, 0, incarnation)
    assert fresh[0].keys().isdisjoint(ids)


def test_after_a_rebuild_old_records_are_known_and_new_ones_go_on(redis_server):
    records = history()
    late = report(event("ASSAULT"), article="new", at=NOW, run=None)
    new = msgspec.structs.replace(records[-1], key=b"USA-VEN", value=encode(late), offset=500)

    async def work(bench):
        await bench.live(records)
        alerts = await bench.ids()
        await rebuild(bench.store, records, CONFIG, CLEAR, "")
        length = await bench.outbox.length()
        await bench.app.handle(records)
        repeated = await bench.outbox.length() - length
        await bench.app.handle([new])
        return alerts, repeated, await bench.outbox.length() - length, await bench.ids()

    alerts, repeated, said, ids = on(redis_server, work)

    assert repeated == 0
    assert said >= 1
    assert set(alerts) <= set(ids)


def test_a_rebuild_leaves_replays_and_the_outbox_alone_and_drops_what_the_topic_has_not(
    redis_server,
):
    records = history()
    other = report(event("MOBILIZE"), article="o", at=NOW, run=None, dyad="CHL-PER")
    replay = report(event("MOBILIZE"), article="o", at=NOW, run="r9", dyad="CHL-PER")

    async def work(bench):
        for each in (other, replay):
            record = msgspec.structs.replace(records[0], key=b"CHL-PER", value=encode(each))
            await bench.app.handle([record])
        length = await bench.outbox.length()
        await rebuild(bench.store, records, CONFIG, CLEAR, "")
        keys = await bench.client.keys("t:*:CHL-PER")
        return keys, await bench.outbox.length() - length, await bench.store.gauges()

    keys, said, gauges = on(redis_server, work)

    assert keys == [b"t:run:r9:dyad:CHL-PER"]
    assert said == 0
    assert {each.dyad for each in gauges if each.status == "actual"} <= set(PAIRS)


def test_while_a_worker_holds_a_channel_the_store_is_busy(redis_server):
    async def work(bench):
        before = await bench.store.busy()
        await bench.outbox.hold("kafka", "me", 15.0)
        return before, await bench.store.busy()

    assert on(redis_server, work) == (False, True)
