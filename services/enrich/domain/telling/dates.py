"""Time expressions, resolved against publication."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tocsin.messages import TimeType

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.enrich.domain.language.tokens import Sentence


BACKGROUND_DAYS = 183  # six months (threat-levels.md section 1)
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}

_MONTH = rf"(?P<month>{'|'.join(name.capitalize() for name in _MONTHS)})\b\.?"

_COUNT = {
    "a": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "few": 3,
    "several": 4,
    "couple": 2,
}

_UNIT_DAYS = {"hour": 0, "day": 1, "week": 7, "month": 30, "year": 365, "decade": 3650}

_UNIT = r"(?P<unit>hour|day|week|month|year|decade)s?"

_SOME = (
    r"(?P<count>\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|few|several|couple of)"
)

_YEAR = r"(?P<year>1[89]\d\d|20\d\d)"


class Phrase(NamedTuple):
    """A time expression: offsets in the sentence, what it says, and the first and last day."""

    start: int
    end: int
    text: str
    first: date | None
    last: date | None
    type: TimeType | None = None


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


_UNITS = frozenset(form for unit in _UNIT_DAYS for form in (unit, unit + "s"))
_YEARS = re.compile(r"\b(?:1[89]|20)\d\d")
_A_YEAR = "\0"  # stands for any year among the words of a sentence


class _Pattern(NamedTuple):
    """A way to say when. It is only tried on a sentence with one of the words it needs."""

    regex: re.Pattern[str]
    kind: str
    needs: frozenset[str]


def _needs(*words: str) -> frozenset[str]:
    return frozenset(words)


_PATTERNS: tuple[_Pattern, ...] = (
    _Pattern(
        re.compile(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+{_YEAR})?\b"),
        "day",
        frozenset(_MONTHS),
    ),
    _Pattern(
        re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH}(?:,?\s+{_YEAR})?\b"),
        "day",
        frozenset(_MONTHS),
    ),
    _Pattern(re.compile(rf"\b{_MONTH},?\s+{_YEAR}\b"), "month", frozenset(_MONTHS)),
    _Pattern(
        re.compile(
            rf"\b(?:in|since|last|this|of|during|late|early|until|by)\s+(?:late |early )?{_MONTH}"
        ),
        "month",
        frozenset(_MONTHS),
    ),
    _Pattern(_compile(rf"{_SOME}\s+{_UNIT}\s+(?:ago|earlier|before)"), "ago", _UNITS),
    _Pattern(
        _compile(
            rf"(?:over|in|during|for|within)?\s*(?:the\s+)?(?:past|last|recent)\s+(?:{_SOME}\s+)?{_UNIT}"
        ),
        "past",
        _UNITS,
    ),
    _Pattern(
        _compile(
            rf"(?:in|within|over|for)\s+(?:the\s+)?(?:next|coming|near)\s+(?:{_SOME}\s+)?(?:{_UNIT}|future)"
        ),
        "next",
        _UNITS | {"future"},
    ),
    _Pattern(
        _compile(rf"(?:next|coming)\s+(?P<weekday>{'|'.join(_DAYS)}|{_UNIT})"),
        "next",
        _needs("next", "coming"),
    ),
    _Pattern(_compile(r"within (?:days|weeks|months|hours)"), "next", _needs("within")),
    _Pattern(_compile(r"(?:earlier )?this (?P<unit>week|month|year)"), "this", _needs("this")),
    _Pattern(
        _compile(
            r"(?P<word>today|tonight|yesterday|tomorrow|overnight|now"
            r"|this morning|this afternoon|last night)"
        ),
        "word",
        frozenset("today tonight yesterday tomorrow overnight now morning afternoon night".split()),
    ),
    _Pattern(
        _compile(rf"(?:(?P<rel>last|this|next|on|late|early)\s+)?(?P<weekday>{'|'.join(_DAYS)})"),
        "weekday",
        frozenset(_DAYS),
    ),
    _Pattern(
        _compile(rf"(?:in|since|during|of|from|until|as early as)\s+(?:early |late |mid-)?{_YEAR}"),
        "year",
        _needs(_A_YEAR),
    ),
    _Pattern(re.compile(rf"(?<=\s){_YEAR}(?=\s+[a-z])"), "year", _needs(_A_YEAR)),
    _Pattern(
        _compile(r"(?:in|during|since) the (?:\d{4}|nineteen \w+|\d\d)s"),
        "old",
        _needs("in", "during", "since"),
    ),
    _Pattern(
        _compile(
            r"first term|long history|decades|centur(?:y|ies)|world war|cold war"
            r"|historically|years ago|in the past"
        ),
        "old",
        frozenset("term history decades century centuries war historically years past".split()),
    ),
    _Pattern(
        _compile(r"in recent (?:days|times|weeks|months)|recently|so far"),
        "recent",
        _needs("recent", "recently", "far"),
    ),
)


def phrases(s: Sentence, published: date | None) -> list[Phrase]:
    """The time expressions of a sentence, resolved; overlapping ones only once."""
    words = {token.lower.rstrip(".") for token in s.tokens}
    if _YEARS.search(s.text):
        words.add(_A_YEAR)
    found: list[Phrase] = []
    for pattern, kind, needs in _PATTERNS:
        if words.isdisjoint(needs):
            continue
        for match in pattern.finditer(s.text):
            if all(match.end() <= one.start or match.start() >= one.end for one in found):
                found.append(_resolve(match, kind, published))
    return sorted(found)


def _resolve(match: re.Match[str], kind: str, published: date | None) -> Phrase:
    groups = {name: text.lower().rstrip(".") for name, text in match.groupdict().items() if text}
    first, last, fixed = _RESOLVERS[kind](groups, published)
    return Phrase(match.start(), match.end(), match.group(), first, last, fixed)


Range = tuple["date | None", "date | None", "TimeType | None"]


def _day(groups: dict[str, str], published: date | None) -> Range:
    year = int(groups["year"]) if "year" in groups else (published.year if published else 0)
    try:
        found = date(year, _MONTHS[groups["month"]], int(groups["day"]))
    except ValueError:
        return None, None, None
    if "year" not in groups and published and (found - published).days > BACKGROUND_DAYS:
        found = found.replace(year=year - 1) if (found.month, found.day) != (2, 29) else found
    return found, found, TimeType.HISTORICAL if not published and "year" in groups else None


def _month(groups: dict[str, str], published: date | None) -> Range:
    number = _MONTHS[groups["month"]]
    if "year" in groups:
        year = int(groups["year"])
    elif published:
        year = published.year - (number > published.month)
    else:
        return None, None, TimeType.BACKGROUND
    first = date(year, number, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return (
        first,
        min(last, published) if published and last > published >= first else last,
        None if published else TimeType.HISTORICAL,
    )


def _year(groups: dict[str, str], published: date | None) -> Range:
    year = int(groups["year"])
    first, last = date(year, 1, 1), date(year, 12, 31)
    if published is None:
        return first, last, TimeType.HISTORICAL
    if year == published.year:
        return first, last, TimeType.BACKGROUND
    return first, last, TimeType.HISTORICAL if year < published.year else TimeType.FUTURE


def _ago(groups: dict[str, str], published: date | None) -> Range:
    days = _days_of(groups)
    if published is None:
        return None, None, TimeType.HISTORICAL if days > BACKGROUND_DAYS else TimeType.BACKGROUND
    found = published - timedelta(days=days)
    return found, found, None


def _past(groups: dict[str, str], published: date | None) -> Range:
    days = _days_of(groups)
    unit = groups["unit"]
    fixed = (
        TimeType.HISTORICAL
        if unit == "decade"
        else TimeType.BACKGROUND
        if days > 1 or unit != "day"
        else None
    )
    if unit == "year" and "count" not in groups:
        fixed = TimeType.HISTORICAL
        if published:
            return date(published.year - 1, 1, 1), date(published.year - 1, 12, 31), fixed
    if published is None:
        return None, None, fixed
    if unit == "month" and "count" not in groups:
        last = published.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last, TimeType.BACKGROUND
    return published - timedelta(days=days), published, fixed


def _next(_groups: dict[str, str], _published: date | None) -> Range:
    return None, None, TimeType.FUTURE


def _this(groups: dict[str, str], published: date | None) -> Range:
    if published is None:
        return None, None, TimeType.CURRENT
    if groups["unit"] == "week":
        return published - timedelta(days=published.weekday()), published, TimeType.CURRENT
    if groups["unit"] == "month":
        return published.replace(day=1), published, TimeType.BACKGROUND
    return date(published.year, 1, 1), published, TimeType.BACKGROUND


def _word(groups: dict[str, str], published: date | None) -> Range:
    word = groups["word"]
    shift = {"yesterday": -1, "last night": -1, "tomorrow": 1}.get(word, 0)
    fixed = TimeType.FUTURE if shift > 0 else TimeType.CURRENT
    if published is None:
        return None, None, fixed
    found = published + timedelta(days=shift)
    return found, found, fixed


def _weekday(groups: dict[str, str], published: date | None) -> Range:
    if published is None:
        return None, None, TimeType.CURRENT
    back = (published.weekday() - _DAYS.index(groups["weekday"])) % 7
    if groups.get("rel") == "next":
        return None, None, TimeType.FUTURE
    if groups.get("rel") == "last" and back == 0:
        back = 7
    found = published - timedelta(days=back)
    return found, found, None


def _old(_groups: dict[str, str], _published: date | None) -> Range:
    return None, None, TimeType.HISTORICAL


def _recent(_groups: dict[str, str], _published: date | None) -> Range:
    return None, None, TimeType.BACKGROUND


def _days_of(groups: dict[str, str]) -> int:
    count = groups.get("count", "1").removesuffix(" of")
    number = int(count) if count.isdigit() else _COUNT.get(count, 1)
    return number * _UNIT_DAYS[groups["unit"]]


_RESOLVERS: dict[str, Callable[[dict[str, str], date | None], Range]] = {
    "day": _day,
    "month": _month,
    "year": _year,
    "ago": _ago,
    "past": _past,
    "next": _next,
    "this": _this,
    "word": _word,
    "weekday": _weekday,
    "old": _old,
    "recent": _recent,
}
