from __future__ import annotations

import itertools
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alert.domain.alerts import verify
from services.alert.domain.fold import Outcome, advance, apply
from services.alert.domain.state import State
from tests.unit.alert.builders import (
    CONFIG,
    LATER,
    NOON,
    days,
    empty,
    event,
    fold,
    hours,
    report,
)


def changes(steps):
    return [alert.change.value for step in steps for alert in step.alerts]


def threat(article="a1", **of):
    return report(event("THREATEN"), article=article, **of)


def test_a_repeated_report_changes_nothing():
    once, again = fold([threat(), threat()])

    assert again.outcome is Outcome.REPEATED
    assert again.state == once.state
    assert (again.level, again.alerts) == (None, ())


def test_a_newer_revision_of_an_article_takes_the_place_of_the_older():
    old = report(event("ASSAULT"), article="a1")
    new = report(event("THREATEN"), article="a1", revision=2)

    first, second, third = fold([old, new, old])

    assert first.level.level == 4
    assert second.level.level == 2
    assert third.outcome is Outcome.REPEATED


def test_an_alert_whose_evidence_is_withdrawn_is_retracted():
    old = report(event("ASSAULT"), article="a1")
    new = report(event("ACCUSE"), article="a1", revision=2)

    assert changes(fold([old, new])) == ["raised", "retracted"]


def test_an_alert_whose_evidence_is_withdrawn_days_later_is_retracted_too():
    old = report(event("ASSAULT"), article="a1")
    other = report(event("ACCUSE"), article="a2", at=NOON + days(2))
    new = report(event("ACCUSE"), article="a1", at=NOON + days(2), revision=2)

    assert changes(fold([old, other, new])) == ["raised", "retracted"]


def test_a_revision_that_drops_the_pair_withdraws_what_the_first_said_in_either_order():
    old = report(event("ASSAULT"), article="a1")
    gone = report(article="a1", revision=2)

    first, second = fold([old, gone])
    early, late = fold([gone, old])

    assert changes([first, second]) == ["raised", "retracted"]
    assert second.level.level == 0
    assert second.level.why.startswith("an article does not tell of this pair any more")
    assert (changes([early, late]), late.outcome) == ([], Outcome.REPEATED)


def test_an_undated_article_is_kept_and_raises_nothing():
    undated = report(event("ASSAULT"), at=None)

    alone, again = fold([undated, undated])
    after = fold([threat("a0"), undated])[-1]

    assert (alone.outcome, alone.level.level, alone.alerts) == (Outcome.APPLIED, 0, ())
    assert again.outcome is Outcome.REPEATED
    assert (after.level.level, after.alerts) == (2, ())
    assert after.level.citation


@pytest.mark.parametrize("year", [1601, 2099])
def test_a_publication_that_cannot_be_is_no_date(year):
    wrong = report(event("ASSAULT"), at=datetime(year, 1, 1, tzinfo=UTC), article="wrong")

    steps = fold([threat(), wrong, threat("a2", at=NOON + days(1))])

    assert [step.level.level for step in steps] == [2, 2, 2]
    assert steps[-1].outcome is Outcome.APPLIED


def test_publication_in_another_zone_or_in_none_is_the_same_moment():
    zoned = datetime.fromisoformat("2025-08-12T08:00:00-04:00")
    bare = datetime(2025, 8, 12, 12)  # noqa: DTZ001 - a feed without a zone

    levels = [fold([threat(at=at)])[0].level for at in (NOON, zoned, bare)]

    assert [level.at for level in levels] == [NOON] * 3


def test_a_late_report_corrects_the_level_and_rings_nobody():
    on_time = report(event("ACCUSE"), article="a1")
    late = report(event("ASSAULT"), article="a2", at=NOON - hours(7))
    next_one = report(event("ACCUSE"), article="a3", at=NOON + hours(1))

    steps = fold([on_time, late, next_one])

    assert [step.outcome.value for step in steps] == ["applied", "late", "applied"]
    assert [step.level.level for step in steps] == [1, 4, 4]
    assert [len(step.alerts) for step in steps] == [0, 0, 1]


