"""Our channel against the real Alertmanager, with the configuration that is deployed."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import UTC, datetime

import pytest

from services.alert.channels.config import AlertmanagerChannel
from services.alert.channels.notifier import Notifier, Resend
from services.alert.dispatch import drain
from services.alert.notify.alertmanager import AlertmanagerSink
from services.alert.notify.http import Http
from tests.integration.test_alert_dispatch import LOCAL, until
from tests.integration.test_alert_store import Bench, record, threat
from tests.support import alertmanager
from tests.support.paths import DEPLOY
from tests.unit.alert.builders import days

pytestmark = pytest.mark.prometheus


@pytest.fixture
def manager(tmp_path):
    if reason := alertmanager.missing():
        pytest.skip(reason)
    server = alertmanager.AlertmanagerServer(tmp_path)
    server.start()
    yield server
    server.stop()


def channel(manager, bench, resend_s=300.0):
    policy = AlertmanagerChannel(name="am", url=manager.url, labels={"team": "desk"})
    sink = AlertmanagerSink(Http(LOCAL, 5), policy.url, policy.labels)
    return Notifier(policy, sink, resend=Resend(bench.store.alerts, resend_s))


def run(server, manager, work, **of):
    async def main():
        bench = Bench(server.url)
        stop = asyncio.Event()
        carrier = channel(manager, bench, **of)
        task = asyncio.create_task(drain(bench.outbox, carrier, ["am"], stop))
        try:
            return await work(bench)
        finally:
            stop.set()
            await task
            await bench.client.aclose()

    return asyncio.run(main())


async def holds(manager, count):
    async def so():
        found = await asyncio.to_thread(manager.alerts)
        return (found or True) if len(found) == count else None

    return await until(so, 20)


def test_an_alert_appears_and_is_resolved_with_its_episode(redis_server, manager):
    now = datetime.now(UTC)

    async def work(bench):
        await bench.app.handle([record(threat(run=None, at=now))])
        ((told,),) = (await holds(manager, 1),)
        for day in (3, 3.3, 6, 6.3, 7):
            await bench.app.tick(now + days(day))
        await holds(manager, 0)
        return told

    told = run(redis_server, manager, work)

    assert told["labels"]["dyad"] == "USA-VEN"
    assert told["labels"]["team"] == "desk"
    assert told["annotations"]["level"] == "2"
    assert told["status"]["state"] == "active"
    assert [each["name"] for each in told["receivers"]] == ["nobody"]


def test_an_alertmanager_that_forgot_in_a_restart_is_reminded(redis_server, manager):
    async def work(bench):
        await bench.app.handle([record(threat(run=None, at=datetime.now(UTC)))])
        await holds(manager, 1)
        await asyncio.to_thread(manager.stop)
        await asyncio.to_thread(manager.start)
        return await holds(manager, 1)

    (told,) = run(redis_server, manager, work, resend_s=0.5)

    assert told["labels"]["dyad"] == "USA-VEN"


def test_amtool_finds_no_fault_in_the_configuration():
    if reason := alertmanager.missing():
        pytest.skip(reason)
    config = DEPLOY / "alertmanager" / "alertmanager.yml"

    ran = subprocess.run(
        [alertmanager.binary("amtool"), "check-config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
