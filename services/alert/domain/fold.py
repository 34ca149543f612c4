"""The fold: one report, or the passing of time, into the state of a pair.

The result depends on the set of reports, not on their order, as long as none comes later than the
allowed lateness: what lies before `state.settled` is final, what lies after it is replayed at
each step.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from services.alert.domain import pressure, wording
from services.alert.domain.alerts import Occasion
from services.alert.domain.claims import Claim, claims_of, strongest
from services.alert.domain.confidence import retold
from services.alert.domain.episodes import Course, Post, Track, applies, walk
from services.alert.domain.fading import NEVER
from services.alert.domain.levels import CALM, INSTANT, earned, standing, timeline
from services.alert.domain.pressure import Load, load_of
from services.alert.domain.relief import eased, moments, reliefs_of
from services.alert.domain.reports import News, falls, level_report
from services.alert.domain.ringing import Round, ring
from services.alert.domain.sight import CLEAR, Blanks, Sight, paused, saw
from services.alert.domain.state import Config, Heard, State, is_stale, pruned
from tocsin.messages import Alert, EventReport, LevelReport, LevelStep

_SLACK: Final = timedelta(days=1)  # a publication further in the future than this is no date
_FIRST: Final = datetime(1900, 1, 1, tzinfo=UTC)  # and neither is one before there were wires


class Outcome(StrEnum):
    """What became of a report."""

    APPLIED = "applied"
    REPEATED = "repeated"
    LATE = "late"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """The new state and what it says to the world. `due`: when the pair changes by itself."""

    state: State
    outcome: Outcome
    level: LevelReport | None = None
    alerts: tuple[Alert, ...] = ()
    due: datetime | None = None


def apply(
    state: State,
    report: EventReport,
    arrived_at: datetime,
    config: Config,
    sight: Sight = CLEAR,
) -> Step:
    """The pair after one report.

    In the world the clock is at least `arrived_at`, and `sight` says when nothing was heard; in a
    replay only publication times move it, so that a replay gives the same at any speed.
    """
    at = _published(report, arrived_at)
    mark = Heard(
        article=report.article.id,
        revision=report.article.revision,
        coder=report.coder,
        report=report.id,
        at=at or state.clock or arrived_at,
    )
    if is_stale(state, mark):
        return Step(state=state, outcome=Outcome.REPEATED)
    news = News(
        report=report,
        claims=claims_of(report, at, config.families) if at else (),
        reliefs=reliefs_of(report, at, config.families) if at else (),
        at=at,
        late=bool(at and state.watermark and at < state.watermark - config.lateness),
    )
    heard = _moved(_with(state, news, mark), at, None if state.run else arrived_at)
    if heard.clock is None:  # a replay that begins with an undated article
        now = Occasion(dyad=state.dyad, run=state.run, at=arrived_at, standing=CALM, claims=())
        level = level_report(now, news, (), None)
        return Step(state=heard, outcome=Outcome.APPLIED, level=level)
    seen = saw(sight, at) if at and sight.seen_until else sight
    step = _conclude(state, heard, news, _Given(config=config, sight=seen))
    outcome = Outcome.LATE if news.late else Outcome.APPLIED
    return msgspec.structs.replace(step, outcome=outcome)


def advance(state: State, now: datetime, config: Config, sight: Sight = CLEAR) -> Step:
    """The pair after time has passed without a report; it speaks only if something changed."""
    given = _Given(config=config, sight=sight)
    step = _conclude(state, _moved(state, None, now), None, given)
    if step.alerts or (step.state.shown, step.state.blind) != (state.shown, state.blind):
        return step
    return msgspec.structs.replace(step, level=None)


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a step is given beside the state and the report. No replay is blind."""

    config: Config
    sight: Sight

    def blanks(self, state: State) -> Blanks:
        return () if state.run is not None else self.sight.blanks(state.clock or _FIRST)

    def blind_since(self, state: State) -> datetime | None:
        return None if state.run is not None else self.sight.blind_since(state.clock or _FIRST)


def _conclude(before: State, heard: State, news: News | None, given: _Given) -> Step:
    config, blanks = given.config, given.blanks(heard)
    clock = heard.clock or _FIRST
    line = clock - config.lateness
    claims = _earned(heard, blanks)
    course = _course(heard, claims, line, clock)
    rounds = _rounds(before, heard, course, given)
    state, now = _looked(heard, claims, line, given.blind_since(heard))
    alerts, told = ring(state.told, rounds, now, loud=news is None or not news.late)
    state = msgspec.structs.replace(
        state,
        tracks={**state.tracks, **{each.rule.name: each.final.track for each in rounds}},
        told=told,
        settled=line,
        shown=now.standing.level,
        blind=now.blind_since is not None,
        holds_until=now.standing.holds_until,
    )
    alert = next((each.current.id for each in rounds if each.current), None)
    return Step(
        state=pruned(state, claims, line),
        outcome=Outcome.APPLIED,
        level=level_report(now, news, _fell(before, clock, blanks), alert),
        alerts=alerts,
        due=_due(now, course, line, config.lateness),
    )


