"""What the metrics and the health say of a channel that is behind."""

from __future__ import annotations

import time

from services.alert import metrics
from services.alert.channels import status
from services.alert.dispatch import Channel, Sent
from services.alert.outbox import Settled
from tests.integration.test_alert_store import on, record, threat
from tocsin.observe import Health


async def _send(entries):
    return Sent(passed=len(entries))


DESK = Channel(name="desk", batch=1, send=_send)


def lag_s():
    return metrics.LAG_SECONDS.labels(channel="desk")._value.get()


def test_the_lag_is_the_age_of_the_oldest_message_that_is_not_passed_on(redis_server):
    async def work(bench):
        health = Health()
        health.mark_ready()
        await status.look(bench.outbox, [DESK], health)
        empty = lag_s()
        await bench.app.handle([record(threat())])
        await status.look(bench.outbox, [DESK], health, lambda: time.time() + 100)
        behind = lag_s(), health.ready()
        await status.look(bench.outbox, [DESK], health, lambda: time.time() + 1000)
        stuck = lag_s(), health.ready()
        await bench.outbox.hold("desk", "me", 15)
        last = (await bench.outbox.unsent("desk", 9, 1))[-1]
        await bench.outbox.settle("desk", "me", Settled(place=last.id))
        await status.look(bench.outbox, [DESK], health, lambda: time.time() + 1000)
        return empty, behind, stuck, (lag_s(), health.ready())

    empty, behind, stuck, done = on(redis_server, work)

    assert empty == 0
    assert 100 <= behind[0] < 110
    assert behind[1] == (True, "ok")
    assert 1000 <= stuck[0] < 1010
    assert stuck[1][0] is True
    assert stuck[1][1].startswith("ok, but channel desk: nothing passed on for 100")
    assert done == (0, (True, "ok"))
