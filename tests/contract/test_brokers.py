"""One behaviour of the fake bus, the embedded broker and Apache Kafka.

The brokers and their topics are shared, so a test marks its records with a prefix of its own.
"""

from __future__ import annotations

import secrets
import uuid

import pytest
from kafka import KafkaConsumer

from tests.contract.conftest import APACHE
from tests.support.wait import wait_for
from tocsin.bus import Outgoing, TooLarge, wait_for_broker
from tocsin.errors import Unavailable
from tocsin.local.broker import Broker
from tocsin.settings import Kafka
from tocsin.topics import ALERTS, EVENTS, TOPICS

PARTITIONS = EVENTS.partitions
LIMIT = Kafka().max_record_bytes

# The fake speaks no protocol: it has no groups and no cluster.
real_brokers = pytest.mark.parametrize("any_bus", ["embedded", APACHE], indirect=True)


@pytest.fixture
def mark():
    """What the keys of this test begin with."""
    return uuid.uuid4().hex


def _outgoing(key, value=b"x", topic=EVENTS.name, **rest):
    return Outgoing(topic=topic, key=key, value=value, **rest)


def _read(reader, mark, count):
    """The `count` records of this test; fails if more come."""
    found = []

    def all_there():
        found.extend(r for r in reader.poll(0.2) if r.key and r.key.startswith(mark.encode()))
        return len(found) >= count

    wait_for(all_there, 20, f"{count} records", interval_s=0)
    assert len(found) == count
    return found


def test_creating_the_topics_again_changes_nothing(any_bus):
    assert any_bus.create_topics() == []


def test_every_topic_can_be_read_once_it_is_created(open_reader):
    open_reader([topic.name for topic in TOPICS])


def test_records_of_one_key_stay_in_one_partition_in_order(producer, open_reader, mark):
    sent = [_outgoing(f"{mark}-{n % 7}", str(n).encode()) for n in range(70)]

    producer.publish(sent[:30])
    producer.publish(sent[30:])
    found = _read(open_reader([EVENTS.name]), mark, 70)

    for key in {each.key for each in sent}:
        of_key = [record for record in found if record.key == key.encode()]
        assert len({record.partition for record in of_key}) == 1
        assert [r.value for r in of_key] == [s.value for s in sent if s.key == key]


def test_a_partition_that_is_asked_for_is_used(producer, open_reader, mark):
    producer.publish([_outgoing(f"{mark}-{n}", partition=n) for n in range(PARTITIONS)])

    found = _read(open_reader([EVENTS.name]), mark, PARTITIONS)

    assert {record.key.decode()[-1]: record.partition for record in found} == {
        str(n): n for n in range(PARTITIONS)
    }


def test_offsets_of_a_partition_grow_by_one(producer, open_reader, mark):
    producer.publish([_outgoing(mark) for _ in range(3)])
    producer.publish([_outgoing(mark) for _ in range(2)])

    offsets = [record.offset for record in _read(open_reader([EVENTS.name]), mark, 5)]

    assert offsets == list(range(offsets[0], offsets[0] + 5))


@pytest.mark.parametrize("value", [None, b"", b"\x00\xff\xfe", "Müller 🚨".encode()])
def test_a_value_comes_back_as_it_went(producer, open_reader, mark, value):
    producer.publish([_outgoing(mark, value)])

    assert _read(open_reader([EVENTS.name]), mark, 1)[0].value == value


def test_headers_come_back_in_order_with_repeats_and_bytes(producer, open_reader, mark):
    headers = (("ce_id", b"1"), ("again", b"a"), ("again", b"b"), ("raw", b"\x00\xff"), ("no", b""))

    producer.publish([_outgoing(mark, headers=headers), _outgoing(mark)])
    first, second = _read(open_reader([EVENTS.name]), mark, 2)

    assert first.headers == headers
    assert first.header("again") == "b"
    assert second.headers == ()


def test_a_record_without_a_key_is_kept(producer, open_reader, mark):
    producer.publish([_outgoing(None, mark.encode())])
    reader = open_reader([EVENTS.name])

    found = wait_for(
        lambda: [r for r in reader.poll(0.2) if r.value == mark.encode()], 20, "the record"
    )

    assert [record.key for record in found] == [None]


