"""Dates that a text writes out: "Aug. 19", "3 May 2010", "12.08.2025", and ISO stamps.

Every quantifier is bounded and every pattern begins at a digit or a capital, so that a scan is
linear in any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

import msgspec

from services.ingest.domain.dates.words import (
    DATELINE_MONTHS,
    ENGLISH_MONTHS,
    TEXT_MONTHS,
    WEEKDAYS,
)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A day as it is written, of which the year may be missing. Offsets are those of the text.

    `other` is the second reading of a numeric date whose order of day and month is not said.
    """

    month: int
    day: int
    start: int
    end: int
    year: int | None = None
    weekday: int | None = None
    other: date | None = None

    def full(self) -> date | None:
        """The day, if its year is written, and its order of day and month is known."""
        return None if self.other else self.either()

    def either(self) -> date | None:
        """The day in its first reading, if its year is written."""
        return None if self.year is None else in_year(self, self.year)


def in_year(written: Written, year: int) -> date | None:
    """That day of a year; None for 29 February of the others."""
    try:
        return date(year, written.month, written.day)
    except ValueError:
        return None


_YEAR: Final = r"(?:19|20)\d\d"
_ORDINAL: Final = r"(?:st|nd|rd|th|er|º|ª)?"
# "On May 10 people …" and "August 12, 2000 soldiers …" count something else.
_COUNTED: Final = (
    r"(?!\s?(?:%|people|troops|soldiers|men|women|children|civilians|protesters|members|million"
    r"|thousand|hundred|percent|per cent|dollars|tonnes|tons|barrels|points|votes|seats)\b)"
)


def _any(months: Mapping[str, int]) -> str:
    return "|".join(sorted(map(re.escape, months), key=len, reverse=True))


def _pattern(months: Mapping[str, int], first: Mapping[str, int]) -> re.Pattern[str]:
    """`months` may follow a day, those of `first` may also stand before it."""
    return re.compile(
        rf"(?<![\w/.])(?<!\w-)(?:"
        rf"(?P<iso_year>{_YEAR})(?P<iso_mark>[-/.])(?P<iso_month>\d\d)(?P=iso_mark)"
        rf"(?P<iso_day>\d\d)(?!\d|[-/.]\d)"
        rf"|(?P<one>\d\d?)(?P<mark>[-/.])(?P<two>\d\d?)(?P=mark)(?P<year>{_YEAR})(?![\d/-]|\.\d)"
        rf"|(?:\d\d?{_ORDINAL}\s?[-–]\s?)?(?P<day>\d\d?)(?:{_ORDINAL}|\.)[\s-]?(?:of\s|de\s)?"
        rf"(?P<month>{_any(months)})\b\.?"
        rf"(?:(?:,\s?|\s|-|\sde\s|\sdel\s)(?P<month_year>{_YEAR})(?![\d-]))?"
        rf"|(?P<first_month>{_any(first)})\b\.?\s(?:\d\d?{_ORDINAL}\s?[-–]\s?)?"
        rf"(?P<first_day>\d\d?)(?!\d|[.,:]\d|%){_ORDINAL}\b(?:,?\s(?P<first_year>{_YEAR})(?![\d-]))?"
        rf"){_COUNTED}"
    )


_TEXT: Final = _pattern(TEXT_MONTHS, ENGLISH_MONTHS)
_DATELINE: Final = _pattern(DATELINE_MONTHS, DATELINE_MONTHS)
_WEEKDAY_BEFORE: Final = re.compile(rf"\b({_any(WEEKDAYS)})\b\.?,?\s?\(?(?:the\s)?$")
_WEEKDAY_AFTER: Final = re.compile(rf"^,?\s?\(?({_any(WEEKDAYS)})\b")
_WEEKDAY_REACH: Final = 16


def written_dates(text: str, *, dateline: bool = False) -> Iterator[Written]:
    """The days a text writes out, in order; a dateline also knows foreign short forms."""
    if not any(digit in text for digit in "0123456789"):
        return
    for found in (_DATELINE if dateline else _TEXT).finditer(text):
        written = _read(found)
        if written:
            yield written


def _read(found: re.Match[str]) -> Written | None:
    if found["iso_year"]:
        return _written(found, int(found["iso_year"]), found["iso_month"], found["iso_day"])
    if found["one"]:
        return _numeric(found, int(found["one"]), int(found["two"]), int(found["year"]))
    name = found["month"] or found["first_month"]
    year = found["month_year"] or found["first_year"]
    month = DATELINE_MONTHS[name]
    return _written(found, int(year) if year else None, month, found["day"] or found["first_day"])


def _numeric(found: re.Match[str], one: int, two: int, year: int) -> Written | None:
    """Day first, or month first if only that is a date; with full stops always day first."""
    day_first, month_first = _written(found, year, two, one), _written(found, year, one, two)
    if found["mark"] == "." or not day_first or not month_first or one == two:
        return day_first or (None if found["mark"] == "." else month_first)
    return msgspec.structs.replace(day_first, other=date(year, one, two))


def _written(
    found: re.Match[str], year: int | None, month: int | str, day: int | str
) -> Written | None:
    try:
        date(2000 if year is None else year, int(month), int(day))
    except ValueError:
        return None
    text = found.string
    before = text[max(0, found.start() - _WEEKDAY_REACH) : found.start()]
    beside = _WEEKDAY_BEFORE.search(before) or _WEEKDAY_AFTER.search(
        text[found.end() : found.end() + _WEEKDAY_REACH]
    )
    return Written(
        year=year,
        month=int(month),
        day=int(day),
        weekday=WEEKDAYS[beside[1]] if beside else None,
        start=found.start(),
        end=found.end(),
    )