def _earned(state: State, blanks: Blanks) -> tuple[Claim, ...]:
    known = retold(state.claims, state.carriers)
    return earned(paused(eased(known, moments(state.reliefs)), blanks))


def _course(heard: State, claims: tuple[Claim, ...], line: datetime, clock: datetime) -> Course:
    """How the level went since what was final at the last step."""
    start = heard.settled or min((each.at for each in claims if each.at < line), default=line)
    return Course(claims=claims, levels=timeline(claims, min(start, line), clock + INSTANT))


def _rounds(before: State, heard: State, course: Course, given: _Given) -> tuple[Round, ...]:
    config = given.config
    clock = heard.clock or _FIRST
    line = clock - config.lateness
    start = course.levels[0][0]
    rounds = []
    for rule in config.rules:
        if not applies(rule, heard.dyad):
            continue
        post = Post(rule=rule, dyad=heard.dyad, origin=heard.origin, gap=config.lateness)
        track = _track(before, heard, course, post, given.blanks(heard))
        final = walk(track, course, (start, line), post)
        still = walk(final.track, course, (line, clock + INSTANT), post)
        rounds.append(Round(rule=rule, final=final, open=still))
    return tuple(rounds)


def _track(before: State, heard: State, course: Course, post: Post, blanks: Blanks) -> Track:
    """The rule's track, without an episode whose evidence has been withdrawn."""
    track = heard.tracks.get(post.rule.name, Track())
    if track.current is None or heard.settled is None or len(heard.seen) > len(before.seen):
        return track
    had = standing(_earned(before, blanks), heard.settled).level
    has = course.levels[0][1].level
    withdrawn = has < post.rule.clear_below <= had
    return Track(ended_at=track.ended_at) if withdrawn else track


def _looked(
    heard: State, claims: tuple[Claim, ...], line: datetime, blind_since: datetime | None
) -> tuple[State, Occasion]:
    clock = heard.clock or _FIRST
    final = pressure.settle(heard.pressure, (each for each in heard.loads if each.at < line), line)
    loads = tuple(each for each in heard.loads if each.at >= line)
    value, z = pressure.read(final, loads, clock)
    stands = standing(claims, clock)
    now = Occasion(
        dyad=heard.dyad,
        run=heard.run,
        at=clock,
        standing=stands,
        claims=claims,
        pressure=value,
        pressure_z=z,
        relief=wording.relief(stands, heard.reliefs, clock),
        blind_since=blind_since,
    )
    return msgspec.structs.replace(heard, pressure=final, loads=loads), now


def _with(state: State, news: News, mark: Heard) -> State:
    """The state with the report in it, in the place of an older one of the same article."""
    article = news.report.article.id
    load = Load(at=mark.at, report=news.report.id, size=load_of(news.report) if news.at else 0.0)
    claims, reliefs, loads = state.claims, state.reliefs, state.loads
    older = state.seen.get(article)
    if older is not None:
        claims = tuple(each for each in claims if each.article != article)
        reliefs = tuple(each for each in reliefs if each.article != article)
        loads = tuple(each for each in loads if each.report != older.report)
    return msgspec.structs.replace(
        state,
        claims=(*claims, *strongest(news.claims)),
        reliefs=(*reliefs, *news.reliefs),
        seen={**state.seen, article: mark},
        loads=(*loads, load),
    )


def _moved(state: State, published: datetime | None, now: datetime | None) -> State:
    """The state with its clocks moved on, never back."""
    marks = [each for each in (state.watermark, published) if each]
    clocks = [each for each in (state.clock, published, now) if each]
    return msgspec.structs.replace(
        state, watermark=max(marks, default=None), clock=max(clocks, default=None)
    )


def _fell(before: State, clock: datetime, blanks: Blanks) -> list[LevelStep]:
    if before.clock is None or before.clock == clock:
        return []
    if before.holds_until is not None and clock < before.holds_until:
        return []
    return falls(_earned(before, blanks), before.clock, clock)


def _due(now: Occasion, course: Course, line: datetime, lateness: timedelta) -> datetime | None:
    """The next moment at which the level may fall by itself, or a fall becomes final."""
    final = [
        moment + lateness + INSTANT
        for (_, then), (moment, later) in itertools.pairwise(course.levels)
        if later.level < then.level and moment >= line
    ]
    fall = now.standing.holds_until
    moments = [*final, *([fall] if now.standing.level and fall < NEVER else [])]
    return min(moments, default=None)


def _published(report: EventReport, arrived_at: datetime) -> datetime | None:
    """When the report was published (UTC), if its date can be one."""
    at = report.article.published_at
    if at is None:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return at.astimezone(UTC) if _FIRST < at < arrived_at + _SLACK else None
