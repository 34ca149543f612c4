"""The bus in memory, with the producer and reader of tocsin.bus. tests/contract holds it to them."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from tocsin.bus import Outgoing, Record, TooLarge
from tocsin.errors import Unavailable
from tocsin.topics import DEAD_LETTER_TOPICS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLUSTER = "fake"


class FakeBus:
    """All topics with all their records. Set `away` to have it answer nobody."""

    def __init__(self, *, max_record_bytes: int = 1_000_000) -> None:
        self.away = False
        self.published: list[Outgoing] = []
        self.max_record_bytes = max_record_bytes
        self._logs: dict[str, list[list[Record]]] = {}

    def create_topics(self) -> list[str]:
        """As bus.create_topics."""
        self.answer()
        wanted = {topic.name: topic.partitions for topic in TOPICS}
        wanted |= dict.fromkeys(DEAD_LETTER_TOPICS, 1)
        missing = [name for name in wanted if name not in self._logs]
        self._logs |= {name: [[] for _ in range(wanted[name])] for name in missing}
        return missing

    def producer(self) -> FakeProducer:
        """Stands in for bus.Producer."""
        return FakeProducer(self)

    def reader(self, topics: Sequence[str], *, from_beginning: bool) -> FakeReader:
        """Stands in for bus.Reader."""
        return FakeReader(self, topics, from_beginning=from_beginning)

    def answer(self) -> None:
        """Raises Unavailable while the bus is away."""
        if self.away:
            raise Unavailable("the fake bus is away")

    def partitions(self, topic: str) -> list[list[Record]]:
        """The records of a topic, by partition."""
        if topic not in self._logs:
            raise Unavailable(f"the fake bus has no topic {topic}")
        return self._logs[topic]

    def append(self, outgoing: Outgoing) -> None:
        """Puts one record at the end of its partition."""
        logs = self.partitions(outgoing.topic)
        key = None if outgoing.key is None else outgoing.key.encode()
        number = outgoing.partition
        if number is None:
            number = zlib.crc32(key or b"") % len(logs)
        self.published.append(outgoing)
        logs[number].append(
            Record(
                topic=outgoing.topic,
                partition=number,
                offset=len(logs[number]),
                key=key,
                value=outgoing.value,
                headers=outgoing.headers,
                cluster=_CLUSTER,
            )
        )


class FakeProducer:
    """As bus.Producer."""

    def __init__(self, bus: FakeBus) -> None:
        self._bus = bus

    def publish(self, batch: Sequence[Outgoing], timeout_s: float = 30.0) -> None:
        """As bus.Producer.publish."""
        for each in batch:
            if each.size > self._bus.max_record_bytes:
                raise TooLarge(f"{each.topic}: {each.size} bytes")
        self._bus.answer()
        for each in batch:
            self._bus.append(each)

    def close(self) -> None:
        """As bus.Producer.close."""


class FakeReader:
    """As bus.Reader."""

    def __init__(self, bus: FakeBus, topics: Sequence[str], *, from_beginning: bool) -> None:
        self._bus = bus
        bus.answer()
        self._next = {
            (topic, number): 0 if from_beginning else len(log)
            for topic in topics
            for number, log in enumerate(bus.partitions(topic))
        }

    def poll(self, timeout_s: float) -> list[Record]:
        """As bus.Reader.poll."""
        self._bus.answer()
        found = []
        for (topic, number), offset in self._next.items():
            new = self._bus.partitions(topic)[number][offset:]
            self._next[topic, number] += len(new)
            found += new
        return found

    def close(self) -> None:
        """As bus.Reader.close."""
