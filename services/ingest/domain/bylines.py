"""Who wrote a wire text: lines at its head that name its author, credits at its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from services.ingest.domain.agencies import Agencies
from services.ingest.domain.dates.words import FIELD_MONTHS, LONG_WEEKDAYS
from services.ingest.domain.endings import SENTENCE_END


class Signed(msgspec.Struct, frozen=True):
    """A text's lines without those that sign it, what those were, and whom they name."""

    lines: list[str]
    taken: tuple[str, ...] = ()
    byline: str | None = None
    agency: str | None = None


_CAPITAL: Final = r"[^\W\d_a-zß-öø-ÿ]"
_WORD: Final = rf"{_CAPITAL}[\w.'’-]{{0,30}}"
_PARTICLE: Final = r"(?:al|el|bin|ben|ibn|de|del|della|di|da|dos|la|le|van|von|der|den|ter|du|of)"
_NAME: Final = rf"{_WORD}(?:\s(?:{_PARTICLE}\s){{0,2}}{_WORD}){{0,4}}"
_AND: Final = r"(?:,\s(?:and\s|AND\s)?|\s(?:and|AND|&|y|et|und|e|with)\s)"
_BYLINE: Final = re.compile(
    rf"(?:By|BY|Por|POR|Par|PAR|Von|VON)\s(?P<names>{_NAME}(?:{_AND}{_NAME}){{0,7}})"
    rf"(?:\s?[|/–—-]\s?(?P<house>[^|.!?:;]{{1,60}})|\s\((?P<inside>[^()]{{1,40}})\)"
    rf"|,?\s(?:in|en|at)\s{_NAME}(?:{_AND}{_NAME}){{0,2}})?"
)
_CREDITED: Final = (
    r"(?:(?:additional|further|extra)\s)?(?:reporting|writing|editing|compiled|written|edited"
    r"|reported|translated|translation|production|graphics?|photography)(?:\sand\s(?:writing|editing"
    r"|reporting|production))?\sby\s|(?:reporte|reportaje|información|redacción|escrito|editado"
    r"|edición|traducido)(?:\s(?:adicional|en\sespañol))?\s(?:de|por)\s"
)
_CREDIT_LINE: Final = re.compile(rf"\(?\s?(?:{_CREDITED})[^()!?]{{2,500}}\)?\.?", re.IGNORECASE)
_CREDIT_TAIL: Final = re.compile(rf"\s\((?:{_CREDITED})[^()]{{2,500}}\)\.?$", re.IGNORECASE)
_REPORTERS: Final = re.compile(
    r"(?:^|[(;,]\s?)(?i:Reporting|Written|Reported|Reporte|Reportaje|Información)(?i:\sand\swriting)?"
    rf"\s(?:by|de|por)\s(?P<names>{_NAME}(?:\sin\s{_NAME})?(?:{_AND}{_NAME}(?:\sin\s{_NAME})?){{0,9}})"
)
_PLACE: Final = re.compile(rf"\s(?:in|en|at)\s{_NAME}$")
_OFFICE: Final = re.compile(
    r"(?:(?:Senior|Chief|Foreign|Diplomatic|Defen[cs]e|Political|Special|Staff|World|National|News"
    r"|Associated Press|AP|Our|Middle East|Europe|Asia|Africa)\s){0,4}(?:Staff|Writers?|Reporters?"
    r"|Correspondents?|Editors?|Bureau|Desk|Agencies|Agency|Newsroom|Team|Service)",
    re.IGNORECASE,
)
_NO_NAMES: Final = frozenset(
    "the this that these those a an his her their its our my then now all both no not far law land"
    " sea air force night day noon dawn dusk midnight contrast comparison way end".split()
) | {word.casefold() for word in LONG_WEEKDAYS}
_SUFFIX: Final = re.compile(r"\s(?:Jr|Sr|Jnr|Snr)\.$")
_HEAD_LINES, _TAIL_LINES = 4, 3
_LONGEST: Final = 200  # characters of a byline
_LONGEST_CREDIT: Final = 700


def unsigned(lines: Sequence[str], agencies: Agencies) -> Signed:
    """The lines without bylines at the head and credits at the end.

    What ends as a sentence does is no byline, and of a last paragraph only a credit in
    parentheses goes, so no sentence is lost.
    """
    kept: list[str] = []
    taken: list[str] = []
    names: list[str] = []
    agency = None
    for line in lines:
        found = _byline(line, agencies) if len(kept) < _HEAD_LINES and len(lines) > 1 else None
        if found is None:
            kept.append(line)
            continue
        taken.append(line)
        names.extend(found[0])
        agency = agency or found[1]
    kept, credits_ = _without_credits(kept)
    if not names:
        names = [name for each in credits_ for name in _reporters(each)]
    byline = ", ".join(dict.fromkeys(names))[:_LONGEST] or None
    return Signed(kept, (*taken, *credits_), byline, agency)


def _byline(line: str, agencies: Agencies) -> tuple[list[str], str | None] | None:
    """The names in a line that is a byline and nothing else, and the agency it is signed with."""
    if len(line) > _LONGEST or (SENTENCE_END.search(line) and not _SUFFIX.search(line)):
        return None
    found = _BYLINE.fullmatch(line)
    if found is None or any(character.isdigit() for character in line):
        return None  # a date beside it is still to be read
    words = [word.casefold() for word in found["names"].split()]
    if words[0] in _NO_NAMES or words[0] in FIELD_MONTHS:
        return None
    pieces = [*re.split(_AND, found["names"]), found["house"] or "", found["inside"] or ""]
    names: list[str] = []
    agency = None
    for piece in filter(None, map(str.strip, pieces)):
        name, house = _parted(piece, agencies)
        agency = agency or house
        if name:
            names.append(name)
    if found["house"] and names and not agency:
        names = names[:-1] or names  # "By Jane Doe | The Example Times"
    if not agency and not any(" " in name for name in names) and not _OFFICE.fullmatch(line[3:]):
        return None  # "By Land" is a heading
    return names, agency


def _parted(piece: str, agencies: Agencies) -> tuple[str, str | None]:
    """A name without the agency or the office that follows it."""
    if agencies.name(piece) or _OFFICE.fullmatch(piece):
        return "", agencies.name(piece)
    words = piece.split()
    for count in (3, 2, 1):
        house = agencies.name(" ".join(words[-count:])) if len(words) > count + 1 else None
        if house:
            return " ".join(words[:-count]), house
    return piece, None


def _without_credits(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    kept = list(lines)
    taken: list[str] = []
    for place in range(len(kept) - 1, max(-1, len(kept) - 1 - _TAIL_LINES), -1):
        line = kept[place]
        if len(line) <= _LONGEST_CREDIT and _CREDIT_LINE.fullmatch(line) and len(kept) > 1:
            taken.insert(0, kept.pop(place))
            continue
        found = _CREDIT_TAIL.search(line, max(0, len(line) - _LONGEST_CREDIT))
        if found and SENTENCE_END.search(line[: found.start()]):
            taken.insert(0, found.group().strip())
            kept[place] = line[: found.start()]
    return kept, taken


def _reporters(credit: str) -> list[str]:
    found = _REPORTERS.search(credit)
    if found is None:
        return []
    return [_PLACE.sub("", name).strip() for name in re.split(_AND, found["names"])]
