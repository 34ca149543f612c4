"""The same flow on the two brokers: the embedded one and Apache Kafka."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.flow import Flow
from tocsin.local.broker import Broker

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["embedded", "apache"])
def flow(request, redis_server, tmp_path) -> Iterator[Flow]:
    """The services not yet started, on a broker of their own or on the session's Kafka."""
    if request.param == "apache":
        server = request.getfixturevalue("apache_kafka")
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
