"""What is on the wire: every example decodes, and what is encoded decodes to the same."""

from __future__ import annotations

import contextlib
import enum
import types
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.paths import SEEDS
from tocsin.errors import BadMessage, Reason
from tocsin.messages import EnrichedArticle, Message, decode, encode
from tocsin.topics import TOPICS, Topic

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = SEEDS / "messages"
each_topic = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)

_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    type(None): st.none(),
}


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field's type."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(_values, inner))
    if origin is tuple:
        return st.lists(_values(inner[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(_values(inner[0]), _values(inner[1]), max_size=2)
    if issubclass(hint, enum.Enum):
        return st.sampled_from(list(hint))
    return _messages(hint)


def _messages(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Any message of a kind."""
    return st.builds(
        kind, **{each.name: _values(each.type) for each in msgspec.structs.fields(kind)}
    )


def _example(topic: Topic) -> Path:
    return EXAMPLES / f"{topic.name}.json"


def test_every_topic_has_an_example_and_every_example_a_topic():
    assert set(EXAMPLES.iterdir()) == {_example(topic) for topic in TOPICS}


@each_topic
def test_the_example_decodes_and_says_all_that_the_struct_holds(topic):
    example = _example(topic).read_bytes()

    message = decode(example, topic.message)

    assert msgspec.json.decode(encode(message)) == msgspec.json.decode(example)


@each_topic
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=50)
@given(data=st.data())
def test_a_message_encoded_and_decoded_is_the_same_message(topic, data):
    message = data.draw(_messages(topic.message))

    assert decode(encode(message), topic.message) == message


@each_topic
def test_a_reader_ignores_a_field_it_does_not_know(topic):
    example = _example(topic).read_bytes()
    newer = msgspec.json.decode(example) | {"added_in_a_later_version": [1, 2]}

    assert decode(msgspec.json.encode(newer), topic.message) == decode(example, topic.message)


@each_topic
def test_a_missing_field_is_named(topic):
    required = next(f.name for f in msgspec.structs.fields(topic.message) if f.required)
    without = msgspec.json.decode(_example(topic).read_bytes())
    del without[required]

    with pytest.raises(BadMessage, match=required) as refused:
        decode(msgspec.json.encode(without), topic.message)
    assert refused.value.reason is Reason.WRONG_SHAPE


@each_topic
@settings(deadline=None)
@given(garbage=st.one_of(st.none(), st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_a_message_or_a_bad_message(topic, garbage):
    with contextlib.suppress(BadMessage):
        decode(garbage, topic.message)


def test_evidence_and_entities_in_the_examples_stand_where_they_say():
    article = msgspec.json.decode(_example(TOPICS[0]).read_bytes())["text"]
    enriched = decode(_example(TOPICS[1]).read_bytes(), EnrichedArticle)

    spans = [*enriched.entities, *enriched.cues]
    spans += [evidence for event in enriched.events for evidence in event.evidence]

    assert [span.text for span in spans] == [article[span.start : span.end] for span in spans]