def test_one_that_is_just_not_late_rings():
    steps = fold(
        [
            report(event("ACCUSE"), article="a1"),
            report(event("ASSAULT"), article="a2", at=NOON - hours(6)),
        ]
    )

    assert changes(steps) == ["raised"]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (report(event("MOBILIZE"), article="a2", at=NOON + hours(2)), ["raised", "level_up"]),
        (threat("a2", at=NOON + hours(2)), ["raised"]),
        (threat("a2", at=NOON + hours(2), agency="AP"), ["raised"]),
        (
            report(event("THREATEN", place="Caribbean"), article="a2", at=NOON + hours(2)),
            ["raised", "new_fact"],
        ),
        (
            report(event("THREATEN", mode="violence"), article="a2", at=NOON + hours(2)),
            ["raised", "new_fact"],
        ),
        (
            report(event("THREATEN", counts=[(9, "ships")]), article="a2", at=NOON + hours(2)),
            ["raised", "new_fact"],
        ),
        (
            report(event("THREATEN", counts=[(9, "warships")]), article="a2", at=NOON + hours(2)),
            ["raised", "new_fact"],
        ),
        (
            report(event("THREATEN", place="Caribbean"), article="a2", at=NOON + hours(0.5)),
            ["raised"],
        ),
        (report(event("ACCUSE", place="New York"), article="a2", at=NOON + hours(2)), ["raised"]),
    ],
)
def test_only_a_material_change_rings_again(second, expected):
    assert changes(fold([threat(), second])) == expected


@pytest.mark.parametrize(
    ("first", "again", "news"),
    [
        ((3, "destroyers"), (3, "U.S. warships"), False),
        ((3, "destroyers"), (3, "Navy vessels"), False),
        ((4000, "troops"), (4000, "military personnel"), False),
        ((4000, "troops"), (4500, "troops"), True),
        ((3, "destroyers"), (3, "jets"), True),
        ((3, "embassies"), (3, "consulates"), True),
    ],
)
def test_the_same_event_in_other_words_is_more_evidence_and_no_new_fact(first, again, news):
    told = report(event("MOBILIZE", counts=[first], place="Caribbean"), article="a1")
    other = report(
        event("MOBILIZE", counts=[again], place="Caribbean", text="In other words."),
        article="a2",
        agency="AP",
        at=NOON + hours(2),
    )

    steps = fold([told, other])

    assert changes(steps) == (["raised", "new_fact"] if news else ["raised"])
    assert steps[-1].level.confidence > steps[0].level.confidence


def test_five_more_families_are_a_material_change():
    more = [
        threat(f"b{n}", agency=None, outlet=f"Blog {n}", at=NOON + hours(2 + n)) for n in range(5)
    ]

    steps = fold([threat(), *more])

    assert [len(step.alerts) for step in steps] == [1, 0, 0, 0, 0, 1]
    assert changes(steps) == ["raised", "more_sources"]


def test_a_higher_level_rings_at_once_whatever_was_told_a_minute_ago():
    steps = fold(
        [threat(), report(event("ASSAULT"), article="a2", at=NOON + hours(1 / 60))],
    )

    assert changes(steps) == ["raised", "level_up"]
    assert (steps[-1].alerts[0].level_before, steps[-1].alerts[0].level) == (2, 4)


def test_after_quiet_beyond_the_lateness_a_new_episode_has_a_new_identity():
    quiet = days(3) + hours(7)
    steps = fold([threat(), threat("a2", at=NOON + quiet)])

    assert changes(steps) == ["raised", "resolved", "raised"]
    first, resolved, second = (alert for step in steps for alert in step.alerts)
    assert resolved.id == first.id != second.id
    assert second.revision == 1


def test_a_straggler_within_the_lateness_prolongs_the_episode():
    steps = fold([threat(), threat("a2", at=NOON + days(3) + hours(5))])

    assert changes(steps) == ["raised"]


