"""The same flow on the two brokers: the embedded one and Apache Kafka."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.flow import Flow
from tests.support import kafka
from tests.support.kafka import KafkaServer
from tocsin.local.broker import Broker

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def kafka_of_flows(tmp_path_factory) -> Iterator[KafkaServer]:
    """An Apache Kafka for whole flows alone: other tests write to the same topics what they like."""
    if reason := kafka.missing():
        pytest.skip(reason)
    server = KafkaServer(tmp_path_factory.mktemp("kafka"))
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(params=["embedded", "apache"])
def flow(request, redis_server, tmp_path) -> Iterator[Flow]:
    """The services not yet started, on a broker of their own or on the flows' Kafka."""
    if request.param == "apache":
        server = request.getfixturevalue("kafka_of_flows")
        flow, broker = Flow(server.bootstrap, redis_server.url, tmp_path), None
    else:
        folder = tmp_path / "broker"
        folder.mkdir()
        broker = Broker(folder=folder)
        broker.start()
        flow = Flow(broker.bootstrap, redis_server.url, tmp_path)
    try:
        yield flow
    finally:
        flow.close()
        if broker is not None:
            broker.stop()
