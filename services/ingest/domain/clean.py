"""Wire text to article text: what is not a sentence of the article goes, and what it said is kept.

Removed are photo captions and credits, bylines, crossheads, the dateline, closing credits, agency
names and desk initials, stray separators. No sentence is rewritten: each line of the result stands
in the input.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import msgspec

from services.ingest.domain.agencies import Agencies
from services.ingest.domain.bylines import unsigned
from services.ingest.domain.endings import SENTENCE_END

MAX_CHARACTERS = 400_000  # far above any article; what is longer is cut and flagged


class Removed(msgspec.Struct, frozen=True):
    """A piece that was taken out, and what it was taken for."""

    kind: str
    text: str


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """An article's text and what the wire's wrapping said. `text` has one paragraph a line."""

    text: str
    title: str | None = None
    agency: str | None = None
    dateline: str | None = None
    byline: str | None = None
    removed: tuple[Removed, ...] = ()
    flags: tuple[str, ...] = ()


_FILE_CAPTION = re.compile(
    r"^\((?:FILE|ARCHIVE|ARCHIVO|Undated)\b|^FILE (?:PHOTO|-|–|—)", re.IGNORECASE
)
_CREDIT = re.compile(
    r"^[–—-]\s*\S.{0,80}/\S.{0,80}$"
    r"|^(?:Photo|Image|Picture|Credit|Photograph)s?(?: by| credit| courtesy)?\s*:\s?\S"
    r"|^\(?(?:AP|AFP|EFE|EPA|Reuters|Getty)(?: Photo| Images)?\s?/\s?\S.{0,80}$"
)
_INITIALS = re.compile(r"^\(?[a-z]{2,4}(?:[/-][a-z]{2,4}){1,3}\)?$")
_RULE = re.compile(r"^[\s|*_=~•·#-]{1,40}$")
_RELATED = re.compile(
    r"^(?:Read (?:also|more|next)|Also read|See also|Related(?: (?:news|stories|articles))?"
    r"|Lea también|Lee también|Vea también|Lire aussi|Lesen Sie auch|Leia (?:também|mais)"
    r"|Leggi anche|Читайте также)\s?:"
    r"|^Our Standards: The Thomson Reuters Trust Principles\b"
    r"|^(?:©|\(c\)|Copyright\b)[^.]{0,80}\b(?:19|20)\d\d\b.{0,200}$",
    re.IGNORECASE,
)
_DATELINE = re.compile(
    r"^(?P<place>[A-ZÀ-Þ][\w.'’-]*(?:[ /][A-ZÀ-Þa-z][\w.'’-]*){0,3}(?:, [A-ZÀ-Þ][\w.'’ ]{1,30})??)"
    r"(?:,? (?P<day>(?:[A-Z][a-z]{2,8}\.? \d{1,2}|\d{1,2} [A-Z][a-z]{2,8}\.?)(?:,? \d{4})?))?"
    r" ?\((?P<agency>[A-ZÀ-Þ][\w .&'’-]{1,30})\)\s?\.?\s?(?:[-–—:]{1,2}|$)\s*"
)
_SHORT_WORDS = 16
_CROSSHEAD_WORDS = 12
_DATELINE_CHARACTERS = 160
_INVISIBLE = frozenset(["Cc", "Cf", "Co"])
_KEPT = "\n\t\u200c\u200d"  # the joiners belong to the spelling of Persian and the Indic scripts
_TITLE_WORDS = 30
_SMALL = frozenset(
    "a an and as at by for from in into of on or over the to with after amid".split()
)


def clean(raw: str, agencies: Agencies, *, title: str | None = None) -> Cleaned:
    """The article in `raw`; cleaning what is clean changes nothing but what a title given adds."""
    text, flags = _normalise(raw)
    lines = [line.strip() for line in text.split("\n")]
    removed: list[Removed] = []
    kept = _without_wrapping([line for line in lines if line], removed)
    signed = unsigned(kept, agencies)
    removed.extend(Removed("byline", each) for each in signed.taken)
    kept = signed.lines
    if title is None:
        title, kept = _title(kept)
    elif kept and kept[0] == title.strip() and len(kept) > 1:
        kept = kept[1:]
    kept = _without_crossheads(kept, removed)
    dateline, agency, kept = _dateline(kept, agencies, removed)
    kept, tail = _tail(kept, agencies, removed)
    agency = agency or tail or signed.agency or agencies.credited(kept[:2])
    return Cleaned(
        text="\n".join(kept),
        title=title.strip() if title else None,
        agency=agency,
        dateline=dateline,
        byline=signed.byline,
        removed=tuple(removed),
        flags=flags,
    )


def _normalise(raw: str) -> tuple[str, tuple[str, ...]]:
    """Unicode in composed form without what cannot be seen or sent; flags what was cut."""
    flags = []
    if len(raw) > MAX_CHARACTERS:
        raw = raw[:MAX_CHARACTERS]
        flags.append("truncated")
    text = raw.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n")
    text = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate becomes "?"
    text = unicodedata.normalize("NFC", text)
    # Of the letters in use only: a text has thousands of characters, and seldom a hundred kinds.
    hidden = [c for c in set(text) if c not in _KEPT and unicodedata.category(c) in _INVISIBLE]
    return text.translate(dict.fromkeys(map(ord, hidden))) if hidden else text, tuple(flags)


def _without_wrapping(lines: Sequence[str], removed: list[Removed]) -> list[str]:
    counts = Counter(lines)
    kept: list[str] = []
    for place, line in enumerate(lines):
        following = lines[place + 1] if place + 1 < len(lines) else ""
        kind = _wrapping(line, following, counts[line])
        if kind:
            removed.append(Removed(kind, line))
        else:
            kept.append(line)
    return kept


def _wrapping(line: str, following: str, count: int) -> str | None:
    short = len(line.split()) <= _SHORT_WORDS and not SENTENCE_END.search(line)
    if _RULE.match(line):
        return "separator"
    if _FILE_CAPTION.match(line):
        return "caption"
    if _CREDIT.match(line):
        return "credit"
    if _RELATED.match(line):
        return "related"
    if _INITIALS.match(line):
        return "initials"
    # A caption stands above its credit, or twice: as the picture's text and below it.
    if short and (count > 1 or _CREDIT.match(following)):
        return "caption"
    return None


def _title(lines: list[str]) -> tuple[str | None, list[str]]:
    """The first heading among the first two lines, if sentences follow it."""
    for place, line in enumerate(lines[:2]):
        words = line.split()
        heading = not SENTENCE_END.search(line) and 3 <= len(words) <= _TITLE_WORDS
        if heading and len(lines) > place + 1 and (place == 0 or _title_case(words)):
            return line, lines[:place] + lines[place + 1 :]
    return None, lines


def _title_case(words: Sequence[str]) -> bool:
    long = [word for word in words if word.lower() not in _SMALL and word[0].isalpha()]
    return sum(word[0].isupper() for word in long) >= 0.8 * len(long)


def _without_crossheads(lines: list[str], removed: list[Removed]) -> list[str]:
    """Headings between paragraphs go: a coder would read them as sentences of the article."""
    kept: list[str] = []
    for place, line in enumerate(lines):
        heading = (
            len(line.split()) <= _CROSSHEAD_WORDS
            and not SENTENCE_END.search(line)
            and line[0].isupper()
            and 0 < place < len(lines) - 1
        )
        if heading and not _DATELINE.match(line[:_DATELINE_CHARACTERS]):
            removed.append(Removed("crosshead", line))
        else:
            kept.append(line)
    return kept


def _dateline(
    lines: list[str], agencies: Agencies, removed: list[Removed]
) -> tuple[str | None, str | None, list[str]]:
    for place, line in enumerate(lines[:3]):
        found = _DATELINE.match(line[:_DATELINE_CHARACTERS])
        if found:
            removed.append(Removed("dateline", found.group().strip()))
            rest = line[found.end() :]
            kept = [*lines[:place], *([rest] if rest else []), *lines[place + 1 :]]
            return found["place"].strip(), agencies.name(found["agency"]) or found["agency"], kept
    return None, None, lines


def _tail(
    lines: list[str], agencies: Agencies, removed: list[Removed]
) -> tuple[list[str], str | None]:
    """Takes an agency's name off the end: alone on a line, or after the last full stop."""
    if not lines:
        return lines, None
    head, last = lines[:-1], lines[-1]
    name = agencies.name(last.strip("() ."))
    if name and head:
        removed.append(Removed("agency", last))
        return head, name
    sentence, _, word = last.rpartition(" ")
    name = agencies.name(word.strip("()")) if SENTENCE_END.search(sentence) else None
    if name:
        removed.append(Removed("agency", word))
        return [*head, sentence], name
    return lines, None
