"""`tocsin watch` on a real broker, the embedded one."""

from __future__ import annotations

import json
import os
import signal
import sys

import pytest

from services.alert.app import letters
from tests.support.paths import ROOT
from tests.support.processes import Process
from tests.support.wait import wait_for
from tests.unit.alert.builders import NOON, days, event, fold, report
from tocsin import bus
from tocsin.local.broker import Broker
from tocsin.settings import Kafka
from tocsin.topics import ALERTS

REPORTS = [
    report(event("THREATEN", text="A \x1b[31mthreat."), article="a1"),
    report(event("ASSAULT"), article="a2", at=NOON + days(9)),
]


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    broker = Broker(folder=tmp_path_factory.mktemp("broker"))
    broker.start()
    try:
        kafka = Kafka(bootstrap=broker.bootstrap)
        bus.wait_for_broker(kafka)
        bus.create_topics(kafka)
        producer = bus.Producer(kafka, service="test")
        alerts = [each for step in fold(REPORTS) for each in letters(step)]
        producer.publish(
            [
                bus.Outgoing(topic=ALERTS.name, key="USA-VEN", value=b"\xff"),
                *(each for each in alerts if each.topic == ALERTS.name),
            ]
        )
        producer.close()
        yield kafka
    finally:
        broker.stop()


def watched(kafka, folder, lines, *options):
    """What `tocsin watch` has printed when it has `lines` lines; it must end on Ctrl-C with 0."""
    env = {**os.environ, "TOCSIN_KAFKA_BOOTSTRAP": kafka.bootstrap, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tocsin.cli", "watch", "--from-beginning", *options]
    with Process(command, folder / "watch.log", env=env, cwd=folder) as process:
        wait_for(lambda: len(process.tail(99).splitlines()) >= lines, 20, "the alerts")
        os.kill(process.pid, signal.SIGINT)
        wait_for(lambda: process.exit_code is not None, 10, "the end")
        assert process.exit_code == 0
        return process.log.read_text().splitlines()


def test_each_alert_is_one_json_object_a_line_and_garbage_is_none(kafka, tmp_path):
    alerts = [json.loads(line) for line in watched(kafka, tmp_path, 3, "--json")]

    assert [(each["change"], each["level"]) for each in alerts] == [
        ("raised", 2),
        ("resolved", 1),
        ("raised", 4),
    ]


def test_only_the_wanted_alerts_are_printed_and_plainly(kafka, tmp_path):
    lines = watched(kafka, tmp_path, 2, "--dyad", "VEN-USA", "--min-level", "3")

    assert len(lines) == 2
    assert "USA-VEN  4 use of force confirmed, raised" in lines[0]
    assert "\x1b" not in "".join(lines)


def test_a_broker_that_is_away_is_one_clear_line(tmp_path):
    env = {**os.environ, "TOCSIN_KAFKA_BOOTSTRAP": "127.0.0.1:1", "TOCSIN_KAFKA_WAIT_S": "1"}
    command = [sys.executable, "-m", "tocsin.cli", "watch"]
    env["PYTHONPATH"] = str(ROOT)
    with Process(command, tmp_path / "watch.log", env=env, cwd=tmp_path) as process:
        wait_for(lambda: process.exit_code is not None, 15, "the end")

        assert process.exit_code == 1
        (line,) = process.tail().splitlines()
        assert line.startswith("tocsin watch: the broker at 127.0.0.1:1")
