"""Episodes: the spans of time for which a rule holds, each under one identity.

Which episodes there are is a function of the reports, not of their order; why and at what price:
docs/decisions/alert-ids-do-not-depend-on-order.md.
"""

from __future__ import annotations

import bisect
import operator
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.alert.domain.claims import Claim
from services.alert.domain.levels import Standing, Timeline, standing
from tocsin.messages import digest

EVERYWHERE: Final = "*"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """When to ring. `scope`: `*`, or the pairs and states it is for.

    An episode opens at `raise_at` and is over below `clear_below`, which may be lower (hysteresis).
    """

    name: str
    raise_at: int
    clear_below: int
    version: str
    scope: tuple[str, ...] = (EVERYWHERE,)
    hold_for: timedelta = timedelta()
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One episode up to some moment.

    `after` is the end of the episode before it; `cleared_at`, since when the level has been below.
    """

    id: str
    started_at: datetime
    level: int
    peak: int
    after: datetime | None = None
    cleared_at: datetime | None = None


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's episode in progress, and the end of the one before it."""

    current: Episode | None = None
    ended_at: datetime | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """The level went down within an episode (`over` is false), or the episode is over."""

    episode: Episode
    at: datetime
    over: bool
    standing: Standing


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """A track after a stretch of time: what happened, and every episode that was met."""

    track: Track
    turns: tuple[Turn, ...]
    met: frozenset[str]


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a pair in order, and its level from some moment on."""

    claims: tuple[Claim, ...]
    levels: Timeline


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on watch over one pair.

    `origin` goes into the alert ids: see the decision. `gap` is how long after its level fell an
    episode may still go on: the allowed lateness, so that a straggler prolongs an episode instead
    of opening another.
    """

    rule: Rule
    dyad: str
    origin: str
    gap: timedelta


def applies(rule: Rule, dyad: str) -> bool:
    """Whether the rule is for this pair."""
    return any(each in (EVERYWHERE, dyad, *dyad.split("-")) for each in rule.scope)


def walk(track: Track, course: Course, span: tuple[datetime, datetime], post: Post) -> Walk:
    """The track carried through [start, end) of `span`."""
    start, end = span
    turns: list[Turn] = []
    met = _ids(track)
    for moment, now in _within(course.levels, start, end):
        track, over = _close(track, course.claims, moment, post)
        after = _step(track, now.level, moment, post)
        turns += [*over, *_falls(track, after, moment, now)]
        track = after
        met |= _ids(track)
    track, over = _close(track, course.claims, end, post)
    return Walk(track=track, turns=(*turns, *over), met=frozenset(met))


def _within(levels: Timeline, start: datetime, end: datetime) -> Timeline:
    """Where the pair stands at `start` and at each change before `end`."""
    if start >= end:
        return ()
    first = bisect.bisect_right(levels, start, key=operator.itemgetter(0)) - 1
    later = (each for each in levels[first + 1 :] if each[0] < end)
    return [(start, levels[first][1]), *later]


def _step(track: Track, level: int, at: datetime, post: Post) -> Track:
    episode = track.current
    if episode is None:
        if level < post.rule.raise_at:
            return track
        opened = Episode(
            id=_id(track, at, post), started_at=at, level=level, peak=level, after=track.ended_at
        )
        return msgspec.structs.replace(track, current=opened)
    cleared_at = episode.cleared_at
    if level < post.rule.clear_below:
        cleared_at = cleared_at or at
    elif cleared_at is None or level >= post.rule.raise_at:
        cleared_at = None
    changed = msgspec.structs.replace(
        episode, level=level, peak=max(episode.peak, level), cleared_at=cleared_at
    )
    return msgspec.structs.replace(track, current=changed)


def _falls(before: Track, after: Track, at: datetime, now: Standing) -> list[Turn]:
    old, new = before.current, after.current
    if old is None or new is None or new.level >= old.level or new.cleared_at:
        return []
    return [Turn(episode=new, at=at, over=False, standing=now)]


def _close(
    track: Track, claims: Sequence[Claim], now: datetime, post: Post
) -> tuple[Track, list[Turn]]:
    episode = track.current
    if episode is None or episode.cleared_at is None or now <= episode.cleared_at + post.gap:
        return track, []
    at = episode.cleared_at
    turn = Turn(episode=episode, at=at, over=True, standing=standing(claims, at))
    return Track(ended_at=at), [turn]


def _id(track: Track, at: datetime, post: Post) -> str:
    """The same for every order of the reports, but for two instants: see the decision."""
    after = track.ended_at.isoformat() if track.ended_at else f"{at:%Y-%m}"
    return digest("alert", post.rule.name, post.dyad, post.origin, after)


def _ids(track: Track) -> set[str]:
    return {track.current.id} if track.current else set()
