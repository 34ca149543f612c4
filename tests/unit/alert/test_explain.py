from __future__ import annotations

import io
import json
import sys

import msgspec
import pytest

from services.alert.explain import explained
from tests.unit.alert.builders import NOON, event, fold, report
from tocsin.cli import main
from tocsin.messages import encode


def alert(**changed):
    said = report(event("ASSAULT", text="USA struck a port of VEN."), agency="EFE", at=NOON)
    return msgspec.structs.replace(fold([said])[-1].alerts[0], **changed)


def file(tmp_path, *alerts):
    path = tmp_path / "alert.json"
    path.write_bytes(b"\n".join(map(encode, alerts)))
    return str(path)


def test_every_term_is_shown_with_its_sentence_article_and_offsets():
    text = "\n".join(explained(alert()))

    assert "USA-VEN: level 4, use of force (confirmed), raised" in text
    assert "confidence .70 = 1 - (1 - .70), at least .60 is needed" in text
    assert "EFE: .70 = .70 (record) × 1.00 certainty" in text
    assert '"USA struck a port of VEN."' in text
    assert "article a1, characters 0 to 25" in text


def test_an_alert_that_follows_from_its_payload_is_verified(tmp_path, capsys):
    assert main(["explain", file(tmp_path, alert()), "--verify"]) == 0
    assert "verified: level 4 follows from this payload alone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("forged", "said"),
    [
        ({"confidence": 0.9}, "the terms give 0.7, not 0.9"),
        ({"threshold": 0.1}, "the threshold of level 4 is not 0.1"),
        ({"level": 5, "level_name": "war", "peak": 5}, "the threshold of level 5"),
        ({"terms": ()}, "the terms give 0, not 0.7"),
    ],
)
def test_an_alert_that_was_tampered_with_is_told_by_its_payload(tmp_path, capsys, forged, said):
    code = main(["explain", file(tmp_path, alert(**forged)), "--verify"])

    assert code == 1
    assert said in capsys.readouterr().out


def test_a_stream_of_alerts_is_explained_line_by_line(monkeypatch, capsys):
    data = b"\n".join([encode(alert()), encode(alert(confidence=0.9))])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    code = main(["explain", "-", "--json"])

    wrong = [json.loads(line)["wrong"] for line in capsys.readouterr().out.splitlines()]
    assert code == 1
    assert [bool(each) for each in wrong] == [False, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [("{}", "no alert: Object missing required field"), ("no json\n{}", ":1: no alert")],
)
def test_what_is_no_alert_is_refused_with_file_line_and_field(tmp_path, capsys, text, said):
    path = tmp_path / "x.json"
    path.write_text(text, "utf-8")

    assert main(["explain", str(path)]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there_is_misuse(capsys):
    assert main(["explain", "nowhere.json"]) == 2
    assert "nowhere.json" in capsys.readouterr().err


def test_what_an_article_says_cannot_move_the_terminal():
    hostile = report(event("ASSAULT", text="A \x1b[2J\u202e strike."), at=NOON)

    text = "".join(explained(fold([hostile])[-1].alerts[0]))

    assert "\x1b" not in text
    assert "\u202e" not in text
