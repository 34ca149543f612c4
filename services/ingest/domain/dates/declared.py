"""Dates as feeds and pages declare them: in a field that holds a date and nothing else.

feedparser's own dates are not used: it reads `2026-11` as the first of the month, a day as its
midnight, a zone it does not know as UTC, `--11` as a day of this year, and says nothing of it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

import msgspec

from services.ingest.domain.dates.words import FIELD_MONTHS, FOREIGN_WEEKDAYS, WEEKDAYS, ZONES


class Declared(msgspec.Struct, frozen=True):
    """The moment that a field names, aware UTC, None with `bad_date` if it cannot be read.

    Flags: `day_only` (stands at noon), `zone_assumed`, `weekday_mismatch`.
    """

    at: datetime | None = None
    flags: tuple[str, ...] = ()


_LONGEST: Final = 100
_EARLIEST, _LATEST = 1900, 2100  # years; beyond, the calendar is another, or the field a default
_BAD: Final = Declared(None, ("bad_date",))
_ZONE: Final = (
    r"(?P<zone>Z|(?:GMT|UTC?)?\s?[+−-]\d{1,2}(?::?\d\d)?|[A-Za-z]{1,5})?"
    r"(?:\s?[(\[][\w /+:.-]{0,40}[)\]])?"  # "(Moscow Standard Time)", "[Europe/Paris]"
)
_TIME: Final = (
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,9})?)?"
    r"|h(?P<after_h>\d\d))\s?(?P<half>[ap]\.?m\b\.?)?\s?" + _ZONE
)
_ISO: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{1,2})-(?P<day>\d{1,2})|-(?P<ordinal>\d{3})"
    r"|-?W(?P<week>\d\d)-?(?P<weekday>\d))(?:Z|[+-]\d\d:\d\d)?"
    r"(?:(?:T|,?\s)\s?(?:" + _TIME + r"))?",
    re.IGNORECASE,
)
_COMPACT: Final = re.compile(
    r"(\d{4})(\d\d)(\d\d)(?:T?(\d\d)(\d\d)(\d\d)?(?:\.\d{1,9})?)?\s?" + _ZONE, re.IGNORECASE
)
_CLOCK: Final = re.compile(r"(?<![\d:.])" + _TIME + r"(?=$|[\s,;|–-])", re.IGNORECASE)
_EPOCH: Final = re.compile(r"(1\d{9})(?:\.\d{1,9}|\d{3})?")  # seconds or milliseconds, 2001 to 2033
_NUMERIC: Final = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})")
_EAST_ASIAN: Final = re.compile(
    r"(?P<year>\d{4})\s?[年년]\s?(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日일]"
    r"(?:\s?\(.\))?(?P<rest>.*)"
)
_HALVES: Final = re.compile(r"(?P<half>오전|오후|上午|下午|午前|午後)\s?(?P<clock>\d[\d:]*)")
_AFTERNOON: Final = frozenset(["오후", "下午", "午後"])
_ORDINAL: Final = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|º|ª|\.)(?![^\W_])", re.IGNORECASE)
_FILLERS: Final = frozenset("de del of the at on le den a à às um il ob g г год р o".split())
_MONTH_TOKEN: Final = re.compile(r"[^\W\d_]+(?:-feira)?")
_RFC_ZONES: Final = {**ZONES, "MST": -7, "AST": -4, "ADT": -3, "IDT": 3, "WEST": 1, "WIB": 7}
_KOREA: Final = 9


def declared(written: str) -> Declared:
    """The moment in a date field; empty without a flag for an empty field. Never raises."""
    text = " ".join(unicodedata.normalize("NFKC", written[: _LONGEST + 1]).split())
    if not text:
        return Declared()
    if len(text) > _LONGEST:
        return _BAD
    try:
        return _read(_arabic_digits(text)) or _BAD
    except (ValueError, OverflowError):
        return _BAD


def _read(text: str) -> Declared | None:
    epoch = _EPOCH.fullmatch(text)
    if epoch:
        return Declared(datetime.fromtimestamp(int(epoch[1]), UTC))
    home, text = _from_east_asian(text)
    iso = _ISO.fullmatch(text)
    if iso:
        return _made(_iso_day(iso), iso, home)
    compact = _COMPACT.fullmatch(text)
    if compact:
        day = date(int(compact[1]), int(compact[2]), int(compact[3]))
        clock = f"{compact[4]}:{compact[5]}:{compact[6] or '00'}{compact['zone'] or ''}"
        return _made(day, _CLOCK.fullmatch(clock) if compact[4] else None, home)
    return _from_words(text, home)


def _from_words(text: str, home: int | None) -> Declared | None:
    """RFC 822, asctime, and what content systems print: a day, perhaps a time, nothing else."""
    clock = _CLOCK.search(text)
    rest = text
    if clock:
        rest = f"{text[: clock.start()]} {text[clock.end() :]}"
        if not clock["zone"]:  # asctime puts the zone before the year or drops it
            rest, zone = _taken_zone(rest)
            clock = _CLOCK.fullmatch(f"{clock.group().strip()} {zone}") if zone else clock
    found = _day(_ORDINAL.sub("", rest))
    if found is None:
        return None
    day, weekday = found
    made = _made(day, clock, home)
    if made and weekday is not None and day.weekday() != weekday:
        return Declared(made.at, (*made.flags, "weekday_mismatch"))
    return made


def _taken_zone(rest: str) -> tuple[str, str]:
    for word in rest.split():
        if word.upper() in _RFC_ZONES or re.fullmatch(r"[+-]\d{4}", word):
            return rest.replace(word, " ", 1), word
    return rest, ""


def _day(text: str) -> tuple[date, int | None] | None:
    """The one day in a text of nothing else, and the weekday it claims."""
    weekday = None
    kept: list[str] = []
    for token in re.split(r"[\s,|;–]+", text):
        word = token.strip(".'’()").casefold()
        if not word or word == "-" or word in _FILLERS:
            continue
        if word.capitalize() in WEEKDAYS:
            weekday = WEEKDAYS[word.capitalize()]
        elif word not in FOREIGN_WEEKDAYS or (word in FIELD_MONTHS and kept):
            kept.append(word)
    numeric = _NUMERIC.fullmatch(kept[0]) if len(kept) == 1 else None
    if numeric:
        day = _from_numbers(numeric)
    else:
        parts = [part for word in kept for part in word.split("-") if part and part != "de"]
        day = _from_parts(parts) if len(parts) == 3 else None
    return None if day is None else (day, weekday)


def _from_parts(parts: list[str]) -> date | None:
    """Day month year, month day year, year month day; two-digit years as RFC 2822, 4.3 has them."""
    months = [place for place, part in enumerate(parts) if part in FIELD_MONTHS]
    if len(months) != 1:
        return _from_year_first(parts)
    month = FIELD_MONTHS[parts[months[0]]]
    first, second = (part for place, part in enumerate(parts) if place != months[0])
    if not (first.isdigit() and second.isdigit()):
        return None
    if len(first) == 4 and months[0] == 1:
        return date(int(first), month, int(second))
    if len(second) == 2 and months[0] == 1:
        return date(int(second) + (2000 if int(second) < 50 else 1900), month, int(first))
    return date(int(second), month, int(first)) if len(second) == 4 else None


def _from_year_first(parts: list[str]) -> date | None:
    if all(part.isdigit() for part in parts) and len(parts[0]) == 4:
        return date(*map(int, parts))
    return None


def _from_numbers(found: re.Match[str]) -> date | None:
    """2026/11/22, 22.11.2026, 22/11/2026; None if day and month cannot be told apart."""
    first, mark, second, third = found.groups()
    if len(first) == 4:
        return date(int(first), int(second), int(third))
    if len(third) != 4 or len(first) == 3:
        return None
    if mark == "." or int(first) > 12 or first == second:
        return date(int(third), int(second), int(first))
    return date(int(third), int(first), int(second)) if int(second) > 12 else None


def _iso_day(found: re.Match[str]) -> date:
    year = int(found["year"])
    if found["ordinal"]:
        day = date(year, 1, 1) + timedelta(days=int(found["ordinal"]) - 1)
        if found["ordinal"] == "000" or day.year != year:
            raise ValueError("no such day of the year")
        return day
    if found["week"]:
        return date.fromisocalendar(year, int(found["week"]), int(found["weekday"]))
    return date(year, int(found["month"]), int(found["day"]))


def _made(day: date, clock: re.Match[str] | None, home: int | None) -> Declared | None:
    if not _EARLIEST <= day.year <= _LATEST:
        return None
    if clock is None or clock["hour"] is None:
        return Declared(datetime.combine(day, time(12), tzinfo=UTC), ("day_only",))
    hour, minute = int(clock["hour"]), int(clock["minute"] or clock["after_h"] or 0)
    if clock["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if clock["half"][0] in "pP" else 0)
    second = min(int(clock["second"] or 0), 60)
    next_day = hour == 24 and minute == second == 0
    local = datetime.combine(day, time(0 if next_day else hour, minute, min(second, 59)))
    zone, flags = _zone(clock["zone"], home)
    moment = (local + timedelta(days=next_day)).replace(tzinfo=zone)
    return Declared(moment.astimezone(UTC), flags)


def _zone(written: str | None, home: int | None) -> tuple[timezone, tuple[str, ...]]:
    """The zone, and whether it had to be assumed: none named, or one that means several."""
    name = (written or "").upper().replace("−", "-").replace(" ", "")
    offset = re.fullmatch(r"(?:GMT|UTC?)?([+-])(\d{1,2}):?(\d\d)?", name)
    if offset:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        if ahead <= timedelta(hours=14) and int(offset[3] or 0) < 60:
            return timezone(-ahead if offset[1] == "-" else ahead), ()
    if name in _RFC_ZONES:
        return timezone(timedelta(hours=_RFC_ZONES[name])), ()
    if name == "CST":  # by RFC 822 that of Chicago; Chinese servers write it of their own
        return timezone(timedelta(hours=-6)), ("zone_assumed",)
    return timezone(timedelta(hours=home or 0)), ("zone_assumed",)


def _from_east_asian(text: str) -> tuple[int | None, str]:
    """The zone that the words tell (Korean ones: Korea's), and the text as ISO has it."""
    korean = any(word in text for word in ("년", "오전", "오후"))
    found = _EAST_ASIAN.fullmatch(text)
    if found:
        clock = re.sub(r"\s?[時时시点點]\s?", ":", found["rest"]).strip()
        clock = re.sub(r"\s?[分분](?=\s?\d)\s?", ":", clock)
        clock = re.sub(r"[分분秒초]\s?", "", clock).strip(" :")
        text = f"{found['year']}-{found['month']}-{found['day']} {clock}".strip()
    half = _HALVES.search(text)
    if half:
        text = (
            f"{text[: half.start()]}{half['clock']} {'pm' if half['half'] in _AFTERNOON else 'am'}"
        )
    return (_KOREA if korean else None), text


def _arabic_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in text)
