from __future__ import annotations

import msgspec
import pytest

from services.alert.domain.hushing import Matcher, Silence, decide, shown
from services.alert.domain.regions import REGIONS, touches
from tests.unit.alert.builders import NOON, event, fold, hours, report
from tocsin.messages import Acknowledgement, AlertStatus, Change, Severity

RAISED = msgspec.structs.replace(
    fold([report(event("THREATEN"))])[0].alerts[0], status=AlertStatus.ACTUAL, run=None
)


def alert(change="raised", level=2, **of):
    severity = Severity.CRITICAL if level > 3 else Severity.WARNING
    return msgspec.structs.replace(
        RAISED, change=Change(change), level=level, severity=severity, peak=max(level, 2), **of
    )


def silence(*, up_to=0, at=None, **matcher):
    return Silence(
        id="s1",
        matcher=Matcher(**(matcher or {"dyad": "USA-VEN"})),
        by="ana",
        reason="exercise at sea",
        at=NOON,
        until=NOON + hours(24),
        up_to=up_to,
        levels=at or {},
    )


def ack(level=2, revision=1):
    return {
        RAISED.id: Acknowledgement(
            alert=RAISED.id, revision=revision, level=level, by="bo", at=NOON, note="on it"
        )
    }


@pytest.mark.parametrize(
    ("change", "level", "rose", "delivered"),
    [
        ("new_fact", 2, 1, False),
        ("more_sources", 2, 1, False),
        ("confirmed", 2, 1, False),
        ("eased", 1, 1, False),
        ("raised", 2, 2, True),
        ("level_up", 3, 2, True),
        ("new_fact", 3, 2, True),
        ("eased", 2, 2, True),
        ("new_fact", 2, 2, True),
        ("resolved", 1, 1, True),
        ("retracted", 0, 1, True),
    ],
)
def test_an_acknowledgement_stops_repeats_until_the_level_rises(change, level, rose, delivered):
    decision = decide(alert(change, level, rose=rose), (), ack())

    assert decision.deliver is delivered
    assert delivered or decision.reason == "acknowledged by bo at level 2: on it"


def test_an_acknowledgement_of_another_alert_says_nothing_of_this_one():
    others = {"other": msgspec.structs.replace(ack()[RAISED.id], alert="other")}

    assert decide(alert("new_fact"), (), others).deliver


def test_one_made_before_a_rise_that_waits_in_the_outbox_does_not_hide_it():
    assert decide(alert("new_fact", 3, rose=2), (), ack(level=3, revision=1)).deliver


@pytest.mark.parametrize(
    ("held", "change", "level", "delivered"),
    [
        (silence(), "raised", 2, True),  # the pair was calm when it was silenced
        (silence(at={"USA-VEN": 2}), "new_fact", 2, False),
        (silence(at={"USA-VEN": 2}), "level_up", 3, True),
        (silence(at={"USA-VEN": 4}), "level_up", 3, False),
        (silence(at={"GRC-TUR": 4}, region="americas"), "raised", 2, True),
        (silence(up_to=3), "raised", 3, False),
        (silence(up_to=3), "level_up", 4, True),
        (silence(up_to=3), "resolved", 1, False),
        (silence(up_to=3, at={"USA-VEN": 2}), "resolved", 1, True),
        (silence(up_to=5, dyad="GRC-TUR"), "raised", 2, True),
        (silence(up_to=5, state="VEN"), "raised", 2, False),
        (silence(up_to=5, state="TUR"), "raised", 2, True),
        (silence(up_to=5, region="south-america"), "raised", 2, False),
        (silence(up_to=5, region="europe"), "raised", 2, True),
        (silence(up_to=5, rule="escalation"), "raised", 2, False),
        (silence(up_to=5, rule="escalation", state="TUR"), "raised", 2, True),
        (silence(up_to=5, severity=Severity.WARNING), "raised", 3, False),
        (silence(up_to=5, severity=Severity.WARNING), "level_up", 4, True),
    ],
)
def test_a_silence_hides_what_fits_up_to_its_ceiling(held, change, level, delivered):
    decision = decide(alert(change, level), (held,), {})

    assert decision.deliver is delivered
    assert delivered or decision.reason == (
        "silenced by ana until 2025-08-13 12:00 UTC: exercise at sea"
    )


def test_a_replay_is_not_silenced():
    exercise = msgspec.structs.replace(alert(), status=AlertStatus.EXERCISE)

    assert decide(exercise, (silence(up_to=5),), {}).deliver


def test_who_why_and_until_when_are_shown_with_the_alert():
    quiet = shown(alert("new_fact"), (silence(up_to=3),), ack())

    assert quiet.phase == "acknowledged"
    assert (quiet.acknowledged.by, quiet.acknowledged.note) == ("bo", "on it")
    assert (quiet.silenced.by, quiet.silenced.reason) == ("ana", "exercise at sea")
    assert quiet.silenced.until == NOON + hours(24)


def test_without_either_the_alert_is_shown_as_it_is():
    assert shown(alert(), (), {}) == alert()


def test_a_rise_is_of_its_own_revision_and_later_news_are_of_the_rise_before():
    steps = fold(
        [
            report(event("THREATEN")),
            report(event("THREATEN", place="Caribbean"), article="a2", at=NOON + hours(2)),
            report(event("ASSAULT"), article="a3", at=NOON + hours(3)),
            report(event("ASSAULT", place="Caracas"), article="a4", at=NOON + hours(5)),
        ]
    )

    assert [each.rose for step in steps for each in step.alerts] == [1, 1, 3, 3]


def test_the_regions_are_of_iso_codes_and_the_wider_ones_hold_theirs():
    assert all(len(code) == 3 and code.isupper() for each in REGIONS.values() for code in each)
    assert REGIONS["south-america"] < REGIONS["americas"]
    assert touches("ISR-USA", "middle-east")
    assert not touches("ISR-USA", "atlantis")
