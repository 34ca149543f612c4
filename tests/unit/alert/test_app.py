from __future__ import annotations

import msgspec
import pytest

from services.alert.app import letters, read
from tests.unit.alert.builders import NOON, days, event, fold, report
from tocsin.bus import Record
from tocsin.errors import BadMessage, Reason
from tocsin.messages import Alert, LevelReport, decode, encode
from tocsin.topics import EVENTS

GOOD = report(event("THREATEN"))


def record(value):
    return Record(topic=EVENTS.name, partition=0, offset=0, key=b"USA-VEN", value=value)


def test_a_report_is_read_as_it_was_written():
    assert read(record(encode(GOOD))) == GOOD


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.TOMBSTONE),
        (b"", Reason.EMPTY),
        (b"\xff\x00", Reason.NOT_JSON),
        (b'{"id":', Reason.NOT_JSON),
        (b"null", Reason.WRONG_SHAPE),
        (b"[]", Reason.WRONG_SHAPE),
        (b"{}", Reason.WRONG_SHAPE),
        (b"[" * 10_000, Reason.WRONG_SHAPE),
        (encode(GOOD).replace(b'"confidence":1.0', b'"confidence":NaN'), Reason.NOT_JSON),
        (encode(msgspec.structs.replace(GOOD, dyad="VEN-USA")), Reason.WRONG_SHAPE),
        (encode(msgspec.structs.replace(GOOD, dyad="USA-USA")), Reason.WRONG_SHAPE),
        (encode(msgspec.structs.replace(GOOD, dyad="x:y")), Reason.WRONG_SHAPE),
        (encode(report(event("THREATEN"), run="a b")), Reason.WRONG_SHAPE),
        (encode(report(event("THREATEN"), run="x" * 101)), Reason.WRONG_SHAPE),
        (
            encode(report(msgspec.structs.replace(event("THREATEN"), evidence=()))),
            Reason.WRONG_SHAPE,
        ),
    ],
)
def test_what_is_no_report_is_refused_with_its_reason(value, reason):
    with pytest.raises(BadMessage) as refused:
        read(record(value))

    assert refused.value.reason is reason


def test_a_step_speaks_of_its_alerts_and_then_of_the_level():
    steps = fold([GOOD, report(event("MOBILIZE"), article="a2", at=NOON + days(5))])

    topics = [each.topic for each in letters(steps[1])]

    assert topics == ["tocsin.alerts.v1", "tocsin.alerts.v1", "tocsin.levels.v1"]


def test_a_replay_never_overwrites_the_live_level():
    exercise, world = (
        letters(fold([report(event("THREATEN"), run=run)], arrived_at=NOON)[0])
        for run in ("r", None)
    )

    assert exercise[-1].key == "USA-VEN@run"
    assert {each.key for each in exercise[:-1]} == {"USA-VEN"}
    assert decode(exercise[-1].value, LevelReport).run == "run"
    assert decode(exercise[0].value, Alert).status == "exercise"
    assert world


def test_every_message_has_an_id_of_its_own():
    steps = fold([GOOD, report(event("MOBILIZE"), article="a2", at=NOON + days(5))])

    ids = [dict(each.headers)["ce_id"] for step in steps for each in letters(step)]

    assert len(set(ids)) == len(ids) == 5