def test_an_exercise_and_the_world_never_share_an_id_and_two_runs_always_do():
    lost = State(dyad="USA-VEN", origin="life-2")

    one, two, world, relived = (
        fold([threat(run=state.run)], state=state, arrived_at=NOON)[0].alerts[0].id
        for state in (empty("r1"), empty("r2"), empty(None), lost)
    )

    assert one == two
    assert len({one, world, relived}) == 3


def test_in_the_world_old_news_is_faded_when_it_arrives():
    (step,) = fold([threat(run=None)], state=empty(None), arrived_at=NOON + days(30))

    assert (step.level.level, step.alerts) == (0, ())


def test_time_alone_eases_and_resolves_an_alert_in_the_world():
    (step,) = fold(
        [report(event("MOBILIZE"), run=None)], state=empty(None), arrived_at=NOON + hours(1)
    )
    told, levels, state, due = [], [], step.state, step.due
    while due:
        ticked = advance(state, due, CONFIG)
        told += [(alert.change.value, alert.at - NOON, due - NOON) for alert in ticked.alerts]
        levels += [ticked.level.level] if ticked.level else []
        assert ticked.due is None or ticked.due > due
        state, due = ticked.state, ticked.due

    assert [(change, at) for change, at, _ in told] == [
        ("eased", days(7)),
        ("resolved", days(10)),
    ]
    assert all(due - at - CONFIG.lateness < hours(0.01) for _, at, due in told)
    assert list(dict.fromkeys(levels)) == [2, 1, 0]


def test_a_tick_that_changes_nothing_says_nothing():
    (step,) = fold([threat(run=None)], state=empty(None), arrived_at=NOON)

    ticked = advance(step.state, NOON + hours(1), CONFIG)

    assert (ticked.level, ticked.alerts) == (None, ())


def test_a_rule_with_a_duration_waits_for_it():
    patient = msgspec.structs.replace(CONFIG.rules[0], hold_for=hours(2))
    config = msgspec.structs.replace(CONFIG, rules=(patient,))
    reports = [threat(), threat("a2", at=NOON + hours(1)), threat("a3", at=NOON + hours(2))]

    assert [len(step.alerts) for step in fold(reports, config=config)] == [0, 0, 1]


def test_a_rule_for_other_pairs_does_not_ring():
    elsewhere = msgspec.structs.replace(CONFIG.rules[0], scope=("TUR", "GRC-TUR"))
    config = msgspec.structs.replace(CONFIG, rules=(elsewhere,))

    assert changes(fold([threat()], config=config)) == []


def test_the_state_survives_its_encoding():
    steps = fold([threat(), report(event("ASSAULT"), article="a2", at=NOON + days(1))])
    state = steps[-1].state

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=State) == state


def test_the_state_of_a_pair_stays_bounded():
    state = empty()
    for number in range(400):
        told = report(
            event("THREATEN", counts=[(number, "ships")]),
            article=f"n{number}",
            outlet=f"Blog {number % 40}",
            agency=None,
            at=NOON + hours(number / 3),
        )
        state = apply(state, told, LATER, CONFIG).state

    assert len(msgspec.msgpack.encode(state)) < 300_000


# Laws.

kinds = st.sampled_from(
    [
        ("ACCUSE", "main", "current"),
        ("THREATEN", "main", "current"),
        ("MOBILIZE", "main", "current"),
        ("ASSAULT", "main", "background"),
        ("ASSAULT", "mention", "ongoing"),
        ("AGREE", "main", "current"),
    ]
)


@st.composite
def reports_in_order(draw, most=9):
    """Reports by publication, with gaps from minutes to weeks."""
    gaps = draw(st.lists(st.sampled_from((0.1, 1, 3, 5, 20, 70, 77, 79, 200)), max_size=most))
    at, found = NOON, []
    for number, gap in enumerate([0, *gaps]):
        at += hours(gap)
        plover, telling, time = draw(kinds)
        by = draw(st.sampled_from(("USA", "VEN")))
        found.append(
            report(
                event(plover, by=by, telling=telling, time=time),
                article=f"n{number}",
                agency=draw(st.sampled_from(("EFE", "AP", "Blog A", "Blog B", None))),
                text=draw(st.sampled_from((None, None, "copied"))),
                at=at,
            )
        )
    return found