def test_a_record_over_the_limit_is_refused_and_the_batch_with_it(producer, open_reader, mark):
    fits = _outgoing(mark, b"x" * (LIMIT // 2))

    with pytest.raises(TooLarge):
        producer.publish([fits, _outgoing(mark, b"x" * (LIMIT + 1))])

    producer.publish([fits])
    assert len(_read(open_reader([EVENTS.name]), mark, 1)) == 1


def test_a_record_as_large_as_the_limit_gets_through(producer, open_reader, mark):
    room = LIMIT - _outgoing(mark, b"").size
    value = secrets.token_bytes(room)  # random, so that compression does not make it small

    producer.publish([_outgoing(mark, value)])

    assert _read(open_reader([EVENTS.name]), mark, 1)[0].value == value


def test_nothing_to_publish_is_no_error(producer):
    producer.publish([])


def test_a_reader_from_the_beginning_sees_all_and_a_later_one_the_same(producer, open_reader, mark):
    producer.publish([_outgoing(f"{mark}-{n}") for n in range(20)])
    first = _read(open_reader([EVENTS.name]), mark, 20)

    again = _read(open_reader([EVENTS.name]), mark, 20)

    assert {(r.partition, r.offset, r.key) for r in first} == {
        (r.partition, r.offset, r.key) for r in again
    }


def test_a_reader_from_now_sees_what_comes_and_not_what_was(producer, open_reader, mark):
    producer.publish([_outgoing(mark, b"before")])
    reader = open_reader([EVENTS.name], from_beginning=False)

    producer.publish([_outgoing(mark, b"after")])

    assert [record.value for record in _read(reader, mark, 1)] == [b"after"]


def test_a_reader_of_two_topics_says_where_each_record_stood(producer, open_reader, mark):
    producer.publish([_outgoing(mark, b"e"), _outgoing(mark, b"a", topic=ALERTS.name)])

    found = _read(open_reader([EVENTS.name, ALERTS.name]), mark, 2)

    assert {(r.topic, r.value) for r in found} == {(EVENTS.name, b"e"), (ALERTS.name, b"a")}


def test_a_topic_that_nobody_created_is_refused(open_reader):
    with pytest.raises(Unavailable, match="never-created"):
        open_reader(["never-created"])


@real_brokers
def test_a_broker_tells_the_same_cluster_id_each_time(any_bus):
    cluster = wait_for_broker(any_bus.kafka)

    assert cluster
    assert wait_for_broker(any_bus.kafka) == cluster


def test_each_run_of_the_embedded_broker_is_a_cluster_of_its_own(embedded_broker, tmp_path):
    other = Broker(folder=tmp_path)
    other.start()
    try:
        clusters = {
            wait_for_broker(Kafka(bootstrap=each.bootstrap)) for each in (embedded_broker, other)
        }
    finally:
        other.stop()

    assert len(clusters) == 2


@real_brokers
def test_a_group_goes_on_where_it_committed(any_bus, producer, mark):
    producer.publish([_outgoing(mark, b"1", partition=0), _outgoing(mark, b"2", partition=0)])

    first = _values_of_group(any_bus.kafka.bootstrap, mark, 2)
    producer.publish([_outgoing(mark, b"3", partition=0)])
    second = _values_of_group(any_bus.kafka.bootstrap, mark, 1)

    assert (first, second) == ([b"1", b"2"], [b"3"])


def _values_of_group(bootstrap, mark, count):
    """What a new member of this test's group gets, committed before it leaves."""
    consumer = KafkaConsumer(
        EVENTS.name,
        bootstrap_servers=bootstrap,
        group_id=f"group-{mark}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6000,
        fetch_max_wait_ms=100,
    )
    found = []

    def all_there():
        for batch in consumer.poll(timeout_ms=200).values():
            found.extend(r.value for r in batch if r.key == mark.encode())
        return len(found) >= count

    try:
        wait_for(all_there, 30, f"{count} records of the group", interval_s=0)
        consumer.commit()
    finally:
        consumer.close()
    return found
