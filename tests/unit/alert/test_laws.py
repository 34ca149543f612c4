"""Laws over workers, clocks, copies and hushes: what no path may break."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.alert.domain.alerts import OVER
from services.alert.domain.fold import advance, apply
from services.alert.domain.hushing import Matcher, Silence, decide, holding
from tests.unit.alert.builders import CONFIG, LATER, NOON, empty, event, fold, hours, report
from tests.unit.alert.test_fold import (
    reports_in_order,
    shuffled_within,
    standing_ids,
    verdict,
)
from tocsin.messages import Acknowledgement, Change, EventReport

LAST = timedelta(hours=6.1)


class Worker:
    """One of several on the same pair: it reads, folds, and stores if nobody was faster."""

    def __init__(self, store: dict, todo: list[EventReport]) -> None:
        self.store = store
        self.todo = list(todo)
        self.read = None

    def turn(self) -> list:
        """Reads, or else folds and stores; the step that was stored."""
        if self.read is None:
            self.read = self.store["version"], self.store["state"]
            return []
        version, state = self.read
        self.read = None
        step = apply(state, self.todo[0], LATER, CONFIG)
        if version != self.store["version"]:
            return []
        self.store |= {"version": version + 1, "state": step.state}
        self.todo.pop(0)
        return [step]


@given(reports_in_order(most=6), st.data())
@settings(max_examples=500, deadline=None)
def test_split_over_two_workers_the_reports_give_the_same_levels_and_alert_ids(reports, data):
    end = report(event("CONSULT"), article="end", at=reports[-1].article.published_at + LAST)
    store, steps = {"version": 0, "state": empty()}, []
    # A rebalance: the second worker begins while the first is still at it, with its records again.
    mine = shuffled_within(reports, CONFIG.lateness, data)
    again = data.draw(st.integers(0, len(mine)))
    workers = [Worker(store, mine[:again]), Worker(store, mine)]
    while any(each.todo for each in workers):
        worker = data.draw(st.sampled_from([each for each in workers if each.todo]))
        steps += worker.turn()
    steps += fold([end], state=store["state"])

    alone = fold([*reports, end])

    assert verdict(steps[-1]) == verdict(alone[-1])
    assert standing_ids(steps) == standing_ids(alone)


@given(reports_in_order(), st.sampled_from((1, 1000)), st.integers(0, 10**6))
@settings(max_examples=500, deadline=None)
def test_a_replay_at_any_speed_on_any_day_gives_the_same(reports, speed, late_s):
    state, steps = empty(), []
    for each in reports:
        passed = (each.article.published_at - NOON) / speed
        arrived_at = LATER + passed + timedelta(seconds=late_s)
        steps.append(apply(state, each, arrived_at, CONFIG))
        state = steps[-1].state

    assert steps == fold(reports)


@given(reports_in_order(most=6), st.data())
@settings(max_examples=500, deadline=None)
def test_copies_of_a_wires_story_never_raise_the_level_or_its_confidence(reports, data):
    wire = data.draw(st.sampled_from([r for r in reports if r.article.agency] or reports[:1]))
    wire = msgspec.structs.replace(
        wire, article=msgspec.structs.replace(wire.article, agency="EFE", fingerprint="the wire's")
    )
    told = [wire if each.article.id == wire.article.id else each for each in reports]
    last = told[-1].article.published_at
    copies = [
        msgspec.structs.replace(
            wire,
            id=f"copy{n}",
            article=msgspec.structs.replace(
                wire.article,
                id=f"copy{n}",
                agency=None,
                outlet=f"Paper {n}",
                fingerprint="the wire's" if n % 2 else f"cut {n}",
                story=None if n % 2 else wire.article.id,
            ),
        )
        for n in range(data.draw(st.integers(1, 4)))
    ]
    end = report(event("CONSULT"), article="end", at=last + hours(1))

    without, with_copies = fold([*told, end])[-1].level, fold([*told, *copies, end])[-1].level

    assert with_copies.level <= without.level
    if with_copies.level == without.level:
        assert with_copies.confidence <= without.confidence


class LifeCycle(RuleBasedStateMachine):
    """A live pair, its alerts, people who acknowledge and silence, and a slow receiver."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.state = empty(None)
        self.number = 0
        self.outbox = []
        self.latest = {}  # by alert id: the newest revision
        self.known = {}  # by alert id: the newest revision that was delivered
        self.acks = {}
        self.silences = []
        self.accepted = {}  # by silence: the level that its author knew of, or named

    def takes(self, step) -> None:
        self.state = step.state
        self.outbox += step.alerts
        self.latest |= {each.id: each for each in step.alerts}

    def standing(self):
        return [each for each in self.latest.values() if each.phase not in OVER]

    @rule(
        plover=st.sampled_from(("ACCUSE", "THREATEN", "MOBILIZE", "ASSAULT", "RETREAT")),
        agency=st.sampled_from(("EFE", "AP", None)),
        gap=st.sampled_from((0.1, 2, 30, 80)),
        place=st.sampled_from((None, "Caribbean", "Caracas")),
    )
    def something_is_reported(self, plover, agency, gap, place):
        self.passes(gap)
        self.number += 1
        told = report(
            event(plover, place=place),
            article=f"n{self.number}",
            agency=agency,
            at=self.now,
            run=None,
        )
        self.takes(apply(self.state, told, self.now, CONFIG))

    @rule(gap=st.sampled_from((1, 40, 200)))
    def nothing_is_reported(self, gap):
        self.passes(gap)
        if self.state.clock:
            self.takes(advance(self.state, self.now, CONFIG))

    def passes(self, gap):
        """Time goes on, and the silences that it ends let go of what they hid."""
        self.now += hours(gap)
        over = [each for each in self.silences if each.until <= self.now]
        self.silences = [each for each in self.silences if each.until > self.now]
        self.outbox += [a for each in over for a in self.standing() if each.hides(a)]

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def somebody_acknowledges(self, data):
        """Any revision up to the newest, so also one that is not the newest any more."""
        alert = data.draw(st.sampled_from(self.standing()))
        seen = data.draw(st.integers(1, alert.revision))
        self.acks[alert.id] = Acknowledgement(
            alert=alert.id, revision=seen, level=alert.level, by="ana", at=self.now
        )

    @rule(up_to=st.sampled_from((0, 0, 2, 4)), long=st.sampled_from((3, 50, 500)))
    def somebody_silences(self, up_to, long):
        levels = {each.dyad: each.level for each in self.standing()}
        made = Silence(
            id=f"s{self.number}.{len(self.silences)}.{self.now:%d%H%M}",
            matcher=Matcher(region="americas"),
            by="bo",
            reason="known",
            at=self.now,
            until=self.now + hours(long),
            up_to=up_to,
            levels=levels,
        )
        self.accepted[made.id] = max(up_to, *levels.values(), 0)
        self.silences.append(made)

    @rule(most=st.integers(1, 3))
    def the_receiver_gets_some(self, most):
        for alert in self.outbox[:most]:
            decision = decide(alert, self.silences, self.acks)
            assert decision.reason
            if decision.deliver:
                self.known[alert.id] = alert
            elif alert.change in (Change.RAISED, Change.LEVEL_UP):
                # An acknowledgement never hides a rise; only a silence whose author knew that much.
                hiding = [each for each in self.silences if each.hides(alert)]
                assert hiding
                assert all(alert.level <= self.accepted[each.id] for each in hiding)
        del self.outbox[:most]

    @invariant()
    def no_higher_level_is_hidden(self):
        """Each rise is known to whoever has all that was sent, to who has it in hand at that level,
        or to who silenced it knowing that level."""
        if self.outbox:
            return
        for alert in self.standing():
            hiding = [each for each in self.silences if each.hides(alert)]
            known = self.known.get(alert.id)
            if (known is None or known.revision < alert.rose) and not holding(alert, self.acks):
                assert hiding
                assert all(alert.level <= self.accepted[each.id] for each in hiding)

    @invariant()
    def an_acknowledgement_holds_at_its_level_and_below(self):
        for alert in self.standing():
            ack = holding(alert, self.acks)
            assert ack is None or alert.level <= ack.level

    @invariant()
    def the_level_knows_nothing_of_hushes(self):
        """What was told last is what the fold itself remembers of it."""
        for alert in self.standing():
            assert self.state.told[alert.id].level == alert.level


LifeCycle.TestCase.settings = settings(max_examples=500, stateful_step_count=16, deadline=None)
TestLifeCycle = LifeCycle.TestCase
