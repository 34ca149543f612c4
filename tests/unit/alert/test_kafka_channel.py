from __future__ import annotations

import asyncio

import pytest

from services.alert.notify.kafka import Publisher
from services.alert.outbox import Entry
from tocsin import bus
from tocsin.bus import Outgoing, TooLarge
from tocsin.errors import Unavailable
from tocsin.settings import Kafka

LIMIT = 100


class FakeProducer:
    """Records what was published; refuses what is too large; is away while `away`."""

    made: list[FakeProducer]
    away: bool

    def __init__(self, _kafka, *, service, patience_s):
        self.published, self.closed = [], False
        FakeProducer.made.append(self)

    def publish(self, batch, timeout_s):
        if any(len(each.value) > LIMIT for each in batch):
            raise TooLarge("larger than 100 bytes")
        if FakeProducer.away:
            raise Unavailable("the broker")
        self.published += [each.value for each in batch]

    def close(self):
        self.closed = True


@pytest.fixture
def channel(monkeypatch):
    FakeProducer.made, FakeProducer.away = [], False
    monkeypatch.setattr(bus, "Producer", FakeProducer)
    return Publisher(Kafka()).channel()


def entries(*values):
    return [
        Entry(id=f"{n}-0", message=Outgoing(topic="t", key="k", value=value))
        for n, value in enumerate(values)
    ]


def test_a_batch_is_published_in_order(channel):
    sent = asyncio.run(channel.send(entries(b"1", b"2", b"3")))

    assert sent.passed == 3
    assert FakeProducer.made[0].published == [b"1", b"2", b"3"]


def test_only_the_message_that_is_too_large_is_set_aside(channel):
    left, aside, done = entries(b"1", b"x" * 101, b"3"), [], []
    while left:
        sent = asyncio.run(channel.send(left))
        done += left[: sent.passed]
        if sent.aside:
            aside.append(left[sent.passed])
        left = left[sent.passed + bool(sent.aside) :]

    assert [each.message.value for each in done] == [b"1", b"3"]
    assert len(aside) == 1


def test_after_a_failure_nothing_of_the_old_producer_can_come_late(channel):
    FakeProducer.away = True
    with pytest.raises(Unavailable):
        asyncio.run(channel.send(entries(b"1")))
    FakeProducer.away = False

    asyncio.run(channel.send(entries(b"1")))

    old, new = FakeProducer.made
    assert old.closed
    assert new.published == [b"1"]
