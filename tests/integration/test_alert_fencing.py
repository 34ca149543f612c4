"""One worker at a time on a channel, also when something is slow: nothing stale comes after."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from services.alert.dispatch import LEASE_S, Channel, Sent, drain
from services.alert.notify.kafka import Publisher
from services.alert.outbox import Entry
from tests.integration.test_alert_dispatch import RISING, emptied, until
from tests.integration.test_alert_store import Bench, record
from tests.support.processes import free_ports
from tocsin.bus import Outgoing
from tocsin.errors import Unavailable
from tocsin.settings import Kafka


@pytest.fixture(params=["nobody listens", "it takes connections and says nothing"])
def broker_that_is_away(request):
    with socket.socket() as listener:
        if request.param == "nobody listens":
            yield f"127.0.0.1:{free_ports(1)[0]}"
            return
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_an_attempt_at_a_broker_that_is_away_ends_before_its_lease(broker_that_is_away):
    publisher = Publisher(Kafka(bootstrap=broker_that_is_away))
    channel = publisher.channel()
    entry = Entry(id="1-0", message=Outgoing(topic="tocsin.alerts.v1", key="k", value=b"{}"))
    began_at = time.monotonic()

    with pytest.raises(Unavailable):
        asyncio.run(channel.send([entry] * 200))
    publisher.close()

    assert time.monotonic() - began_at < channel.lease_s - 3
    assert channel.lease_s == LEASE_S


def test_an_attempt_that_is_longer_than_its_lease_keeps_it(redis_server):
    async def run():
        bench = Bench(redis_server.url)
        sent, stop = [], asyncio.Event()

        def worker(name, takes_s):
            async def send(entries):
                await asyncio.sleep(takes_s)
                sent.append((name, entries[0].id))
                return Sent(passed=1)

            return Channel(name="only", batch=1, send=send, lease_s=0.6)

        await bench.app.handle([record(each, n) for n, each in enumerate(RISING)])
        tasks = [
            asyncio.create_task(drain(bench.outbox, worker(name, takes_s), ["only"], stop))
            for name, takes_s in (("slow", 0.9), ("quick", 0.0))
        ]
        await until(lambda: emptied(bench), 20)
        stop.set()
        await asyncio.gather(*tasks)
        await bench.client.aclose()
        return sent

    sent = asyncio.run(run())

    assert [each for _, each in sent] == sorted({each for _, each in sent}, key=_number)


def test_a_worker_that_lost_its_lease_marks_nothing_and_stops_sending(redis_server):
    async def run():
        bench = Bench(redis_server.url)
        sent, stop = [], asyncio.Event()
        asleep, awake = asyncio.Event(), asyncio.Event()

        async def frozen(entries):
            asleep.set()
            await awake.wait()
            sent.append(("stale", entries[0].id))
            return Sent(passed=len(entries))

        async def other(entries):
            sent.extend(("new", each.id) for each in entries)
            return Sent(passed=len(entries))

        await bench.app.handle([record(RISING[0])])
        first = Channel(name="only", batch=9, send=frozen, lease_s=0.6)
        second = Channel(name="only", batch=9, send=other, lease_s=0.6)
        tasks = [asyncio.create_task(drain(bench.outbox, first, ["only"], stop))]
        await asleep.wait()
        await bench.client.set("t:alert:lease:only", "the other", px=300)  # as if it had run out
        tasks.append(asyncio.create_task(drain(bench.outbox, second, ["only"], stop)))
        await until(lambda: emptied(bench))
        awake.set()
        await bench.app.handle([record(RISING[1], 1)])
        await until(lambda: emptied(bench))
        stop.set()
        await asyncio.gather(*tasks)
        await bench.client.aclose()
        return sent

    sent = asyncio.run(run())

    assert [name for name, _ in sent if name == "stale"] == []
    assert [each for _, each in sent] == sorted({each for _, each in sent}, key=_number)


def _number(entry):
    return tuple(map(int, entry.split("-")))
