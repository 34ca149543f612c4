"""No exception leaves an agent: a dead letter, patience, or the end before the acknowledgement."""

from __future__ import annotations

import sys

import pytest

from tests.support.processes import Process
from tests.support.wait import wait_for
from tocsin import bus, settings, topics
from tocsin.local.broker import Broker
from tocsin.streams import EXIT_REDELIVER

DEAD = topics.ARTICLES.dead_letters("enrich")


@pytest.fixture
def broker(tmp_path):
    broker = Broker(folder=tmp_path)
    broker.start()
    bus.create_topics(settings.Kafka(bootstrap=broker.bootstrap))
    yield broker
    broker.stop()


@pytest.fixture
def stage(broker, tmp_path):
    started = []

    def start():
        command = [sys.executable, "-m", "tests.integration.stage", broker.bootstrap]
        started.append(Process(command, tmp_path / "stage.log"))
        return started[-1]

    yield start
    for each in started:
        each.close()


def publish(broker, *values):
    producer = bus.Producer(settings.Kafka(bootstrap=broker.bootstrap), service="test")
    name = topics.ARTICLES.name
    producer.publish([bus.Outgoing(topic=name, key="k", value=each) for each in values])
    producer.close()


def values(broker, topic, at_least):
    """What stands in a topic once there is that much."""
    reader = bus.Reader(settings.Kafka(bootstrap=broker.bootstrap), [topic], from_beginning=True)
    found = []

    def enough():
        found.extend(reader.poll(0.3))
        return len(found) >= at_least

    wait_for(enough, 60, f"{at_least} records in {topic}")
    reader.close()
    return found


@pytest.mark.parametrize(
    ("bad", "reason"), [(b"raise", "raised"), (b"refuse", "wrong_shape"), (b"large", "too_large")]
)
def test_a_record_that_cannot_be_used_is_a_dead_letter_and_the_next_flows(
    broker, stage, bad, reason
):
    stage()

    publish(broker, b"before", bad, b"after")

    passed = values(broker, topics.ENRICHED.name, 2)
    (letter,) = values(broker, DEAD, 1)
    assert [each.value for each in passed] == [b"before", b"after"]
    assert (letter.value, letter.header(bus.REASON_HEADER)) == (bad, reason)
    assert letter.header(bus.ORIGIN_HEADER).endswith("/1")


def test_while_what_it_needs_is_away_a_batch_waits_and_nothing_is_lost(broker, stage):
    running = stage()

    publish(broker, b"before", b"away", b"after")

    passed = values(broker, topics.ENRICHED.name, 3)
    assert [each.value for each in passed] == [b"before", b"away", b"after"]
    assert running.exit_code is None


def test_what_ends_the_process_was_not_acknowledged_and_comes_again(broker, stage):
    running = stage()
    publish(broker, b"die")
    wait_for(lambda: running.exit_code is not None, 60, "the stage ends")
    first = running.exit_code

    again = stage()
    wait_for(lambda: again.exit_code is not None, 60, "the same record ends it again")

    assert first == again.exit_code == EXIT_REDELIVER
    assert "Traceback" not in running.tail(1000)


def test_a_broker_that_is_not_there_is_an_error_not_a_hang(tmp_path):
    code = (
        "import sys; from tocsin import bus, settings\n"
        "from tocsin.errors import Unavailable\n"
        "try: bus.wait_for_broker(settings.Kafka(bootstrap='127.0.0.1:1', wait_s=1))\n"
        "except Unavailable as error: print(error); sys.exit(3)"
    )
    with Process([sys.executable, "-c", code], tmp_path / "log") as process:
        wait_for(lambda: process.exit_code is not None, 30, "it gives up")

        assert process.exit_code == 3
        assert "127.0.0.1:1" in process.tail()
