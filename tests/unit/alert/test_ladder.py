"""The five seeds as reports: what threat-levels, section 4, asks for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.alert.domain.alerts import verify
from tests.unit.alert.builders import event, fold, report
from tocsin.messages import Change


def at(day):
    return datetime.fromisoformat(f"2025-{day}T12:00:00").replace(tzinfo=UTC)


SEEDS = {
    "000": report(
        event("ACCUSE", by="VEN", on="USA", text="He warned of a serious military threat."),
        event("THREATEN", mode="arrest", status="threatened", time="background", text="A reward."),
        event("MOBILIZE", by="VEN", on=None, status="ordered", scope="internal", text="Offensive."),
        article="000",
        agency="EFE",
        at=at("08-12"),
    ),
    "004": report(
        event("MOBILIZE", counts=[(3, "warships")], text="Three destroyers have been deployed."),
        event("MOBILIZE", by="VEN", on="USA", mode="militia", text="It mobilized four million."),
        event("ASSAULT", time="historical", text="A drone in 2018."),
        article="004",
        agency=None,
        at=at("08-19"),
    ),
    "002": report(
        event(
            "MOBILIZE",
            by="VEN",
            on="USA",
            mode="militia",
            status="ordered",
            counts=[(4.5e6, "persons")],
            text="He ordered the deployment of 4.5 million.",
        ),
        event("THREATEN", status="threatened", text="Ready to use all its power."),
        event("MOBILIZE", status="hypothetical", time="future", text="It could include troops."),
        article="002",
        agency="EFE",
        at=at("08-22"),
    ),
    "003": report(
        event(
            "ASSAULT",
            mode="destroy",
            scope="transnational",
            directed_at_state=False,
            time="background",
            counts=[(3, "boats")],
            text="The U.S. military has sunk at least three boats.",
        ),
        event("ASSAULT", status="planned", time="future", text="It might launch attacks."),
        event("MOBILIZE", time="background", text="Ten jets are stationed."),
        event("CONSULT", time="ongoing", text="They negotiate through third countries."),
        article="003",
        agency=None,
        at=at("09-27"),
    ),
    "001": report(
        event("THREATEN", status="threatened", time="background", text="It threatens targets."),
        event(
            "ASSAULT",
            scope="transnational",
            directed_at_state=False,
            time="ongoing",
            telling="mention",
            text="Amid the bombings.",
        ),
        article="001",
        agency="Europa Press",
        at=at("12-06"),
    ),
}
LADDER = fold(SEEDS.values())
EXPECTED = [
    ("000", 2, "confirmed", "A reward."),
    ("004", 3, "provisional", "Three destroyers have been deployed."),
    ("002", 3, "confirmed", "He ordered the deployment of 4.5 million."),
    ("003", 4, "provisional", "The U.S. military has sunk at least three boats."),
    ("001", 2, "confirmed", "It threatens targets."),
]


@pytest.mark.parametrize(
    ("step", "expected"),
    list(zip(LADDER, EXPECTED, strict=True)),
    ids=[row[0] for row in EXPECTED],
)
def test_each_seed_gives_its_level_and_the_sentence_that_earns_it(step, expected):
    level = step.level

    assert level.citation
    assert (
        level.citation.article.id,
        level.level,
        level.state.value,
        level.citation.evidence.text,
    ) == expected


def test_the_sunk_boats_are_not_directed_at_the_state():
    assert [step.level.directed_at_state for step in LADDER] == [True, True, True, False, True]


def test_weeks_of_quiet_lower_the_level_step_by_step_between_the_seeds():
    fallen = {
        step.level.citation.article.id: [
            (each.level, f"{each.at:%m-%d}") for each in step.level.fell
        ]
        for step in LADDER
    }

    assert fallen == {
        "000": [],
        "004": [(1, "08-15"), (0, "08-18")],
        "002": [],
        "003": [(2, "08-29"), (1, "09-01"), (0, "09-04")],
        "001": [(3, "10-04"), (2, "10-11"), (1, "10-14"), (0, "10-17")],
    }


def test_the_second_family_is_an_update_of_the_same_alert():
    raised = LADDER[1].alerts[-1]
    (update,) = LADDER[2].alerts

    assert update.id == raised.id
    assert (raised.revision, raised.change) == (1, Change.RAISED)
    assert (update.revision, update.change) == (2, Change.CONFIRMED)
    assert (update.confidence, len(update.terms)) == (0.79, 2)


def test_each_episode_has_one_identity_and_is_resolved_once():
    alerts = [alert for step in LADDER for alert in step.alerts]
    by_id = {}
    for alert in alerts:
        by_id.setdefault(alert.id, []).append(alert.change.value)

    assert list(by_id.values()) == [
        ["raised", "resolved"],
        ["raised", "confirmed", "eased", "resolved"],
        ["raised", "eased", "eased", "resolved"],
        ["raised"],
    ]
    assert all(
        [alert.revision for alert in alerts if alert.id == each] == list(range(1, len(changes) + 1))
        for each, changes in by_id.items()
    )


def test_resolving_tells_the_duration_and_the_peak():
    resolved = [alert for step in LADDER for alert in step.alerts if alert.change == "resolved"]

    assert [(alert.duration_h, alert.peak) for alert in resolved] == [
        (72.0, 2),
        (312.0, 3),
        (408.0, 4),
    ]


def test_every_alert_follows_from_its_own_payload():
    alerts = [alert for step in LADDER for alert in step.alerts]

    assert [wrong for alert in alerts for wrong in verify(alert)] == []
    assert all(alert.lowers and alert.why and alert.novelty for alert in alerts)
    assert all(1 <= len(alert.citations) <= 3 for alert in alerts)


def test_talks_in_a_report_show_as_a_sign_of_cooperation():
    assert [bool(step.level.cooperation) for step in LADDER] == [False] * 3 + [True, False]


def test_what_was_said_of_a_state_at_peace_with_itself_raises_nothing():
    home = report(
        event("MOBILIZE", by="VEN", on="VEN", scope="internal"),
        event("COERCE", by="VEN", on="VEN", scope="internal", mode="martial-law"),
        event("ASSAULT", time="historical"),
        event("ASSAULT", status="negated"),
    )

    (step,) = fold([home])

    assert (step.level.level, step.level.state.value, step.alerts) == (0, "calm", ())
    assert step.level.citation
