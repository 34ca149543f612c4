"""What an article says of its own date: its dateline, or a stamp on a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from datetime import time as time_of_day
from enum import StrEnum
from typing import Final

import msgspec

from services.ingest.domain.clean import Cleaned
from services.ingest.domain.dates.words import WEEKDAYS, ZONES
from services.ingest.domain.dates.written import Written, written_dates


class Place(StrEnum):
    """Where an article says its date."""

    DATELINE = "dateline"
    STAMP = "stamp"  # "Published 12 August 2025, 14:30 GMT"
    TODAY = "today"  # "said today, 12 August 2025"


class Clock(msgspec.Struct, frozen=True):
    """A time of day; `zoned` if it said of which zone."""

    at: time_of_day
    zoned: bool


class Stated(msgspec.Struct, frozen=True):
    """The day an article gives as its own, and the time if it gives one."""

    written: Written
    place: Place
    clock: Clock | None = None


_HEAD_CHARACTERS: Final = 140
_STAMP_CHARACTERS: Final = 120
_FIRST_LINES, _LAST_LINES = 4, 2
# A line is a picture's if it ends in a credit or begins as captions do; its date is the picture's.
_PICTURE: Final = re.compile(
    r"(?:(?<!/)\b(?:Reuters|EFE|AP|AFP|EPA|Getty|Xinhua|TASS|Anadolu|AA|dpa)"
    r"(?: Photo| Images)?\s?/\s?\S.{0,60}"
    r"|\((?:AP|AFP|EPA|Reuters|Photo|Picture|Image|Credit|File)\b[^()]{0,10}\bphoto\b[^()]{0,60}\)"
    r"|\((?:Photo|Picture|Image|Credit|File photo)\b[^()]{0,60}\))\s?$",
    re.IGNORECASE,
)
_PICTURE_HEAD: Final = re.compile(
    r"[(\[]?(?:FILE|ARCHIVE|ARCHIVO)\b[^a-z]|(?:file|archive) (?:photo|picture|image)|Pictured\b"
    r"|(?:Photo|Image|Picture|Caption|Credit)s?\s?:",
    re.IGNORECASE,
)
# What parts a dateline from its lead.
_BREAK: Final = re.compile(r"(?:(?<=[\s).\d\]])[-–—]{1,2}(?=\s|$)|--|(?<=[\w)]):(?=\s|$)|/\.\s)")
_AGENCY: Final = re.compile(r"\([^()]{1,40}\)|/[A-Z][A-Za-z]{1,20}/?")
_NOT_A_PLACE: Final = frozenset(
    "On In At By Since After Before From Until Till The This That A An As For When While During It"
    " Between Of To He She They Around About Through Over Last Next And But Also Every"
    " Update Updated Correction".split()
)
_SMALL: Final = frozenset("de del la las el los of the al et du des di do da and y a am pm".split())
_STAMP_WORDS: Final = frozenset(
    "published posted updated update modified issued released release date dated time at on last"
    " first for immediate am pm a.m p.m et ist cst hrs hours h and".split()
)
_WORD: Final = re.compile(r"[^\W\d_](?:[\w.'’]|-(?=\w)){0,30}")
_CLOCK: Final = re.compile(
    r"(?<![\d:.+-])(?P<hour>[01]?\d|2[0-3])(?:(?P<mark>[:.h])(?P<minute>[0-5]\d)(?::[0-5]\d"
    r"(?:\.\d{1,6})?)?|(?P<bare>[0-5]\d)(?=\s?(?:GMT|UTC|Z)\b))?"
    r"\s?(?P<half>[ap]\.?m\b\.?)?\s?(?P<zone>[+-]\d\d:?\d\d|[A-Z]{1,4}\b)?",
    re.IGNORECASE,
)
_ISO_TIME: Final = re.compile(r"(?<=\d)T(?=\d)")
_TODAY: Final = re.compile(r"\b[Tt]oday,?\s\(?(?:(?:[A-Z][a-z]{5,8}|on|the),?\s){0,2}$", re.ASCII)


def stated(cleaned: Cleaned) -> Stated | None:
    """The date of the dateline, or else of a stamp, or else of "today, 12 August 2025"."""
    lines = [line for line in cleaned.text.split("\n") if not is_picture(line)]
    removed = [each.text for each in cleaned.removed if each.kind == "dateline"]
    # "NEW YORK--(WIRE)--May 3, 2010--": cleaning took the place, the date is still in the lead.
    rest = [f"{head} {more}" for head in removed for more in _heads(lines[:1])]
    for head in (*removed, *rest, *_heads(lines[:3])):
        found = _dateline(head)
        if found:
            return found
    for line in _stamps(cleaned, lines):
        found = _stamp(line)
        if found:
            return found
    return _today(lines[:2])


def is_picture(line: str) -> bool:
    """Whether a line is a photo's caption or credit that cleaning did not know for one."""
    tail = line[-120:]
    credited = "/" in tail or ")" in tail[-2:]  # as every credit is; most lines end in neither
    return bool(_PICTURE_HEAD.match(line[:40]) or (credited and _PICTURE.search(tail)))


