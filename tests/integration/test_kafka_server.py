"""The broker that the tests of the promise stand on is what it says it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from tocsin.bus import wait_for_broker
from tocsin.settings import Kafka

if TYPE_CHECKING:
    from tests.support.kafka import KafkaServer

pytestmark = pytest.mark.kafka


def _create(server: KafkaServer, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=server.bootstrap)
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    admin.close()


def _write(server: KafkaServer, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=server.bootstrap, acks="all")
    for value in values:
        producer.send(topic, value).get(timeout=10)
    producer.close()


def _read(server: KafkaServer, topic: str) -> list[bytes]:
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=server.bootstrap,
        auto_offset_reset="earliest",
        consumer_timeout_ms=2000,
    )
    values = [record.value for record in consumer]
    consumer.close()
    return values


def test_what_the_broker_acknowledged_and_its_cluster_id_outlive_its_kill(own_kafka):
    _create(own_kafka, "kept")
    _write(own_kafka, "kept", [b"one", b"two"])
    before = wait_for_broker(Kafka(bootstrap=own_kafka.bootstrap))

    own_kafka.kill()
    assert not own_kafka.process.group_lives()
    own_kafka.start()

    assert wait_for_broker(Kafka(bootstrap=own_kafka.bootstrap)) == before
    _write(own_kafka, "kept", [b"three"])
    assert _read(own_kafka, "kept") == [b"one", b"two", b"three"]


def test_a_stopped_broker_is_gone_and_comes_back_with_its_data(own_kafka):
    _create(own_kafka, "kept")
    _write(own_kafka, "kept", [b"one"])

    own_kafka.stop()
    assert not own_kafka.process.group_lives()
    own_kafka.restart()

    assert _read(own_kafka, "kept") == [b"one"]


def test_a_topic_nobody_created_is_refused_and_not_made(apache_kafka):
    with pytest.raises(KafkaError):
        _write_quickly(apache_kafka, "never-created")

    admin = KafkaAdminClient(bootstrap_servers=apache_kafka.bootstrap)
    try:
        assert "never-created" not in admin.list_topics()
    finally:
        admin.close()


def _write_quickly(server: KafkaServer, topic: str) -> None:
    producer = KafkaProducer(bootstrap_servers=server.bootstrap, max_block_ms=1500)
    try:
        producer.send(topic, b"x").get(timeout=5)
    finally:
        producer.close()
