"""Raw text made safe to parse, and cut into sentences, without moving a single offset."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_CHARACTERS = 60_000  # about 10,000 words; a wire story is 450
MAX_RUN = 200  # the parser is quadratic on unbroken runs (stack.md)
MAX_SENTENCE = 1_500  # longer ones are cut: no honest sentence is
MAX_QUOTE = 600  # a longer quotation is cut into its sentences

_SMALL = 3  # letters of a word too small to tell a headline's case
_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE_LINES = 40
_WRAP_FROM, _WRAP_TO = 45, 82  # the lengths of lines that a machine broke
_SOFT_BREAK = re.compile(r"(?<=[a-z,])\n(?=[a-z])")
_ANY_BREAK = re.compile(r"\n(?=\S)")
_LINE = re.compile(r"[^\r\n]+")
_STOP = re.compile(r"[.!?…][\"'”’)\]]{0,3}\s+(?=[\"'“‘(\[]{0,2}[A-Z0-9À-Þ])")
_UNSAFE = re.compile(
    "[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_LOOSE_POSSESSIVE = re.compile(r"(?<=\w) ' s(?=\W)")  # text that came in tokens
_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "„": '"', "«": '"', "»": '"'})
# An aside splits the clause it interrupts: "instigated - he pointed out - by".
_ASIDE = re.compile(
    r"(?<=\w)\s?[,\u2013\u2014-] (?:he|she|they) "
    r"(?:said|says|added|pointed out|noted|stated|stressed|claimed)"
    r"\s?[,\u2013\u2014-](?= )"
)
# Who says so, at the end of a headline: "Israel bombs Gaza - witnesses".
_CREDIT = re.compile(
    r"\s?[-:]\s?(?:[\w.'&]+ ){0,3}"
    r"(?:witness(?:es)?|reports?|agency|officials?|police|army|military|media|tv|radio|sources?|"
    r"papers?|newspaper|medics?|doctors?|lawyers?|spokes(?:wo)?man|ministry|minister|envoy|pm|"
    r"govt|government|groups?|watchdog|data|polls?|survey|analysts?|rebels|monitors?|residents|"
    r"U\.?S\.?|U\.?N\.?|NATO|EU|UK|AP|AFP|Reuters|Xinhua|Interfax)$",
    re.IGNORECASE,
)
_RUN = re.compile(rf"\S{{{MAX_RUN + 1},}}")
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr gen col lt sgt maj capt cmdr adm sen rep gov pres prof st jr sr inc ltd co corp "
    "vs no jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun rev hon "
    "min u.s u.k u.n e.g i.e etc d.c a.m p.m fig al messrs brig amb ft mt".split()
)


class Span(NamedTuple):
    """A stretch of the text, end exclusive."""

    start: int
    end: int


def tidy(text: str) -> tuple[str, bool]:
    """The text as the parser may see it, of the same length up to the cap, and whether it was cut.

    Controls, direction marks and lone surrogates become spaces, curly quotes straight ones.
    """
    cut = text[:MAX_CHARACTERS]
    plain = _UNSAFE.sub(" ", cut).translate(_QUOTES)
    if " ' s" in plain:
        plain = _LOOSE_POSSESSIVE.sub("  's", plain)
    return _unwrapped(plain), len(text) > MAX_CHARACTERS


def _unwrapped(text: str) -> str:
    """The text with breaks inside sentences as spaces: old wires wrap at 65 letters."""
    lines = text.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES]
    full = sum(_WRAP_FROM <= len(line) <= _WRAP_TO for line in lines)
    wrapped = len(lines) > _SMALL and 2 * full > len(lines)
    return (_ANY_BREAK if wrapped else _SOFT_BREAK).sub(" ", text)


def sentences(text: str) -> list[Span]:
    """The sentences of a tidy text, line by line, abbreviations and quotations kept whole."""
    found: list[Span] = []
    for line in _LINE.finditer(text):
        found.extend(_cut_line(text, line.start(), line.end()))
    return found


def _cut_line(text: str, start: int, end: int) -> list[Span]:
    found: list[Span] = []
    begin = start
    for stop in _STOP.finditer(text, start, end):
        if _ends_sentence(text, begin, stop):
            found.extend(_trim(text, begin, stop.end()))
            begin = stop.end()
    found.extend(_trim(text, begin, end))
    return found


def _ends_sentence(text: str, begin: int, stop: re.Match[str]) -> bool:
    if text[stop.start()] == ".":
        words = text[max(begin, stop.start() - 12) : stop.start()].split()
        word = words[-1] if words else ""
        bare = word.lstrip("\"'([").lower()
        # "U.S. Officials said" stays whole too often rather than "the U.S." alone.
        if bare in _ABBREVIATIONS or (len(bare) == 1 and bare.isalpha()):
            return False
    # A quotation is kept with its speaker, who stands after its end.
    opened = text.count('"', begin, stop.end()) % 2 == 1
    return not opened or stop.end() - begin > MAX_QUOTE


def _trim(text: str, start: int, end: int) -> list[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return [Span(at, min(at + MAX_SENTENCE, end)) for at in range(start, end, MAX_SENTENCE)]


def is_title_case(text: str) -> bool:
    """Whether most words of a line without a full stop begin with capitals."""
    if text.endswith("."):
        return False
    words = [word for word in _WORD.findall(text) if len(word) > _SMALL]
    return len(words) > _SMALL and sum(word[0].isupper() for word in words) > 0.75 * len(words)


def sentence_case(text: str, names: list[tuple[int, int]]) -> str:
    """A headline in Title Case with only its names in capitals; other text as it is."""
    letters = list(text)
    for word in _WORD.finditer(text):
        start, end = word.span()
        named = any(begin < end and start < stop for begin, stop in names)
        if start and not named and not word.group().isupper():
            letters[start] = letters[start].lower()
    return "".join(letters)


def safe(text: str) -> str:
    """A sentence that cannot make the parser quadratic: cut, long runs broken, offsets kept."""
    cut = _RUN.sub(_break_run, text)
    if "-" in cut[-40:] or ":" in cut[-40:]:
        cut = _CREDIT.sub(_blank, cut)
    return _ASIDE.sub(_blank, cut)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())


def _break_run(run: re.Match[str]) -> str:
    kept = run.group()[:MAX_RUN]
    return kept + " " * (len(run.group()) - MAX_RUN)
