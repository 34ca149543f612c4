from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import bus, topics
from tocsin.errors import BadMessage, Reason
from tocsin.messages import Article, decode, digest, dyad_of, encode

AT = datetime(2025, 8, 12, 12, tzinfo=UTC)


def article(**fields):
    defaults = {
        "id": "a", "guid": "a", "source": "s", "text": "t", "fingerprint": "f", "fetched_at": AT,
    }  # fmt: skip
    return Article(**{**defaults, **fields})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, Reason.TOMBSTONE),
        (b"", Reason.EMPTY),
        (b"\x80\xff", Reason.NOT_JSON),
        (b'{"id": "a"', Reason.NOT_JSON),
        (b"null", Reason.WRONG_SHAPE),
        (b"[]", Reason.WRONG_SHAPE),
        (b"NaN", Reason.NOT_JSON),
        (b'{"id": 7}', Reason.WRONG_SHAPE),
        (b'{"id": "a"}', Reason.WRONG_SHAPE),
        (b'{"id": ' + b"[" * 10_000, Reason.WRONG_SHAPE),
        (b'{"unknown": ' + b"[" * 10_000, Reason.NOT_JSON),
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(data, reason):
    with pytest.raises(BadMessage) as refusal:
        decode(data, Article)

    assert refusal.value.reason is reason


def test_a_refusal_names_the_field_and_never_the_content():
    with pytest.raises(BadMessage) as refusal:
        decode(b'{"id": "a", "guid": 7, "text": "canary"}', Article)

    assert "guid" in refusal.value.detail
    assert "canary" not in refusal.value.detail


def test_a_reader_is_tolerant_of_fields_it_does_not_know():
    newer = {**msgspec.to_builtins(article()), "mood": "grave"}

    assert decode(msgspec.json.encode(newer), Article) == article()


@given(st.text(), st.none() | st.text(), st.lists(st.text(max_size=5), max_size=3))
def test_a_message_comes_back_as_it_was_sent(text, title, flags):
    try:
        text.encode()
        (title or "").encode()
        "".join(flags).encode()
    except UnicodeEncodeError:
        return  # a lone surrogate cannot be sent; ingest replaces it
    sent = article(text=text, title=title, flags=tuple(flags))

    assert decode(encode(sent), Article) == sent


def test_parts_of_an_id_never_run_into_each_other():
    assert digest("ab", "c") != digest("a", "bc")


def test_a_dyad_is_named_the_same_from_both_sides():
    assert dyad_of("VEN", "USA") == dyad_of("USA", "VEN") == "USA-VEN"


def test_a_record_says_what_it_is_in_the_headers_of_cloudevents():
    sent = bus.outgoing(topics.ARTICLES, "a", article(), id="a.1", at=AT, traceparent="00-x")

    headers = {name: value.decode() for name, value in sent.headers}
    assert headers == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": "a.1",
        "ce_type": "tocsin.article.v1",
        "ce_source": "/tocsin/ingest",
        "ce_time": "2025-08-12T12:00:00Z",
        "traceparent": "00-x",
    }


def record(value, *headers):
    return bus.Record(
        topic=topics.ARTICLES.name, partition=1, offset=2, key=b"k", value=value, headers=headers
    )


def test_a_record_of_another_major_version_is_refused():
    with pytest.raises(BadMessage) as refusal:
        bus.received(
            record(encode(article()), ("ce_type", b"tocsin.article.v2")), topics.ARTICLES, Article
        )

    assert refusal.value.reason is Reason.UNKNOWN_VERSION


@pytest.mark.parametrize("value", [b"\x00garbage", None, b""])
def test_a_dead_letter_keeps_the_bytes_and_says_why_and_where(value):
    letter = bus.dead_letter(record(value, ("mine", b"1")), "enrich", Reason.NOT_JSON, "why")

    assert letter.value == value
    assert letter.topic == "tocsin.articles.v1.enrich.dlq"
    assert letter.headers == (
        ("mine", b"1"),
        ("tocsin_reason", b"not_json"),
        ("tocsin_detail", b"why"),
        ("tocsin_origin", b"tocsin.articles.v1/1/2"),
    )


def test_every_topic_has_a_dead_letter_topic_for_each_of_its_readers():
    for topic in topics.TOPICS:
        for service in topic.read_by:
            assert topic.dead_letters(service) in topics.DEAD_LETTER_TOPICS
