from __future__ import annotations

import msgspec
import pytest

from services.alert import watch
from services.alert.watch import Wanted, line, plain, shown
from tests.unit.alert.builders import NOON, days, event, fold, report
from tocsin.errors import UsageError

ANYTHING = Wanted(dyad=None, min_level=0, exercises=True)
(RAISED,), (RESOLVED, AGAIN) = (
    step.alerts
    for step in fold(
        [
            report(event("THREATEN"), article="a1"),
            report(event("ASSAULT"), article="a2", at=NOON + days(9)),
        ]
    )
)


@pytest.mark.parametrize(
    ("alert", "wanted", "expected"),
    [
        (RAISED, ANYTHING, True),
        (RAISED, Wanted(dyad="USA-VEN", min_level=2, exercises=True), True),
        (RAISED, Wanted(dyad="GRC-TUR", min_level=0, exercises=True), False),
        (RAISED, Wanted(dyad=None, min_level=3, exercises=True), False),
        (RAISED, Wanted(dyad=None, min_level=0, exercises=False), False),
        (RESOLVED, Wanted(dyad=None, min_level=2, exercises=True), True),
        (AGAIN, Wanted(dyad=None, min_level=4, exercises=True), True),
    ],
)
def test_only_the_wanted_alerts_are_shown(alert, wanted, expected):
    assert shown(alert, wanted) is expected


def test_a_line_says_when_who_how_far_why_and_quotes():
    text = line(RAISED).plain

    for part in ("2025-08-12 12:00", "USA-VEN", "2 threat of force", "confirmed", "raised"):
        assert part in text
    assert "“USA did THREATEN on VEN.” (EFE)" in text
    assert "exercise" in text


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[31mred\x1b[0m",
        "a\r\nb",
        "\x9b2J",
        "\u202eabc",
        "\x07",
        "a\u200bb",
        "\x1b]8;;http://x\x07",
    ],
)
def test_hostile_text_cannot_command_the_terminal(hostile):
    (quoted,) = (
        msgspec.structs.replace(c, evidence=msgspec.structs.replace(c.evidence, text=hostile))
        for c in RAISED.citations
    )
    alert = msgspec.structs.replace(RAISED, citations=(quoted,), why=hostile)

    text = line(alert).plain

    assert not set(text) & set("\x1b\x9b\r\x07\u202e\u200b")
    assert text.count("\n") == 1


def test_markup_in_text_stays_text():
    assert plain("[bold]x[/bold]") == "[bold]x[/bold]"


@pytest.mark.parametrize("dyad", ["USA", "USA-USA", "usa-venezuela", "US-VE", "\x1b[31m-VEN"])
def test_a_pair_that_is_none_is_misuse(dyad):
    with pytest.raises(UsageError, match="USA-VEN"):
        watch.main(["--dyad", dyad])


def test_a_pair_may_be_given_in_any_order_and_case():
    assert watch._dyad("ven-usa") == "USA-VEN"


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit) as ended:
        watch.main(["--help"])

    assert ended.value.code == 0
    assert "--dyad USA-VEN --min-level 3" in capsys.readouterr().out
