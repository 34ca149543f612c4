from __future__ import annotations

import contextlib
import gzip
import json
import os
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest import ingest_command
from services.ingest.app import Intake
from services.ingest.domain.items import Item, Refused
from services.ingest.ingest_command import hand_in, main
from services.ingest.replay import Plan, replay_stream
from services.ingest.sources import stdin
from services.ingest.sources.config import Common
from services.ingest.sources.files import index
from services.ingest.sources.formats.given import Given
from services.ingest.sources.stdin import batches
from tests.support.fake_bus import FakeBus
from tests.support.wait import wait_for
from tests.unit.ingest.fakes import FakeSeen, FakeStories
from tests.unit.ingest.test_formats import SAMPLES
from tocsin import topics
from tocsin.errors import Reason, Unavailable, UsageError
from tocsin.messages import Article, decode

GIVEN = Given(origin="stdin", name="stdin", source="ingest", now=datetime(2026, 1, 1, tzinfo=UTC))
TEXT = "The two governments met on Monday."


def line(name):
    return json.dumps({"id": str(name), "text": f"{TEXT} {name}"}).encode() + b"\n"


@contextlib.contextmanager
def piped(data):
    """A pipe somebody writes `data` into, in pieces of no kindness, and closes."""
    end, start = os.pipe()

    def write():
        with contextlib.suppress(BrokenPipeError), os.fdopen(start, "wb", buffering=0) as out:
            for at in range(0, len(data), 7919):
                out.write(data[at : at + 7919])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield end
    finally:
        os.close(end)
        thread.join()


def read(data, size=10):
    with piped(data) as end:
        return [each for batch in batches(end, GIVEN, size, threading.Event()) for each in batch]


def intake(fake_bus):
    fake_bus.create_topics()
    return Intake(fake_bus.producer(), FakeSeen(), FakeStories())


def published(fake_bus):
    sent = [each for each in fake_bus.published if each.topic == topics.ARTICLES.name]
    return [decode(each.value, Article) for each in sent]


def test_lines_come_in_their_order_whatever_their_dates():
    data = b"".join(line(n) for n in (3, 1, 2)) + b"\n" + line(4).rstrip()

    assert [each.guid for each in read(data)] == ["3", "1", "2", "4"]


@pytest.mark.parametrize("name", sorted(each.name for each in SAMPLES.iterdir()))
def test_a_stream_in_any_format_gives_what_its_file_gives(name):
    data = (SAMPLES / name).read_bytes()

    for stream in (data, gzip.compress(data)):
        found = read(stream)
        names = sorted(each.guid for each in found if isinstance(each, Item))
        assert names == sorted(each.guid for each in index([SAMPLES / name], now=GIVEN.now).entries)


def test_plain_text_is_one_article_known_by_its_words():
    (one,), (same,), (other,) = read(TEXT.encode()), read(TEXT.encode()), read(b"Other words.")

    assert one.guid == same.guid != other.guid


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"\n\n", Reason.EMPTY),
        (b"<html/>", Reason.NOT_TEXT),
        (b'{"text": "cut', Reason.NOT_JSON),
        (b'{\n "a": 1\n}\n', Reason.NOT_TEXT),
        (b"\x00\x01\x02", Reason.NOT_TEXT),
        (gzip.compress(line(1))[:-5], Reason.UNREADABLE),
    ],
)
def test_a_stream_of_nothing_that_is_known_is_refused_with_its_reason(data, reason):
    assert [each.error.reason for each in read(data) if isinstance(each, Refused)] == [reason]


def test_a_line_over_the_limit_is_refused_by_number_and_the_next_flows(monkeypatch):
    monkeypatch.setattr(stdin, "MAX_LINE_BYTES", 100_000)
    found = read(line(1) + b'{"text": "' + b"x" * 900_000 + b'"}\n' + line(3))

    assert [getattr(each, "guid", None) for each in found] == ["1", None, "3"]
    assert found[1].error.reason is Reason.TOO_LARGE
    assert "stdin:2" in found[1].error.detail


def test_a_stream_that_pauses_is_published_without_waiting_for_a_whole_batch():
    end, start = os.pipe()
    stop = threading.Event()
    got = []
    reader = threading.Thread(
        target=lambda: got.extend(each for b in batches(end, GIVEN, 1000, stop) for each in b)
    )
    reader.start()

    os.write(start, line(1) + line(2)[:9])
    wait_for(lambda: len(got) == 1, 10, "the first line is there")
    os.write(start, line(2)[9:])
    wait_for(lambda: len(got) == 2, 10, "the second line is there")
    os.write(start, b'{"text": "half')
    stop.set()
    reader.join(10)

    assert not reader.is_alive()
    assert [each.guid for each in got] == ["1", "2"]
    os.close(end)
    os.close(start)


def test_a_stream_is_replayed_as_an_exercise_once_a_run():
    fake_bus = FakeBus()
    taker = intake(fake_bus)
    plan = Plan(run="r1")

    for _ in range(2):
        with piped(line(1) + line(2)) as end:
            stop = threading.Event()
            total = replay_stream(batches(end, GIVEN, 10, stop), taker, plan, stop=stop)

    assert (total.published, total.seen) == (0, 2)
    assert [(each.guid, each.run) for each in published(fake_bus)] == [("1", "r1"), ("2", "r1")]


def test_what_is_handed_in_is_live_and_carries_its_source():
    fake_bus = FakeBus()
    source = Common(name="wires", family="Example Wire", tier="record", outlet="wire.example")

    with piped(line(1)) as end:
        stop = threading.Event()
        feed = batches(end, GIVEN, 10, stop)
        hand_in(feed, intake(fake_bus), source, stop=stop, patience_s=0)

    (article,) = published(fake_bus)
    assert (article.run, article.family, article.outlet) == (None, "Example Wire", "wire.example")


def test_a_broker_that_is_away_for_a_while_is_waited_for(monkeypatch):
    fake_bus = FakeBus()
    taker = intake(fake_bus)
    fake_bus.away = True

    class Clock(threading.Event):
        def wait(self, timeout=None):
            fake_bus.away = False
            return False

    item = Item(guid="g", source="s", origin="o", text=TEXT)
    total = hand_in([[item]], taker, Common(name="s"), stop=Clock(), patience_s=60)

    assert total.published == 1
    fake_bus.away = True
    with pytest.raises(Unavailable):
        hand_in([[item]], taker, Common(name="s"), stop=threading.Event(), patience_s=-1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-", "x"], "comes alone"),
        (["nowhere-at-all"], "no such file"),
        (["x", "--source", "unknown"], "--source unknown: not in sources.toml"),
    ],
)
def test_a_misuse_is_told_before_anything_is_connected(tmp_path, monkeypatch, arguments, told):
    (tmp_path / "sources.toml").write_text(
        '[[source]]\nname = "wires"\nkind = "folder"\npath = "/x"\n'
    )
    monkeypatch.setenv("TOCSIN_INGEST_SOURCES", str(tmp_path / "sources.toml"))
    monkeypatch.setattr(ingest_command, "intake_of", None)

    with pytest.raises(UsageError, match=told):
        main(arguments)


@settings(max_examples=60, deadline=None)
@given(data=st.one_of(st.binary(max_size=500), st.lists(st.binary(max_size=40)).map(b"\n".join)))
def test_any_stream_gives_articles_or_refusals(data):
    assert all(isinstance(each, Item | Refused) for each in read(data))
