"""Days named by their distance: weekdays, "yesterday", "last month", resolved against a day.

English only. A weekday is the last one up to the anchor, unless the words about it look ahead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import msgspec

from services.ingest.domain.dates.words import ENGLISH_MONTHS, LONG_WEEKDAYS, NUMBERS
from services.ingest.domain.dates.written import Written, in_year, written_dates


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A time that a text names, from its first to its last day. `vague`: "a few weeks"."""

    text: str
    start: int
    end: int
    first: date
    last: date
    vague: bool = False
    ahead: bool = False  # the words about it look ahead

    @property
    def iso(self) -> str:
        """As short as ISO 8601 has it: a day, a month, a year, or `first/last`."""
        if self.first == self.last:
            return self.first.isoformat()
        if self.first.day == 1 and self.last == _month_end(self.first):
            return f"{self.first:%Y-%m}"
        if (self.first, self.last) == (date(self.first.year, 1, 1), date(self.first.year, 12, 31)):
            return f"{self.first:%Y}"
        return f"{self.first.isoformat()}/{self.last.isoformat()}"


_DAY: Final = "|".join(LONG_WEEKDAYS)
_MONTH: Final = "|".join(sorted(ENGLISH_MONTHS, key=len, reverse=True))
_COUNT: Final = rf"(?:\d{{1,2}}|{'|'.join(NUMBERS)}|few|several|couple of)"
_UNIT: Final = r"(?:hour|day|week|month|year)"
_I: Final = "(?i:{})".format
_EXPRESSION: Final = re.compile(
    r"\b(?:"
    + _I(
        r"(?P<word>the day before yesterday|the day after tomorrow|yesterday|today|tomorrow|tonight"
        r"|overnight|last night|this (?:morning|afternoon|evening))"
    )
    + rf"|(?:(?P<which>{_I('this past|this coming|last|past|this|next|coming')}) )?"
    rf"(?P<weekday>{_DAY})"
    r"(?: \((?:the )?(?P<number>\d\d?)(?:st|nd|rd|th)\)|, (?:the )?(?P<bare>\d\d?)(?:st|nd|rd|th)"
    rf"| {_I('(?:of )?(?P<week>last|next|this) week')})?"
    + "|"
    + _I(r"(?P<part>earlier|later) this (?P<part_unit>week|month|year)")
    + "|"
    + _I(
        r"(?:over )?(?P<near>this|last|next|the past|the previous|the coming|the) "
        r"(?P<near_unit>weekend|week|month|year)(?=\W|$)"
    )
    + "|"
    + _I(rf"(?:a )?(?P<ago>{_COUNT}) (?P<ago_unit>{_UNIT})s? ago")
    + "|"
    + _I(
        rf"(?:the )?(?P<run>past|last|next|coming) (?P<run_count>{_COUNT}) "
        rf"(?P<run_unit>{_UNIT})s?"
    )
    + "|"
    + _I(rf"within (?:(?P<soon>{_COUNT}) )?(?P<soon_unit>{_UNIT})s?")
    + rf"|(?:{_I('in|since|until|by|of|early|late|mid|last|next|this')}[ -])(?P<month>{_MONTH})\b"
    r"(?!\.? \d\d?\b)(?:,? (?P<month_year>(?:19|20)\d\d))?"
    r"|" + _I(r"(?:in|since|during|until|by|of|from) ") + r"(?P<year>(?:19|20)\d\d)(?![\d-])"
    r")(?!\w)"
)
# What looks ahead, before or after the day; a verb of saying between turns it to the past again.
_AHEAD_BEFORE: Final = re.compile(
    r"\b(?:will|would|shall|due|scheduled|set to|expected to|plan(?:s|ned)? to|to be held|deadline"
    r"|upcoming|no later than|(?:until|by|before|starting|beginning)(?=\s(?:the\s)?$))\b"
    r"(?!.{0,60}\b(?:said|told)\b)",
    re.IGNORECASE,
)
_AHEAD_AFTER: Final = re.compile(r"^[^.;]{0,40}?\b(?:will|is due|are due|is to|are to)\b")
_SAID: Final = re.compile(r"\b(?:said|told|announced|warned|ordered|\w{3,15}ed)\b")
_REACH: Final = 60
_WORDS: Final = {
    "the day before yesterday": -2,
    "yesterday": -1,
    "last night": -1,
    "tomorrow": 1,
    "the day after tomorrow": 2,
}
_SOME: Final = {"few": 4, "several": 4, "couple of": 2}


