from __future__ import annotations

import io
import json
import re
import sys
from datetime import timedelta, timezone

import msgspec
import pytest
from lxml import etree

from services.alert.export.cap import NAMESPACE, cap, identifier
from services.alert.export.cloudevents import cloudevent
from services.alert.export.command import NotFound
from services.alert.manage import main
from tests.support.paths import ROOT
from tests.unit.alert.notices import alert, citation, exercise, later, resolved
from tests.unit.alert.test_sinks import HOSTILE, HUGE
from tocsin.errors import UsageError
from tocsin.messages import Alert, AlertPhase, Change, LevelState, decode, encode

SCHEMA = etree.XMLSchema(etree.parse(ROOT / "tests/support/oasis/CAP-v1.2.xsd"))
FIRST = alert(citations=(citation("Three destroyers were sent."),))
RISEN = later(FIRST, 1, level=4, level_before=3, change=Change.LEVEL_UP)
GONE = later(RISEN, 1, phase=AlertPhase.RETRACTED, change=Change.RETRACTED, level=0)
OVER = resolved(id=FIRST.id)


def read(told, *earlier, **of):
    """The message as `{path: [texts]}`, after it was held to the schema of OASIS."""
    tree = etree.fromstring(cap(told, earlier, **of))
    SCHEMA.assertValid(tree)
    found = {}
    for element in tree.iter():
        path = [element.tag, *(each.tag for each in element.iterancestors())]
        name = "/".join(each.replace(f"{{{NAMESPACE}}}", "") for each in reversed(path[:-1]))
        found.setdefault(name, []).append(element.text)
    return found


@pytest.mark.parametrize(
    ("told", "earlier", "message", "status"),
    [
        (FIRST, (), "Alert", "Actual"),
        (RISEN, (FIRST,), "Update", "Actual"),
        (GONE, (FIRST, RISEN), "Cancel", "Actual"),
        (OVER, (FIRST,), "Update", "Actual"),
        (exercise(), (), "Alert", "Exercise"),
    ],
)
def test_a_revision_is_an_alert_an_update_or_a_cancellation(told, earlier, message, status):
    found = read(told, *earlier)

    assert found["msgType"] == [message]
    assert found["status"] == [status]
    assert found["scope"] == ["Restricted"]
    assert ("note" in found) is (status == "Exercise")


def test_an_update_refers_to_each_message_before_it_by_sender_identifier_and_time():
    references = read(GONE, RISEN, FIRST, sender="desk@x.org")["references"][0].split(" ")

    assert references == [
        "desk@x.org,id-USA-VEN.1,2025-08-19T12:00:00-00:00",
        "desk@x.org,id-USA-VEN.2,2025-08-19T13:00:00-00:00",
    ]


def test_a_revision_is_never_told_as_new_for_want_of_the_messages_before_it():
    with pytest.raises(UsageError, match="revision 2 of id-USA-VEN updates earlier messages"):
        cap(RISEN)


@pytest.mark.parametrize(
    ("of", "urgency", "severity", "certainty"),
    [
        ({"level": 1}, "Future", "Minor", "Observed"),
        ({"level": 2}, "Future", "Moderate", "Observed"),
        ({"level": 3, "state": LevelState.PROVISIONAL, "confidence": 0.38},
         "Expected", "Moderate", "Possible"),
        ({"level": 4, "state": LevelState.PROVISIONAL, "confidence": 0.55},
         "Immediate", "Severe", "Likely"),
        ({"level": 4}, "Immediate", "Severe", "Observed"),
        ({"level": 5}, "Immediate", "Extreme", "Observed"),
        ({"level": 0, "state": LevelState.CALM, "phase": AlertPhase.RESOLVED},
         "Past", "Minor", "Unknown"),
    ],
)  # fmt: skip
def test_level_and_state_give_urgency_severity_and_certainty(of, urgency, severity, certainty):
    found = read(alert(**of))

    told = [found[f"info/{name}"][0] for name in ("urgency", "severity", "certainty")]
    assert told == [urgency, severity, certainty]


def test_a_message_says_what_where_since_when_and_until_when():
    found = read(FIRST)

    assert found["info/headline"] == [FIRST.summary]
    assert "Three destroyers were sent." in found["info/description"][0]
    assert found["info/area/geocode/value"] == ["USA", "VEN"]
    assert set(found["info/area/geocode/valueName"]) == {"ISO 3166-1 alpha-3"}
    assert found["info/onset"] == ["2025-08-19T12:00:00-00:00"]
    assert found["info/expires"] == ["2025-08-26T12:00:00-00:00"]
    parameters = dict(
        zip(found["info/parameter/valueName"], found["info/parameter/value"], strict=True)
    )
    assert parameters["tocsin:level"] == "3"
    assert parameters["tocsin:confidence"] == "0.7"


