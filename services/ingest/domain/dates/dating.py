"""When an article was published: what its source says, held to what its text says.

The order of trust is feed, page or manifest, then the text's own date. A text is dated by its
dateline or a stamp; a date in a sentence is only a bound; a photo's date is neither.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from services.ingest.domain.clean import Cleaned
from services.ingest.domain.dates.relative import mentions
from services.ingest.domain.dates.stated import Place, Stated, at, is_picture, stated
from services.ingest.domain.dates.words import LONG_WEEKDAYS, TEXT_MONTHS
from services.ingest.domain.dates.written import Written, in_year, written_dates
from tocsin.messages import PublishedBasis


class Dating(msgspec.Struct, frozen=True, kw_only=True):
    """When an article was published (aware UTC, None for undated), and how sure that is.

    `hint`: the day without a year ("--12-06"). `not_before`: the last past day the text names.
    """

    at: datetime | None = None
    basis: PublishedBasis = PublishedBasis.NONE
    confidence: float | None = None
    flags: tuple[str, ...] = ()
    hint: str | None = None
    not_before: date | None = None


# Own order of certainty, not measured.
_AGREED, _GIVEN, _GIVEN_DAY, _CONTRADICTED = 0.99, 0.95, 0.9, 0.5
_TEXT: Final = {Place.DATELINE: 0.95, Place.STAMP: 0.9, Place.TODAY: 0.85}
_YEAR_FROM_FETCH, _DAY_INFERRED, _DOUBTED = 0.8, 0.5, 0.6

_CONTRADICTION: Final = timedelta(hours=48)
_AHEAD: Final = timedelta(days=1)  # it is tomorrow already east of Greenwich
_EPOCH: Final = date(1970, 1, 1)  # what a zero for "no date" becomes
_RECENT_DAYS: Final = 14  # a source that hands over what is new is this late at most
_WEEK_DAYS: Final = 6  # beyond it a weekday would name two days
_BODY_CHARACTERS: Final = 20_000
_FUTURE: Final = re.compile(
    r"\b(?:will|would|shall|due|scheduled|set for|set to|expected|planned|plans|until|by|deadline"
    r"|before|upcoming|next|expires?)\b",
    re.IGNORECASE,
)


def resolve(
    cleaned: Cleaned,
    *,
    given: datetime | None = None,
    basis: PublishedBasis = PublishedBasis.NONE,
    day_only: bool = False,
    fetched_at: datetime,
    fresh: bool = False,
) -> Dating:
    """The publication of an article. `fresh`: its source hands over what has just appeared.

    Only then does the fetch lend its year to a dateline, and its week to a weekday.
    """
    said = stated(cleaned)
    bound = _last_past(cleaned, fetched_at)
    if given is None:
        return _from_text(cleaned, said, bound, fetched_at, fresh=fresh)
    if given.date() == _EPOCH or given > fetched_at + _AHEAD:
        found = _from_text(cleaned, said, bound, fetched_at, fresh=fresh)
        if found.at or given.date() == _EPOCH:
            return msgspec.structs.replace(found, flags=("given_impossible", *found.flags))
    return _given(given, basis, said, bound, fetched_at, day_only=day_only)


def _given(
    given: datetime,
    basis: PublishedBasis,
    said: Stated | None,
    bound: date | None,
    fetched_at: datetime,
    *,
    day_only: bool,
) -> Dating:
    flags: tuple[str, ...] = ()
    confidence = _GIVEN_DAY if day_only else _GIVEN
    if given > fetched_at:
        confidence, flags = _CONTRADICTED, ("future_clamped",)
    day = _closest(said.written, given.date()) if said else None
    if (day and _apart(day, given) > _CONTRADICTION) or (
        bound and _noon(bound) - given > _CONTRADICTION
    ):
        confidence, flags = _CONTRADICTED, (*flags, "date_contradicted")
    elif day and not flags:
        confidence = _AGREED
    return Dating(
        at=min(given, fetched_at),
        basis=basis,
        confidence=confidence,
        flags=flags,
        not_before=bound,
    )


def _from_text(
    cleaned: Cleaned, said: Stated | None, bound: date | None, fetched_at: datetime, *, fresh: bool
) -> Dating:
    if said is None:
        return _inferred(cleaned, bound, fetched_at) if fresh else Dating(not_before=bound)
    one = said.written
    flags: tuple[str, ...] = ()
    hint = f"--{one.month:02}-{one.day:02}"
    if one.year is None:
        day = _recent(one, fetched_at) if fresh else None
        confidence, flags = _YEAR_FROM_FETCH, ("year_from_fetch",)
        if day is None:
            return Dating(hint=hint, flags=("year_unknown",), not_before=bound)
    else:
        day = _either(one, fetched_at)
        confidence = _TEXT[said.place]
        if day is None:
            return Dating(flags=("ambiguous_date",), not_before=bound)
    moment, unsure = _moment(day, said)
    if day > (fetched_at + _AHEAD).date() or moment > fetched_at + _AHEAD:
        return Dating(flags=("future_ignored",), hint=hint, not_before=bound)
    if one.weekday is not None and day.weekday() != one.weekday:
        confidence, flags = _DOUBTED, (*flags, "weekday_mismatch")
    if bound and _noon(bound) - moment > _CONTRADICTION:
        confidence, flags = _DOUBTED, (*flags, "text_contradicts_itself")
    return Dating(
        at=min(moment, fetched_at),
        basis=PublishedBasis.TEXT,
        confidence=confidence,
        flags=(*flags, *unsure),
        not_before=bound,
    )


def _inferred(cleaned: Cleaned, bound: date | None, fetched_at: datetime) -> Dating:
    """News just fetched that says "on Tuesday" is of that Tuesday, or soon after."""
    today = fetched_at.date()
    days = [
        each.last
        for line in cleaned.text[:_BODY_CHARACTERS].split("\n")
        if not is_picture(line)
        for each in mentions(line, today)
        if each.first == each.last and not each.ahead and _names_a_day(each.text)
    ]
    days = [day for day in days if 0 <= (today - day).days <= _WEEK_DAYS]
    if not days:
        return Dating(not_before=bound)
    return Dating(
        at=min(_noon(max(days)), fetched_at),
        basis=PublishedBasis.TEXT,
        confidence=_DAY_INFERRED,
        flags=("day_inferred", "day_only"),
        not_before=bound,
    )


def _names_a_day(text: str) -> bool:
    """A weekday or a date; "today" and "last Thursday" hang on the day that is sought."""
    first = text.split(" ", 1)[0].rstrip(".,")
    return first[0].isdigit() or first in LONG_WEEKDAYS or first in TEXT_MONTHS


def _moment(day: date, said: Stated) -> tuple[datetime, tuple[str, ...]]:
    if said.clock is None:
        return _noon(day), ("day_only",)
    flags = () if said.clock.zoned else ("zone_assumed",)
    return at(_noon(day), said.clock), flags


def _either(one: Written, fetched_at: datetime) -> date | None:
    """The day, if only one reading of it can have been published."""
    readings = [day for day in (one.either(), one.other) if day]
    if len(readings) == 1:
        return readings[0]
    past = [day for day in readings if day <= (fetched_at + _AHEAD).date()]
    if one.weekday is not None:
        past = [day for day in past if day.weekday() == one.weekday]
    return past[0] if len(past) == 1 else None


def _recent(one: Written, fetched_at: datetime) -> date | None:
    """A day without a year as one of the last days before the fetch."""
    last = (fetched_at + _AHEAD).date()
    for year in (last.year, last.year - 1):
        day = in_year(one, year)
        if day and 0 <= (last - day).days <= _RECENT_DAYS:
            return day
    return None


def _closest(one: Written, to: date) -> date | None:
    """The reading of a day that lies closest to another; its year may be missing."""
    if one.year is not None:
        days = [one.either(), one.other]
    else:
        years = range(max(1, to.year - 1), min(9999, to.year + 1) + 1)
        days = [in_year(one, year) for year in years]
    return min((day for day in days if day), key=lambda day: abs(day - to), default=None)


def _apart(day: date, moment: datetime) -> timedelta:
    """From a moment to the nearer end of a day."""
    begin = datetime.combine(day, time(0), tzinfo=UTC)
    return max(begin - moment, moment - begin - timedelta(days=1), timedelta(0))


def _last_past(cleaned: Cleaned, fetched_at: datetime) -> date | None:
    """The last day before the fetch that the text names in full, not as one to come."""
    latest: date | None = None
    for line in cleaned.text[:_BODY_CHARACTERS].split("\n"):
        if "19" not in line and "20" not in line:
            continue
        for one in written_dates(line):
            day = one.full()
            if not day or day > fetched_at.date() or (latest and day <= latest):
                continue
            near = line[max(0, one.start - 80) : one.start]
            if not is_picture(line) and not _FUTURE.search(near):
                latest = day
    return latest


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)
