"""Two simple alarms to compare with: spikes of co-mention, and a list of keywords with severities.

Both see the same headlines and know the same names of states as the coder. Both are tuned with the
crises in view, so generously: of all their settings within the budget of raises the one is taken
that finds most of the acts in time.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from services.enrich.data import read
from services.enrich.domain.actors.gazetteer import CITY, GROUP, Gazetteer
from tocsin.messages import dyad_of

HOURS = timedelta(hours=1)
_COOLDOWNS = (24 * HOURS, 72 * HOURS, 168 * HOURS)
_BASE = 28  # days a pair's usual is taken from
_ZS = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
_LEAST = (2, 3, 4, 5, 8, 12)
_CRITICAL = (
    r"invade|invasion|war|airstrikes?|air strikes?|bomb(?:s|ed|ing)?|shell(?:s|ed|ing)|missiles?"
)
_HIGH = r"attacks?|attacked|strikes?|troops|clash(?:es)?|fire[sd]?|kill(?:s|ed)?|tanks?|warships?|military|army|forces|rockets?|artillery|invaded|sinks?|sank"
_MEDIUM = (
    r"threat(?:s|ens?)?|warns?|tensions?|border|dispute|crisis|sanctions?|alert|nuclear|conflict"
)
_SEVERITY = [
    (3, re.compile(rf"\b(?:{_CRITICAL})\b", re.IGNORECASE)),
    (2, re.compile(rf"\b(?:{_HIGH})\b", re.IGNORECASE)),
    (1, re.compile(rf"\b(?:{_MEDIUM})\b", re.IGNORECASE)),
]


class Mention(NamedTuple):
    """A headline that names two states: when, which pairs, how severe and by how many words."""

    at: datetime
    dyads: tuple[str, ...]
    severity: int
    words: int


class Raise(NamedTuple):
    """An alarm of one pair."""

    at: datetime
    dyad: str


class Tuned(NamedTuple):
    """The best setting within the budget, and its raises."""

    setting: str
    raises: list[Raise]


Judge = Callable[[Sequence[Raise]], float]


def mentions(headlines: Iterable[tuple[datetime, str]]) -> list[Mention]:
    """The headlines that name two states or more."""
    names = Gazetteer(read.names())
    found = []
    for at, text in headlines:
        hits = [hit.on(None) for hit in names.find(text)]
        states = sorted(
            name.code[:3]
            for name in hits
            if name.kind not in (CITY, GROUP) and len(name.code.split(".")[0]) == 3
        )
        pairs = tuple(dyad_of(a, b) for a, b in itertools.combinations(dict.fromkeys(states), 2))
        if pairs:
            found.append(Mention(at, pairs[:6], *_severity(text)))
    return sorted(found)


def _severity(text: str) -> tuple[int, int]:
    counts = {level: len(set(words.findall(text.lower()))) for level, words in _SEVERITY}
    return max((level for level, count in counts.items() if count), default=0), sum(counts.values())


def spikes(told: Sequence[Mention], z: float, least: int, cooldown: timedelta) -> list[Raise]:
    """A pair rings when its mentions of 24 h stand `z` deviations above its last four weeks."""
    times: dict[str, list[datetime]] = {}
    last: dict[str, datetime] = {}
    found = []
    for each in told:
        for dyad in each.dyads:
            past = times.setdefault(dyad, [])
            past.append(each.at)
            recent = len(past) - bisect_left(past, each.at - 24 * HOURS)
            usual = recent_usual(past, each.at)
            enough = recent >= least and recent > usual + z * max(usual, 1.0) ** 0.5
            if enough and (dyad not in last or each.at - last[dyad] >= cooldown):
                last[dyad] = each.at
                found.append(Raise(each.at, dyad))
    return found


def recent_usual(past: Sequence[datetime], at: datetime) -> float:
    """Mentions a day over the four weeks that end a day ago (their deviation is its root)."""
    end = bisect_left(past, at - 24 * HOURS)
    start = bisect_left(past, at - (_BASE + 1) * 24 * HOURS)
    return (end - start) / _BASE


def keywords(told: Sequence[Mention], least: int, words: int, cooldown: timedelta) -> list[Raise]:
    """A pair rings at a headline of this severity with this many keywords."""
    last: dict[str, datetime] = {}
    found = []
    for each in told:
        if each.severity < least or each.words < words:
            continue
        for dyad in each.dyads:
            if dyad not in last or each.at - last[dyad] >= cooldown:
                last[dyad] = each.at
                found.append(Raise(each.at, dyad))
    return found


def tuned_spikes(told: Sequence[Mention], budget: float, judge: Judge) -> Tuned:
    """The best co-mention alarm within the budget."""
    settings = itertools.product(_ZS, _LEAST, _COOLDOWNS)
    runs = ((f"z {z:g}, {n} a day, {c // HOURS} h", spikes(told, z, n, c)) for z, n, c in settings)
    return _best(runs, budget, judge)


def tuned_keywords(told: Sequence[Mention], budget: float, judge: Judge) -> Tuned:
    """The best keyword alarm within the budget."""
    settings = itertools.product((1, 2, 3), (1, 2, 3), _COOLDOWNS)
    runs = (
        (f"severity {s}, {n} words, {c // HOURS} h", keywords(told, s, n, c))
        for s, n, c in settings
    )
    return _best(runs, budget, judge)


def _best(runs: Iterable[tuple[str, list[Raise]]], budget: float, judge: Judge) -> Tuned:
    """Within the budget: most found in time, then fewest raises."""
    within = [Tuned(name, found) for name, found in runs if len(found) <= budget]
    return max(within, key=lambda each: (judge(each.raises), -len(each.raises)))