def clock_in(text: str) -> Clock | None:
    """The first time of day in a short text, in UTC where it names its zone."""
    for found in _CLOCK.finditer(text[:_STAMP_CHARACTERS]):
        minute = found["minute"] or found["bare"]
        if minute is None and not found["half"]:
            continue
        hour = int(found["hour"])
        if found["half"]:
            if not 1 <= hour <= 12:
                continue
            hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
        zone = _zone(found["zone"])
        return Clock(time_of_day(hour, int(minute or 0), tzinfo=zone or UTC), zone is not None)
    return None


def _zone(written: str | None) -> timezone | None:
    if written is None:
        return None
    if written[0] in "+-":
        hours, minutes = int(written[1:3]), int(written[-2:])
        if hours > 14 or minutes > 59:
            return None
        ahead = timedelta(hours=hours, minutes=minutes)
        return timezone(-ahead if written[0] == "-" else ahead)
    hours_east = ZONES.get(written.upper())
    return None if hours_east is None else timezone(timedelta(hours=hours_east))


def at(day: datetime, clock: Clock) -> datetime:
    """That time on a day, in UTC."""
    return datetime.combine(day.date(), clock.at).astimezone(UTC)


def _heads(lines: list[str]) -> Iterator[str]:
    for line in lines:
        head = line[:_HEAD_CHARACTERS]
        found = _BREAK.search(head)
        # "PORT: Aug. 12 (AP) - " has two marks; the date may stand behind the first.
        second = _BREAK.search(head, found.end()) if found else None
        if second:
            yield head[: second.start()]
        if found:
            yield head[: found.start()]


def _dateline(head: str) -> Stated | None:
    found = list(written_dates(head, dateline=True))
    if len(found) != 1:
        return None
    one = found[0]
    rest = head[: one.start] + " " + head[one.end :]
    agency = _AGENCY.search(rest)
    words = _WORD.findall(_AGENCY.sub(" ", rest))
    places = [word for word in words if word not in WEEKDAYS and word.upper() not in ZONES]
    if len(places) > 8 or any(word in _NOT_A_PLACE for word in places):
        return None
    if any(word[0].islower() and word.rstrip(".") not in _SMALL for word in places):
        return None
    if not places and not agency:
        return None
    return Stated(one, Place.DATELINE, clock_in(rest))


def _stamps(cleaned: Cleaned, lines: list[str]) -> Iterator[str]:
    """Short lines at the top and the foot; cleaning may have taken one for a heading."""
    if cleaned.title:
        yield cleaned.title
    yield from lines[:_FIRST_LINES]
    yield from (each.text for each in cleaned.removed if each.kind == "crosshead")
    yield from lines[_FIRST_LINES:][-_LAST_LINES:]


def _stamp(line: str) -> Stated | None:
    if len(line) > _STAMP_CHARACTERS:
        return None
    # The date of first publication stands before that of the last change.
    line = _ISO_TIME.sub(" ", line)
    found = list(written_dates(line, dateline=True))
    if not found:
        return None
    rest = "".join(
        line[before:after]
        for before, after in zip(
            (0, *(each.end for each in found)),
            (*(each.start for each in found), len(line)),
            strict=True,
        )
    )
    words = [word for word in _WORD.findall(rest) if word not in WEEKDAYS]
    words = [word for word in words if word.upper() not in ZONES]
    by_line = bool(words) and words[0] in ("By", "BY")
    if by_line and any(word[0].islower() and word not in _STAMP_WORDS for word in words):
        return None
    if not by_line and any(word.lower().rstrip(".") not in _STAMP_WORDS for word in words):
        return None
    after = line[found[0].end : found[1].start if len(found) > 1 else len(line)]
    return Stated(found[0], Place.STAMP, clock_in(after) or clock_in(line[: found[0].start]))


def _today(lines: list[str]) -> Stated | None:
    for line in lines:
        if "oday" not in line:
            continue
        for one in written_dates(line):
            if one.year and _TODAY.search(line[max(0, one.start - 40) : one.start]):
                return Stated(one, Place.TODAY)
    return None