def mentions(text: str, anchor: date) -> Iterator[Mention]:
    """The days and spans that a text names, seen from `anchor`, in order of place."""
    taken: list[tuple[int, int]] = []
    found: list[Mention] = []
    for one in written_dates(text):
        ahead = _looks_ahead(text, one.start, one.end)
        day = nearest(one, anchor, ahead=ahead)
        if day:
            taken.append((one.start, one.end))
            found.append(_mention(text, one.start, one.end, (day, day), ahead=ahead))
    for match in _EXPRESSION.finditer(text):
        if any(match.start() < end and start < match.end() for start, end in taken):
            continue
        if any(match.end() <= start <= match.end() + 2 for start, _ in taken) and match["weekday"]:
            continue  # "Friday (September 26)" is one day
        ahead = _looks_ahead(text, match.start(), match.end())
        span = _span(match, anchor, ahead=ahead)
        if span:
            vague = (match["ago"] or match["run_count"] or match["soon"] or "").lower() in _SOME
            vague = vague or bool(match["soon_unit"] and not match["soon"])
            found.append(_mention(text, match.start(), match.end(), span, vague=vague, ahead=ahead))
    yield from sorted(found, key=lambda each: each.start)


def nearest(written: Written, anchor: date, *, ahead: bool = False) -> date | None:
    """A day without a year as the last one up to the anchor, or the next one from it.

    A weekday written beside it must agree. An order of day and month that is not said is None.
    """
    if written.year is not None:
        return written.full()
    years = range(anchor.year, anchor.year - 9, -1)
    if ahead:
        years = range(anchor.year, anchor.year + 9)
    for year in years:
        day = in_year(written, year)
        if day and (day >= anchor if ahead else day <= anchor):
            agrees = written.weekday is None or day.weekday() == written.weekday
            if agrees:
                return day
            return None
    return None


def _mention(
    text: str,
    start: int,
    end: int,
    span: tuple[date, date],
    *,
    vague: bool = False,
    ahead: bool = False,
) -> Mention:
    return Mention(
        text=text[start:end],
        start=start,
        end=end,
        first=span[0],
        last=span[1],
        vague=vague,
        ahead=ahead,
    )


def _looks_ahead(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _REACH) : start]
    cut = max(before.rfind(mark) for mark in (". ", "; ", "\n", "! ", "? "))
    before = before[cut + 1 :]
    if _AHEAD_BEFORE.search(before):
        return True
    after = _AHEAD_AFTER.match(text[end : end + _REACH])
    return bool(after and not _SAID.search(after[0]) and not _SAID.search(before))


def _span(match: re.Match[str], anchor: date, *, ahead: bool) -> tuple[date, date] | None:
    try:
        return _resolved(match, anchor, ahead=ahead)
    except (OverflowError, ValueError):  # outside the calendar
        return None


def _resolved(match: re.Match[str], anchor: date, *, ahead: bool) -> tuple[date, date] | None:
    if match["word"]:
        day = anchor + timedelta(days=_WORDS.get(match["word"].lower(), 0))
        return day, day
    if match["weekday"]:
        day = _weekday(match, anchor, ahead=ahead)
        return day, day
    if match["part"]:
        return _part(match["part"].lower(), match["part_unit"].lower(), anchor)
    if match["near"]:
        return _near(match["near"].lower(), match["near_unit"].lower(), anchor, ahead=ahead)
    if match["ago"]:
        return _ago(_count(match["ago"]), match["ago_unit"].lower(), anchor)
    if match["run"]:
        way = 1 if match["run"].lower() in ("next", "coming") else -1
        other = _moved(anchor, way * _count(match["run_count"]), match["run_unit"].lower())
        return (other, anchor) if way < 0 else (anchor, other)
    if match["soon_unit"]:
        count = _count(match["soon"]) if match["soon"] else 4
        return anchor, _moved(anchor, count, match["soon_unit"].lower())
    if match["month"]:
        return _month(match, anchor, ahead=ahead)
    year = int(match["year"])
    return date(year, 1, 1), date(year, 12, 31)


