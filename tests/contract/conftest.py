"""One kind of broker behind another, so that one suite holds all three to one behaviour."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.support.fake_bus import FakeBus
from tocsin import bus
from tocsin.local.broker import Broker
from tocsin.settings import Kafka

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Bus(msgspec.Struct, frozen=True):
    """What the suite needs of a broker. `kafka` is None for the one that speaks no protocol."""

    create_topics: Callable[[], list[str]]
    producer: Callable[[], Any]
    reader: Callable[..., Any]
    kafka: Kafka | None = None


def _real(bootstrap: str) -> Bus:
    kafka = Kafka(bootstrap=bootstrap, wait_s=30)
    return Bus(
        create_topics=partial(bus.create_topics, kafka),
        producer=partial(bus.Producer, kafka, service="contract"),
        reader=partial(bus.Reader, kafka),
        kafka=kafka,
    )


def _fake() -> Bus:
    fake = FakeBus()
    return Bus(create_topics=fake.create_topics, producer=fake.producer, reader=fake.reader)


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One embedded broker for the session."""
    broker = Broker(folder=tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


APACHE = pytest.param("apache", marks=pytest.mark.kafka)


@pytest.fixture(params=["fake", "embedded", APACHE], scope="session")
def any_bus(request: pytest.FixtureRequest) -> Bus:
    """Each broker in turn, with all topics."""
    if request.param == "fake":
        made = _fake()
    elif request.param == "embedded":
        made = _real(request.getfixturevalue("embedded_broker").bootstrap)
    else:
        made = _real(request.getfixturevalue("apache_kafka").bootstrap)
    made.create_topics()
    return made


@pytest.fixture
def producer(any_bus: Bus) -> Iterator[Any]:
    """A producer of the broker in turn."""
    producer = any_bus.producer()
    yield producer
    producer.close()


@pytest.fixture
def open_reader(any_bus: Bus) -> Iterator[Callable[..., Any]]:
    """Opens readers of the broker in turn, closed at the end."""
    opened = []

    def open_one(topics: Sequence[str], *, from_beginning: bool = True) -> Any:
        opened.append(any_bus.reader(topics, from_beginning=from_beginning))
        return opened[-1]

    yield open_one
    for reader in opened:
        reader.close()