def shuffled_within(reports, lateness, data):
    """The reports in an order in which none comes later than the lateness allows."""
    left, order = list(reports), []
    while left:
        first = left[0].article.published_at
        next_ones = [each for each in left if each.article.published_at - first <= lateness]
        order.append(data.draw(st.sampled_from(next_ones)))
        left.remove(order[-1])
    return order


def standing_ids(steps):
    """The ids of all alerts that were not retracted."""
    phase = {alert.id: alert.phase.value for step in steps for alert in step.alerts}
    return {each for each, last in phase.items() if last != "retracted"}


def verdict(step):
    level = step.level
    return level.level, level.state, level.confidence, level.pressure, level.pressure_z


@given(reports_in_order(), st.data())
@settings(max_examples=500, deadline=None)
def test_shuffled_within_the_lateness_the_reports_give_the_same_levels_and_alert_ids(reports, data):
    end = report(event("CONSULT"), article="end", at=reports[-1].article.published_at + hours(6.1))
    shuffled = shuffled_within(reports, CONFIG.lateness, data)

    in_order, out_of_order = fold([*reports, end]), fold([*shuffled, end])

    assert verdict(out_of_order[-1]) == verdict(in_order[-1])
    assert standing_ids(out_of_order) == standing_ids(in_order)
    assert out_of_order[-1].level.alert == in_order[-1].level.alert


@given(reports_in_order(), st.randoms(use_true_random=False))
@settings(max_examples=500, deadline=None)
def test_each_report_three_times_gives_the_same_as_once(reports, random):
    thrice = list(itertools.chain.from_iterable([each] * 3 for each in reports))

    once, often = fold(reports), fold(thrice)

    assert often[-1].state == once[-1].state
    assert [alert for step in often for alert in step.alerts] == [
        alert for step in once for alert in step.alerts
    ]


@given(reports_in_order())
@settings(max_examples=500, deadline=None)
def test_a_replay_gives_the_same_bytes_every_time(reports):
    one, two = (msgspec.json.encode([step.alerts for step in fold(reports)]) for _ in range(2))

    assert one == two


@given(reports_in_order())
@settings(max_examples=500, deadline=None)
def test_every_alert_of_any_history_verifies_and_its_revisions_count_up(reports):
    alerts = [alert for step in fold(reports) for alert in step.alerts]

    assert [verify(alert) for alert in alerts] == [[]] * len(alerts)
    for each in {alert.id for alert in alerts}:
        revisions = [alert.revision for alert in alerts if alert.id == each]
        assert revisions == list(range(1, len(revisions) + 1))


@given(reports_in_order(most=6), kinds.filter(lambda kind: kind[0] != "AGREE"))
@settings(max_examples=500, deadline=None)
def test_one_more_hostile_report_never_lowers_the_level_that_follows(reports, kind):
    plover, telling, time = kind
    last = reports[-1].article.published_at
    more = report(event(plover, telling=telling, time=time), article="more", agency="CNN", at=last)

    without, with_it = fold(reports), fold([*reports, more])

    assert with_it[-1].level.level >= without[-1].level.level


def test_a_story_stays_its_tellers_after_the_tellers_own_claim_has_faded():
    wire = report(event("ACCUSE"), article="n0", agency="EFE", text="copied")
    other = report(event("ACCUSE"), article="n1", agency=None, at=NOON + hours(20))
    copy = report(event("ACCUSE"), article="n2", agency=None, text="copied", at=NOON + hours(90))
    more = report(
        event("ASSAULT", telling="mention", time="ongoing"),
        article="n3",
        agency="CNN",
        at=NOON + hours(90),
    )

    levels = [step.level.level for step in fold([wire, other, copy, more])]

    assert levels[-1] >= levels[-2] == 1