def _weekday(match: re.Match[str], anchor: date, *, ahead: bool) -> date:
    wanted = LONG_WEEKDAYS[match["weekday"]]
    which = (match["which"] or "").lower()
    number = match["number"] or match["bare"]
    if number:
        near = [anchor + timedelta(days=away) for away in range(-15, 16)]
        fits = [day for day in near if day.day == int(number) and day.weekday() == wanted]
        if fits:
            return fits[0]
    if match["week"]:
        weeks = {"last": -7, "next": 7, "this": 0}[match["week"].lower()]
        return _monday(anchor) + timedelta(days=wanted + weeks)
    back = (anchor.weekday() - wanted) % 7
    if which in ("next", "coming", "this coming"):
        return anchor + timedelta(days=7 - back)
    if which in ("last", "past", "this past"):
        return anchor - timedelta(days=back or 7)
    if ahead or (which == "this" and back):
        return anchor + timedelta(days=(7 - back) % 7)
    return anchor - timedelta(days=back)


def _part(part: str, unit: str, anchor: date) -> tuple[date, date]:
    first, last = _whole(anchor, unit)
    if part == "earlier":
        return first, max(first, anchor - timedelta(days=1))
    return min(last, anchor + timedelta(days=1)), last


def _near(near: str, unit: str, anchor: date, *, ahead: bool) -> tuple[date, date] | None:
    if unit == "weekend":
        saturday = anchor - timedelta(days=(anchor.weekday() - 5) % 7)
        if near in ("next", "the coming") or (ahead and anchor.weekday() < 5) or near == "this":
            saturday += timedelta(days=7 if anchor.weekday() < 5 or near == "next" else 0)
        elif near == "last" and anchor.weekday() >= 5:
            saturday -= timedelta(days=7)
        return saturday, saturday + timedelta(days=1)
    if near == "the":
        return None
    if near == "this":
        first, last = _whole(anchor, unit)
        return first, last if ahead else anchor
    if near == "the past":
        return _moved(anchor, -1, unit), anchor
    if near == "the coming":
        return anchor, _moved(anchor, 1, unit)
    return _whole(_moved(anchor, 1 if near == "next" else -1, unit), unit)


def _ago(count: int, unit: str, anchor: date) -> tuple[date, date]:
    day = _moved(anchor, -count, unit)
    return _whole(day, unit) if unit in ("month", "year") else (day, day)


def _month(match: re.Match[str], anchor: date, *, ahead: bool) -> tuple[date, date]:
    month = ENGLISH_MONTHS[match["month"]]
    year = int(match["month_year"]) if match["month_year"] else anchor.year
    if not match["month_year"]:
        if ahead or match[0].lower().startswith("next"):
            year += month < anchor.month
        else:
            year -= month > anchor.month
    first = date(year, month, 1)
    return first, _month_end(first)


def _count(written: str) -> int:
    low = written.lower()
    return _SOME.get(low) or NUMBERS.get(low) or int(low)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month_end(day: date) -> date:
    after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return after - timedelta(days=1)


def _whole(day: date, unit: str) -> tuple[date, date]:
    if unit == "week":
        return _monday(day), _monday(day) + timedelta(days=6)
    if unit == "month":
        return day.replace(day=1), _month_end(day)
    return date(day.year, 1, 1), date(day.year, 12, 31)


def _moved(day: date, count: int, unit: str) -> date:
    if unit in ("day", "week"):
        return day + timedelta(days=count * (7 if unit == "week" else 1))
    if unit == "hour":
        return day + timedelta(days=(abs(count) + 23) // 24 * (1 if count > 0 else -1))
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    first = date(months // 12, months % 12 + 1, 1)
    return first.replace(day=min(day.day, _month_end(first).day))
