"""kafka-python: the topics, a producer that waits for the broker's word, a reader without group."""

from __future__ import annotations

import atexit
import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka import errors as kafka_errors

from tocsin import settings
from tocsin.errors import BadMessage, Reason, TocsinError, Unavailable
from tocsin.messages import Message, decode, encode
from tocsin.topics import DEAD_LETTER_RETENTION_MS, DEAD_LETTER_TOPICS, TOPICS, Topic

M = TypeVar("M", bound=Message)

Headers = tuple[tuple[str, bytes], ...]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record as it came. `cluster` names the broker's run: offsets mean nothing beyond it.

    `at` is the broker's timestamp, where it is read.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    cluster: str = ""
    at: datetime | None = None

    def header(self, name: str) -> str | None:
        """The last header of that name as text."""
        for key, value in reversed(self.headers):
            if key == name:
                return value.decode("utf-8", "replace")
        return None


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One record to be sent. `partition` None: by the hash of the key."""

    topic: str
    key: str | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        heads = sum(len(name) + len(value) for name, value in self.headers)
        return len(self.key or "") * 4 + len(self.value or b"") + heads


def outgoing(
    topic: Topic,
    key: str,
    message: Message,
    *,
    id: str,  # noqa: A002 - CloudEvents calls it so
    at: datetime | None,
    traceparent: str | None = None,
    partition: int | None = None,
) -> Outgoing:
    """A message with the headers of the CloudEvents 1.0 Kafka binding, binary mode."""
    major = topic.name.rsplit(".", 1)[-1]
    headers = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": id,
        "ce_type": f"tocsin.{type(message).__name__.lower()}.{major}",
        "ce_source": f"/tocsin/{topic.written_by}",
    }
    if at is not None:
        headers["ce_time"] = at.isoformat().replace("+00:00", "Z")
    if traceparent:
        headers["traceparent"] = traceparent
    return Outgoing(
        topic=topic.name,
        key=key,
        value=encode(message),
        headers=tuple((name, value.encode()) for name, value in headers.items()),
        partition=partition,
    )


def received(record: Record, topic: Topic, kind: type[M]) -> M:
    """The message in a record of this topic.

    Raises:
        BadMessage: it cannot be decoded, or names a major version that is not the topic's.
    """
    declared = record.header("ce_type")
    if declared is not None and declared.rsplit(".", 1)[-1] != topic.name.rsplit(".", 1)[-1]:
        raise BadMessage(Reason.UNKNOWN_VERSION, f"ce_type {declared[:80]}")
    return decode(record.value, kind)


# The reason a record was refused and where it stood travel in these headers; key, value and the
# other headers stay as they came, so that the record can be replayed.
REASON_HEADER: Final = "tocsin_reason"
DETAIL_HEADER: Final = "tocsin_detail"
ORIGIN_HEADER: Final = "tocsin_origin"


def dead_letter(record: Record, service: str, reason: Reason, detail: str) -> Outgoing:
    """The record with its original bytes, addressed to the dead-letter topic of `service`."""
    origin = f"{record.topic}/{record.partition}/{record.offset}"
    return Outgoing(
        topic=f"{record.topic}.{service}.dlq",
        key=record.key.decode("utf-8", "replace") if record.key is not None else None,
        value=record.value,
        headers=(
            *record.headers,
            (REASON_HEADER, reason.value.encode()),
            (DETAIL_HEADER, detail[:500].encode("utf-8", "replace")),
            (ORIGIN_HEADER, origin.encode()),
        ),
    )


class TooLarge(TocsinError):
    """The broker or the client refuses a record of this size."""


def _common(kafka: settings.Kafka, wait_s: float | None = None) -> dict[str, Any]:
    return {
        "bootstrap_servers": kafka.bootstrap.split(","),
        "bootstrap_timeout_ms": int((kafka.wait_s if wait_s is None else wait_s) * 1000),
        # The client's own is 30 s: too long a silence once the broker is back.
        "reconnect_backoff_max_ms": 1000,
    }


def _when(timestamp_ms: int | None) -> datetime | None:
    known = timestamp_ms is not None and timestamp_ms > 0
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC) if known and timestamp_ms else None


@contextlib.contextmanager
def _kafka_errors(kafka: settings.Kafka) -> Any:
    try:
        yield
    except (kafka_errors.MessageSizeTooLargeError, kafka_errors.RecordListTooLargeError) as error:
        raise TooLarge(f"larger than {kafka.max_record_bytes} bytes") from error
    except (kafka_errors.KafkaError, OSError) as error:
        raise Unavailable(f"the broker at {kafka.bootstrap}: {error}") from error


def wait_for_broker(kafka: settings.Kafka) -> str:
    """The broker's cluster id, once it answers.

    Raises:
        Unavailable: it did not within `kafka.wait_s`.
    """
    with _kafka_errors(kafka):
        admin = KafkaAdminClient(**_common(kafka), client_id="tocsin-wait")
        try:
            return str(admin.describe_cluster().get("cluster_id") or "")
        finally:
            admin.close()


def create_topics(kafka: settings.Kafka) -> list[str]:
    """Creates every topic of the topology that is not there yet, and returns their names.

    Raises:
        Unavailable: the broker does not answer.
    """
    wanted: dict[str, dict[str, Any]] = {}
    for topic in TOPICS:
        policy = (
            {"cleanup.policy": "compact"}
            if topic.retention_ms is None
            else {"retention.ms": str(topic.retention_ms)}
        )
        wanted[topic.name] = {"num_partitions": topic.partitions, "configs": policy}
    for name in DEAD_LETTER_TOPICS:
        policy = {"retention.ms": str(DEAD_LETTER_RETENTION_MS)}
        wanted[name] = {"num_partitions": 1, "configs": policy}
    for options in wanted.values():
        options["replication_factor"] = kafka.replication_factor
        options["configs"]["max.message.bytes"] = str(kafka.max_record_bytes + 100_000)
    with _kafka_errors(kafka):
        admin = KafkaAdminClient(**_common(kafka), client_id="tocsin-topics")
        try:
            there = set(admin.list_topics())
            missing = {name: o for name, o in wanted.items() if name not in there}
            if missing:
                with contextlib.suppress(kafka_errors.TopicAlreadyExistsError):
                    admin.create_topics(missing, wait_for_metadata=True)
        finally:
            admin.close()
    return list(missing)


class Producer:
    """Publishes and waits for the broker's word; what `publish` returned for is in the log.

    `patience_s` bounds how long the start, and the wait of one `publish` for a partition's leader,
    may take; by default as long as the settings wait for a broker, and 10 s.
    """

    def __init__(
        self, kafka: settings.Kafka, *, service: str, patience_s: float | None = None
    ) -> None:
        self._kafka = kafka
        with _kafka_errors(kafka):
            self._producer = KafkaProducer(
                **_common(kafka, patience_s),
                client_id=f"tocsin-{service}",
                acks="all",
                # The embedded broker loses an acknowledged record of an idempotent producer when
                # it is killed; consumers drop repeats by id anyway.
                enable_idempotence=False,
                max_in_flight_requests_per_connection=1,  # so a retry never swaps two records
                linger_ms=5,
                compression_type="lz4",
                allow_auto_create_topics=False,
                max_request_size=kafka.max_record_bytes + 100_000,
                delivery_timeout_ms=120_000,
                max_block_ms=10_000 if patience_s is None else int(patience_s * 1000),
            )
        # Before kafka-python's own end, which shows a traceback when the broker is away.
        atexit.register(self.close)

    def publish(self, batch: Sequence[Outgoing], timeout_s: float = 30.0) -> None:
        """Sends all, in order, and returns when the broker has acknowledged all.

        Raises:
            TooLarge: one is over `max_record_bytes`; none was sent.
            Unavailable: not all were acknowledged in time; some may have been.
        """
        for each in batch:
            if each.size > self._kafka.max_record_bytes:
                raise TooLarge(f"{each.topic}: {each.size} bytes")
        deadline = time.monotonic() + timeout_s
        with _kafka_errors(self._kafka):
            futures = []
            for each in batch:
                if time.monotonic() > deadline:
                    raise Unavailable(f"the broker at {self._kafka.bootstrap}: too slow")
                futures.append(self._send(each))
            for future in futures:
                future.get(timeout=max(0.0, deadline - time.monotonic()))

    def _send(self, each: Outgoing) -> Any:
        return self._producer.send(
            each.topic,
            key=each.key.encode() if each.key is not None else None,
            value=each.value,
            headers=list(each.headers),
            partition=each.partition,
        )

    def close(self) -> None:
        """Ends the connection; what was not acknowledged is given up."""
        atexit.unregister(self.close)
        with contextlib.suppress(kafka_errors.KafkaError):
            self._producer.close(timeout=2)


class Reader:
    """Reads topics from all partitions without a group, for commands that subscribe."""

    def __init__(
        self, kafka: settings.Kafka, topics: Sequence[str], *, from_beginning: bool
    ) -> None:
        self._kafka = kafka
        with _kafka_errors(kafka):
            self._consumer = KafkaConsumer(
                **_common(kafka),
                client_id="tocsin-reader",
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest" if from_beginning else "latest",
                allow_auto_create_topics=False,
                # The embedded broker answers a waiting fetch at half of this.
                fetch_max_wait_ms=100,
            )
            partitions = []
            for topic in topics:
                found = self._consumer.partitions_for_topic(topic)
                if not found:
                    self._consumer.close()
                    raise Unavailable(f"{kafka.bootstrap} has no topic {topic}")
                partitions += [TopicPartition(topic, number) for number in sorted(found)]
            self._consumer.assign(partitions)
            if from_beginning:
                self._consumer.seek_to_beginning(*partitions)
            else:
                for partition in partitions:
                    self._consumer.position(partition)

    def poll(self, timeout_s: float) -> list[Record]:
        """What came within the time, at once when something has; order holds per partition.

        Raises:
            Unavailable: the broker does not answer.
        """
        with _kafka_errors(self._kafka):
            batches = self._consumer.poll(timeout_ms=int(timeout_s * 1000))
        return [
            Record(
                topic=each.topic,
                partition=each.partition,
                offset=each.offset,
                key=each.key,
                value=each.value,
                headers=tuple(each.headers or ()),
                at=_when(each.timestamp),
            )
            for batch in batches.values()
            for each in batch
        ]

    def close(self) -> None:
        """Ends the connection."""
        self._consumer.close()