def test_times_are_utc_wherever_they_come_from():
    east = timezone(timedelta(hours=5, minutes=30))
    there = msgspec.structs.replace(FIRST, at=FIRST.at.astimezone(east))

    assert read(there)["sent"] == ["2025-08-19T12:00:00-00:00"]


def test_the_alerts_of_two_replays_are_two_messages():
    assert identifier(exercise(run="a")) != identifier(exercise(run="b"))
    assert identifier(exercise(run="a")).startswith("id-USA-VEN.1.")


def test_hostile_text_stays_text_in_the_message():
    told = alert(
        id=f"x{HOSTILE}",
        rule=HOSTILE,
        summary=HOSTILE,
        why=HOSTILE,
        lowers=HUGE,
        citations=(citation(HOSTILE), citation(HUGE)),
    )

    found = read(told)

    assert not re.search(r"[\s,<&]", found["identifier"][0])
    assert "<script>" in found["info/headline"][0] + found["info/description"][0]
    assert len(found["info/headline"][0]) <= 160
    assert len(found["info/description"][0]) <= 4000


@pytest.mark.parametrize("sender", ["", "a b", "a,b", "a<b", "a&b"])
def test_a_sender_that_the_standard_forbids_is_refused(sender):
    with pytest.raises(UsageError, match="CAP sender"):
        cap(FIRST, sender=sender)


def test_the_example_of_the_alert_topic_can_be_exported():
    example = (ROOT / "seeds/messages/tocsin.alerts.v1.json").read_bytes()
    told = json.loads(example)
    every = [
        decode(json.dumps(each).encode(), Alert)
        for each in (told if isinstance(told, list) else [told])
    ]

    assert read(every[0])["status"] == ["Exercise"]


def test_a_cloudevent_has_the_attributes_of_the_wire_and_the_alert_as_its_data():
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    event = json.loads(cloudevent(FIRST, trace))

    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "id": "id-USA-VEN.1",
        "source": "/tocsin/alert",
        "type": "tocsin.alert.v1",
        "subject": "USA-VEN",
        "time": "2025-08-19T12:00:00Z",
        "datacontenttype": "application/json",
        "traceparent": trace,
    }
    assert decode(json.dumps(data).encode(), Alert) == FIRST


# The command.


def lines(*alerts):
    return b"".join(encode(each) + b"\n" for each in alerts)


def exported(tmp_path, capsys, *arguments, told):
    file = tmp_path / "alerts.jsonl"
    file.write_bytes(told)
    assert main(["export", "--from", str(file), *arguments]) == 0
    return capsys.readouterr().out


def test_the_last_revision_of_a_file_is_exported_with_references(tmp_path, capsys):
    told = exported(tmp_path, capsys, "--sender", "d@x.org", told=lines(FIRST, RISEN))

    tree = etree.fromstring(told.encode())
    SCHEMA.assertValid(tree)
    assert tree.findtext(f"{{{NAMESPACE}}}msgType") == "Update"


def test_one_alert_may_be_spread_over_lines(tmp_path, capsys):
    spread = json.dumps(json.loads(encode(FIRST)), indent=2).encode()

    event = exported(tmp_path, capsys, "--format", "cloudevents", told=spread)

    assert json.loads(event)["data"]["id"] == FIRST.id


def test_a_revision_can_be_named(tmp_path, capsys):
    told = lines(FIRST, RISEN)

    event = exported(tmp_path, capsys, "--format", "cloudevents", "--revision", "1", told=told)

    assert json.loads(event)["id"] == "id-USA-VEN.1"


def test_alerts_come_by_standard_input_too(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines(FIRST))))

    assert main(["export", "--from", "-"]) == 0
    assert "<identifier>id-USA-VEN.1</identifier>" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("told", "arguments", "error", "why"),
    [
        (b"", [], UsageError, "alerts.jsonl:1: "),
        (b"{}", [], UsageError, "missing required field"),
        (lines(FIRST) + b"{\n", [], UsageError, "alerts.jsonl:2: "),
        (lines(FIRST), ["--revision", "7"], NotFound, "revision 7: no such alert"),
        (lines(FIRST), ["--run", "x"], NotFound, "no such alert"),
        (lines(RISEN), [], UsageError, "give those too"),
        (lines(FIRST), ["--sender", "a b"], UsageError, "CAP sender"),
        (lines(FIRST), ["an-id"], UsageError, "give the id of an alert, or --from"),
    ],
)
def test_what_cannot_be_exported_is_told_with_its_place(
    tmp_path, capsys, told, arguments, error, why
):
    with pytest.raises(error, match=re.escape(why)):
        exported(tmp_path, capsys, *arguments, told=told)


def test_a_file_that_is_not_there_is_named(capsys):
    with pytest.raises(UsageError, match="no-such-file: No such file"):
        main(["export", "--from", "no-such-file"])


@pytest.mark.parametrize("name", ["dead", "export"])
def test_the_commands_have_help_with_examples(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])

    assert end.value.code == 0
    assert f"tocsin alert {name}" in capsys.readouterr().out.split("examples:")[1]
