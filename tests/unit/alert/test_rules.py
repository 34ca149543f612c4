from __future__ import annotations

import pytest

from services.alert.rules import parse_rules
from tests.unit.alert.builders import DATA, days, hours
from tocsin.errors import SettingsError


def test_the_packaged_rules_ring_from_a_threat_of_force_up_for_every_pair():
    (rule,) = parse_rules((DATA / "rules.yaml").read_text("utf-8"), "rules.yaml")

    assert (rule.name, rule.raise_at, rule.clear_below, rule.scope) == ("escalation", 2, 2, ("*",))


def test_a_rule_says_all_that_it_may():
    (rule,) = parse_rules(
        """
rules:
  - name: force-at-sea
    scope: [USA-VEN, GRC]
    raise: 4
    clear: 3
    for: 6h
    labels: {page: duty}
    annotations: {text: "{dyad} at {level} ({state})"}
""",
        "x.yaml",
    )

    assert rule.scope == ("USA-VEN", "GRC")
    assert (rule.raise_at, rule.clear_below, rule.hold_for) == (4, 3, hours(6))
    assert (rule.labels, rule.annotations) == (
        {"page": "duty"},
        {"text": "{dyad} at {level} ({state})"},
    )


@pytest.mark.parametrize(
    ("text", "expected"), [("30m", hours(0.5)), ("6h", hours(6)), ("2d", days(2))]
)
def test_durations_are_written_as_in_prometheus(text, expected):
    (rule,) = parse_rules(f"rules: [{{name: a, raise: 2, for: {text}}}]", "x")

    assert rule.hold_for == expected


def test_a_rule_that_was_edited_has_another_version():
    versions = {
        parse_rules(f"rules: [{{name: a, raise: {level}}}]", "x")[0].version for level in (2, 3, 2)
    }

    assert len(versions) == 2


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "no rules"),
        ("rules: []", 1, "no rules"),
        ("rules: 7", 1, "rules must be a list"),
        ("- a", 1, "the file must be a mapping"),
        ("rules:\n  - name: [", 2, "expected the node content"),
        ("rules:\n  - raise: 2", 2, "a rule needs 'name'"),
        ("rules:\n  - name: a", 2, "a rule needs 'raise'"),
        ("rules:\n  - name: a\n    raise: 2\n    rais: 3", 4, "a rule has no field 'rais'"),
        ("rules:\n  - name: a\n    raise: 2\n    raise: 3", 4, "'raise' stands twice"),
        ("rules:\n  - name: a\n    raise: 6", 3, "raise must be a level from 1 to 5, not '6'"),
        ("rules:\n  - name: a\n    raise: high", 3, "raise must be a level"),
        ("rules:\n  - name: a\n    raise: 2\n    clear: 3", 4, "clear .3. must not be above raise"),
        ("rules:\n  - name: A b\n    raise: 2", 2, "'A b' is no name of a rule"),
        ("rules:\n  - name: a\n    raise: 2\n    for: soon", 4, "'soon' is no duration"),
        ("rules:\n  - name: a\n    raise: 2\n    scope: VEN-USA", 4, "not in order: USA-VEN"),
        ("rules:\n  - name: a\n    raise: 2\n    scope: [USA, Cuba]", 4, "'Cuba' is no scope"),
        ("rules:\n  - name: a\n    raise: 2\n    labels: {x: [1]}", 4, "labels.x must be text"),
        (
            "rules:\n  - name: a\n    raise: 2\n    annotations:\n      t: '{dyad.__class__}'",
            5,
            "no word {dyad.__class__}",
        ),
        ("rules:\n  - name: a\n    raise: 2\n    annotations: {t: '{level'}", 4, "expected '}'"),
        ("rules:\n  - {name: a, raise: 2}\n  - {name: a, raise: 3}", 3, "two rules are named 'a'"),
        ("rules:\n  - &a {name: a, raise: 2}\n  - *a", 2, "two rules are named 'a'"),
    ],
)
def test_a_bad_rule_is_refused_with_its_line_and_why(text, line, why):
    with pytest.raises(SettingsError, match=f"^my.yaml:{line}: .*{why}"):
        parse_rules(text, "my.yaml")
