from __future__ import annotations

import pytest

from services.alert.domain.relief import moments, reliefs_of
from tests.unit.alert.builders import FAMILIES, NOON, days, event, fold, hours, report

DAY_LATER = NOON + days(1)


def assault(at=NOON, article="a1"):
    return report(event("ASSAULT"), article=article, at=at)


def retreat(plover="RETREAT", *, at=DAY_LATER, article="r1", agency="EFE", **of):
    return report(event(plover, **of), article=article, at=at, agency=agency)


def later(*, at, article="late"):
    return report(event("CONSULT"), article=article, at=at)


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        (retreat(), True),
        (retreat("CONCEDE"), True),
        (retreat("AGREE", mode="ceasefire"), True),
        (retreat("AGREE"), False),
        (retreat(status="planned"), False),
        (retreat(status="denied"), False),
        (retreat(status="hypothetical"), False),
        (retreat(time="historical"), False),
        (retreat(time="background"), False),
        (retreat(scope="internal"), False),
        (retreat(on=None), False),
    ],
)
def test_what_relieves_is_a_retreat_that_the_reporter_vouches_for(told, counts):
    assert bool(reliefs_of(told, told.article.published_at, FAMILIES)) is counts


@pytest.mark.parametrize(
    ("tellers", "corroborated"),
    [
        (["EFE"], True),
        ([None], False),
        (["Blog A", "Blog B"], True),
        (["Blog A", "Blog A"], False),
    ],
)
def test_a_relief_counts_from_a_confidence_of_one_half(tellers, corroborated):
    told = [
        retreat(agency=name, article=f"r{n}", at=NOON + hours(n)) for n, name in enumerate(tellers)
    ]
    claims = [c for each in told for c in reliefs_of(each, each.article.published_at, FAMILIES)]

    assert bool(moments(claims)) is corroborated


def test_reports_of_different_weeks_do_not_corroborate_each_other():
    told = [
        retreat(agency=name, article=name, at=NOON + days(n))
        for n, name in ((0, "Blog A"), (4, "Blog B"))
    ]
    claims = [c for each in told for c in reliefs_of(each, each.article.published_at, FAMILIES)]

    assert moments(claims) == []


def falls_after(*told):
    """Hours after noon at which the level falls to 3, 2, 1 and 0."""
    end = later(at=NOON + days(40))
    steps = [step for each in fold([*told, end]) for step in each.level.fell]
    return [round((step.at - NOON) / hours(1), 1) for step in steps]


def test_without_relief_a_use_of_force_fades_in_twenty_days():
    assert falls_after(assault()) == [168, 336, 408, 480]


def test_a_corroborated_retreat_halves_what_is_left_of_the_quiet():
    assert falls_after(assault(), retreat()) == [24 + x for x in (72, 156, 192, 228)]


def test_what_one_unknown_source_tells_halves_nothing():
    assert falls_after(assault(), retreat(agency=None)) == falls_after(assault())


def test_a_new_act_after_the_retreat_fades_at_its_own_pace():
    new = assault(NOON + days(2), "a2")

    assert falls_after(assault(), retreat(), new) == [48 + x for x in (168, 336, 408, 480)]


def test_a_retreat_that_is_withdrawn_eases_nothing():
    gone = report(event("CONSULT"), article="r1", at=NOON + days(1), revision=2)

    assert falls_after(assault(), retreat(), gone) == falls_after(assault())


def test_the_relief_shows_in_why_and_in_what_would_lower_the_level():
    first, second = fold([assault(), retreat()])
    (step,) = fold([assault(NOON + hours(26), "a2")], state=second.state)
    told = [alert for each in (first, step) for alert in each.alerts]

    assert second.level.why.endswith(
        "quiet counts double since 2025-08-13 12:00 UTC, after USA → VEN: RETREAT, asserted, by EFE"
    )
    assert "sooner after a corroborated retreat or ceasefire" in told[0].lowers


def test_an_alert_that_eases_after_a_retreat_says_so():
    step = fold([assault(), retreat(), later(at=NOON + days(5))])[-1]

    assert [alert.change for alert in step.alerts] == ["eased"]
    assert "quiet counts double since" in step.alerts[0].lowers


def test_the_order_of_assault_and_retreat_within_the_lateness_does_not_matter():
    told = [assault(), retreat(at=NOON + hours(3)), assault(NOON + hours(5), "a2")]
    end = later(at=NOON + days(6))

    verdicts = {
        (step.level.level, step.level.why)
        for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1))
        for step in [fold([*(told[n] for n in order), end])[-1]]
    }

    assert len(verdicts) == 1
