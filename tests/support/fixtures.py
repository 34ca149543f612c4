"""Real servers for tests, by fixture name; tests/conftest.py registers this plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import kafka, prometheus, redis
from tests.support.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.KafkaServer]:
    """One Apache Kafka for the session; tests use topics and groups of their own."""
    if reason := kafka.missing():
        pytest.skip(reason)
    server = kafka.KafkaServer(tmp_path_factory.mktemp("kafka"))
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.KafkaServer]:
    """An Apache Kafka of the test's own, which it may stop and kill."""
    if reason := kafka.missing():
        pytest.skip(reason)
    server = kafka.KafkaServer(tmp_path_factory.mktemp("own-kafka"))
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def _redis_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.RedisServer]:
    if not redis.server_binary():
        pytest.skip("no Redis server; install the extra `local`, or Debian's redis-server")
    server = redis.RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_server(_redis_of_session: redis.RedisServer) -> redis.RedisServer:
    """A running, empty Redis, whatever the test before did to it."""
    if _redis_of_session.process.exit_code is not None:
        _redis_of_session.start()
    _redis_of_session.flush()
    return _redis_of_session


@pytest.fixture
def prometheus_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[dict[str, Any]], prometheus.PrometheusServer]]:
    """Starts a Prometheus with a given configuration."""
    if reason := prometheus.missing():
        pytest.skip(reason)
    started: list[prometheus.PrometheusServer] = []

    def start(config: dict[str, Any]) -> prometheus.PrometheusServer:
        server = prometheus.PrometheusServer(tmp_path_factory.mktemp("prometheus"), config)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The services of docker-compose.yml, ready, replaying the seeds."""
    if reason := kafka.missing() or prometheus.missing():
        pytest.skip(reason)
    deployment = Deployment(tmp_path_factory.mktemp("deployment"))
    try:
        deployment.start()
        yield deployment
        deployment.stop()
    finally:
        deployment.close()
