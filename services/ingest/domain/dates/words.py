"""The words of dates: months in the languages wires are written in, weekdays, zones of time."""

from __future__ import annotations

from typing import Final

_ENGLISH: Final = (
    "January Jan",
    "February Feb",
    "March Mar",
    "April Apr",
    "May",
    "June Jun",
    "July Jul",
    "August Aug",
    "September Sept Sep",
    "October Oct",
    "November Nov",
    "December Dec",
)
# Spanish, French, German, Portuguese, Italian. In full they stand in any text; what is short stands
# in datelines only, where "ago", "set" and "out" are no English words.
_FOREIGN: Final = (
    "enero janvier januar janeiro gennaio",
    "febrero février februar fevereiro febbraio",
    "marzo mars märz março",
    "abril avril aprile",
    "mayo mai maio maggio",
    "junio juin juni junho giugno",
    "julio juillet juli julho luglio",
    "agosto août",
    "septiembre septembre setembro settembre",
    "octubre octobre oktober outubro ottobre",
    "noviembre novembre novembro",
    "diciembre décembre dezember dezembro dicembre",
)
_SHORT: Final = (
    "ene jan janv gen",
    "feb fev févr fév",
    "mar mär",
    "abr avr apr",
    "mag may",
    "jun giu",
    "jul juil lug",
    "ago aug",
    "sep sept set",
    "oct okt out ott",
    "nov",
    "dic déc dez dec",
)


def _spellings(rows: tuple[str, ...], *, lower: bool) -> dict[str, int]:
    return {
        form: number
        for number, names in enumerate(rows, 1)
        for name in names.split()
        for form in (name.capitalize(), name.upper(), *([name] if lower else []))
    }


# A small "march" or "may" is a verb, so English months need their capital.
ENGLISH_MONTHS: Final = _spellings(_ENGLISH, lower=False)
TEXT_MONTHS: Final = ENGLISH_MONTHS | _spellings(_FOREIGN, lower=True)
DATELINE_MONTHS: Final = TEXT_MONTHS | _spellings(_SHORT, lower=True)

_WEEKDAYS: Final = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
WEEKDAYS: Final = {
    form: number
    for number, name in enumerate(_WEEKDAYS)
    for short in (name, name[:3], name[:4])
    for form in (short, short.upper())
} | {"Thurs": 3, "THURS": 3}
LONG_WEEKDAYS: Final = {name: number for number, name in enumerate(_WEEKDAYS)}

# Hours east of Greenwich. A name that means several zones (IST, ET, CST in Beijing) is not here:
# its time is read as UTC and flagged.
ZONES: Final = {
    "Z": 0,
    "GMT": 0,
    "UTC": 0,
    "UT": 0,
    "WET": 0,
    "BST": 1,
    "CET": 1,
    "CEST": 2,
    "EET": 2,
    "EEST": 3,
    "MSK": 3,
    "PKT": 5,
    "HKT": 8,
    "JST": 9,
    "KST": 9,
    "EDT": -4,
    "EST": -5,
    "CDT": -5,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}

NUMBERS: Final = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
} | {"a": 1, "an": 1}
