from __future__ import annotations

import json

import msgspec
import pytest

from services.alert.backtest.difference import difference
from services.alert.backtest.replaying import replay
from services.alert.rules import parse_rules
from tests.unit.alert.builders import CONFIG, NOON, event, hours, report
from tocsin.cli import main

GOOD = "rules:\n  - name: all\n    raise: 2\n"
REPORTS = (
    report(event("THREATEN"), article="a", at=NOON),
    report(event("MOBILIZE"), article="b", at=NOON + hours(8)),
)


def file(tmp_path, text, name="rules.yaml"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return str(path)


def said(rules: str):
    config = msgspec.structs.replace(CONFIG, rules=parse_rules(rules, "r.yaml"))
    return replay(REPORTS, config, progress=lambda _: None).alerts, config.rules


def compared(new: str):
    return difference(said(GOOD)[0], *said(new))


def test_a_rules_file_that_is_fine_is_said_to_be(tmp_path, capsys):
    assert main(["rules", "check", file(tmp_path, GOOD)]) == 0
    assert "1 rule, fine" in capsys.readouterr().out


def test_each_rule_that_is_wrong_is_named_with_file_line_and_why(tmp_path, capsys):
    path = file(tmp_path, GOOD + "  - name: b\n    raise: 9\n  - name: all\n    raise: 3\n")

    code = main(["rules", "check", path])

    said = capsys.readouterr().err.splitlines()
    assert code == 1
    assert said == [
        f"{path}:5: raise must be a level from 1 to 5, not '9'",
        f"{path}:6: two rules are named 'all'",
    ]


def test_a_file_that_is_not_there_is_misuse(tmp_path, capsys):
    assert main(["rules", "check", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml" in capsys.readouterr().err


def test_programs_get_the_mistakes_as_one_object(tmp_path, capsys):
    code = main(["rules", "check", "--json", file(tmp_path, "rules: 3")])

    assert code == 1
    assert json.loads(capsys.readouterr().out)["mistakes"][0].endswith("rules must be a list")


def test_the_same_rules_change_nothing():
    found = compared(GOOD)

    assert (found.added, found.removed) == ((), ())
    assert found.kept > 0


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("rules:\n  - name: all\n    raise: 4\n", "level 3 is below 4, where all raises"),
        ("rules:\n  - name: all\n    raise: 2\n    scope: [CHL]\n", "no rule is for USA-VEN"),
        ("rules:\n  - name: all\n    raise: 2\n    for: 2d\n", "stood for 48 h"),
    ],
)
def test_an_alert_that_is_gone_says_what_holds_it_back(new, why):
    found = compared(new)

    ups = [each for each in found.removed if each.alert.level == 3]
    assert ups
    assert any(why in each.why for each in ups)


def test_a_rule_that_raises_earlier_adds_alerts():
    found = difference(said("rules:\n  - name: all\n    raise: 3\n")[0], *said(GOOD))

    assert {each.level for each in found.added} >= {2}


def test_the_difference_is_shown_on_an_archive(tmp_path, capsys):
    lines = [{"title": "Peruvian troops attack Chilean base", "ts": "2010-01-05T10:00Z"}]
    wire = file(tmp_path, "\n".join(map(json.dumps, lines)), "wire.jsonl")
    old = file(tmp_path, GOOD, "old.yaml")
    new = file(tmp_path, GOOD + "    scope: [VEN]\n", "new.yaml")

    code = main(["rules", "diff", old, new, "--replay", wire, "--outlet", "AP"])

    out = capsys.readouterr().out
    assert code == 0
    assert "- raised" in out
    assert "no rule is for CHL-PER" in out
    assert out.splitlines()[-1].startswith("0 added, 1 removed")


def test_a_difference_without_reports_is_misuse(tmp_path, capsys):
    rules = file(tmp_path, GOOD)

    assert main(["rules", "diff", rules, rules]) == 2
    assert "--replay" in capsys.readouterr().err
