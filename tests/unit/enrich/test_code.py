from __future__ import annotations

import io
import json
import sys

import pytest

from services.enrich import code
from tocsin.errors import UsageError


class Stdin:
    def __init__(self, *lines: bytes) -> None:
        self.buffer = io.BytesIO(b"\n".join(lines))


@pytest.fixture(autouse=True)
def one_coder(coder, monkeypatch):
    monkeypatch.setattr(code, "Coder", lambda **_: coder)


def test_lines_come_out_in_the_order_they_went_in(monkeypatch, capsys):
    lines = [
        json.dumps({"id": str(n), "text": "Iran attacked Israel."}).encode() for n in range(40)
    ]
    monkeypatch.setattr(sys, "stdin", Stdin(*lines))

    assert code.main([]) == 0

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["id"] for one in told] == [str(n) for n in range(40)]
    event = told[0]["events"][0]
    assert (event["source"]["code"], event["target"]["code"], event["plover"]) == (
        "IRN",
        "ISR",
        "ASSAULT",
    )
    assert event["evidence"] == {"text": "Iran attacked Israel.", "start": 0, "end": 21}


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"id": "1"}', b'{"text": 5}', b"\xff\xfe"])
def test_a_bad_line_is_named_by_its_number(monkeypatch, line):
    monkeypatch.setattr(sys, "stdin", Stdin(line))

    with pytest.raises(UsageError, match="line 1"):
        code.main([])


def test_a_file_becomes_a_table_with_its_cues_marked(tmp_path, capsys):
    path = tmp_path / "story.txt"
    path.write_text("Iran attacked Israel.\x1b[31m", encoding="utf-8")

    assert code.main([str(path), "--published", "2025-09-27"]) == 0

    out = capsys.readouterr().out
    assert "Iran [attacked] Israel." in out
    assert "\x1b" not in out


@pytest.mark.parametrize("argv", [["nowhere.txt"], ["nowhere.txt", "--published", "soon"]])
def test_misuse_is_one_clear_line(argv):
    with pytest.raises(UsageError):
        code.main(argv)
