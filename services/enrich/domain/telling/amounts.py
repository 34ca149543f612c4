"""How many: counts of people and things, and sums of money, with their bounds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.messages import Bound, Magnitude

if TYPE_CHECKING:
    from services.enrich.domain.language.tokens import Sentence
    from services.enrich.domain.lexicon import Lexicon

_MONEY = re.compile(
    r"(?:US)?\$\s?(?P<a>\d[\d,.]*)(?:\s?(?P<am>million|billion|trillion|m|bn)\b)?"
    r"|(?P<b>\d[\d,.]*)\s(?:(?P<bm>million|billion|trillion)\s)?(?:US\s|U\.S\.\s)?dollars",
    re.IGNORECASE,
)
_SCALE = {"million": 10**6, "m": 10**6, "billion": 10**9, "bn": 10**9, "trillion": 10**12}
_LOWER = (
    "at least",
    "more than",
    "over",
    "no fewer than",
    "upwards of",
    "minimum of",
    "as many as",
    "above",
)
_UPPER = (
    "up to",
    "at most",
    "fewer than",
    "less than",
    "no more than",
    "under",
    "nearly",
    "almost",
)
_APPROX = (
    "around",
    "about",
    "some",
    "roughly",
    "approximately",
    "an estimated",
    "estimated",
    "close to",
    "circa",
)


def money(s: Sentence) -> list[Magnitude]:
    """The sums of money in a sentence, in dollars."""
    found = []
    for match in _MONEY.finditer(s.text):
        value = _number(match["a"] or match["b"])
        if value is not None:
            scale = _SCALE.get((match["am"] or match["bm"] or "").lower(), 1)
            text = match.group().rstrip(" ,.")
            found.append(Magnitude(text=text, value=value * scale, unit="USD"))
    return found


def counts(s: Sentence, heads: list[int], lexicon: Lexicon) -> list[Magnitude]:
    """The counts of the things these phrases name, and of what is joined to them."""
    found: list[Magnitude] = []
    seen: set[int] = set()
    todo = list(heads)
    while todo:
        i = todo.pop(0)
        if i in seen:
            continue
        seen.add(i)
        one = _count(s, i, lexicon)
        if one and all(one.text != other.text for other in found):
            found.append(one)
        todo.extend(_below(s, i))
    return found


def _below(s: Sentence, i: int) -> list[int]:
    found = [k for k in s.kids(i, "conj", "appos") if s.tokens[k].is_noun]
    for k in s.kids(i, "prep"):
        if s.tokens[k].lower in {"of", "including", "with"}:
            found.extend(s.kids(k, "pobj"))
    return found


def _count(s: Sentence, i: int, lexicon: Lexicon) -> Magnitude | None:
    token = s.tokens[i]
    unit = lexicon.units.get(token.lemma)
    if unit is None and token.tag == "NNPS":
        unit = "persons"  # "238 Venezuelans"
    if unit is None:
        return None
    numbers = [k for k in s.kids(i, "nummod") if _value(s, k, lexicon) is not None]
    if not numbers:
        return _single(s, i, unit) or _hundreds(s, i, unit, lexicon)
    number = numbers[0]
    value = _value(s, number, lexicon)
    first = min((k for k in s.subtree(number) if k <= i), default=i)
    bound, first = _bound(s, first)
    text = s.slice([first, i])
    return Magnitude(text=text, value=value or 0.0, unit=unit, bound=bound)


def _single(s: Sentence, i: int, unit: str) -> Magnitude | None:
    """As in "an attack submarine" is one, where things and not people are counted."""
    det = s.kid(i, "det")
    if det is None or s.tokens[det].lower not in {"a", "an"} or unit == "persons":
        return None
    return Magnitude(text=s.slice([det, i]), value=1.0, unit=unit)


def _hundreds(s: Sentence, i: int, unit: str, lexicon: Lexicon) -> Magnitude | None:
    """As in "hundreds of thousands of immigrants": at least the product."""
    value, one, top = 1.0, i, None
    while True:
        prep = s.head(one)
        up = s.head(prep) if prep is not None else None
        if up is None or prep is None or s.tokens[prep].lower != "of":
            break
        number = lexicon.numbers.get(s.tokens[up].lower)
        if number is None:
            break
        value, one, top = value * number, up, up
        for k in s.kids(up, "quantmod", "nummod", "compound"):
            extra = lexicon.numbers.get(s.tokens[k].lower)
            if extra:
                value, top = value * extra, min(top, k)
    if top is None:
        return None
    return Magnitude(text=s.slice([top, i]), value=value, unit=unit, bound=Bound.LOWER)


def _value(s: Sentence, k: int, lexicon: Lexicon) -> float | None:
    """The value of a numeral and those compounded below it: "4.5 million"."""
    token = s.tokens[k]
    value = _number(token.text) or lexicon.numbers.get(token.lower)
    if value is None:
        return None
    for below in s.kids(k, "compound", "nummod"):
        part = _number(s.tokens[below].text) or lexicon.numbers.get(s.tokens[below].lower)
        if part:
            value = value * part
    return float(value)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "").rstrip("."))
    except ValueError:
        return None


def _bound(s: Sentence, first: int) -> tuple[Bound, int]:
    """The bound the words before (or at) token `first` set, and where the phrase then begins."""
    words = [token.lower for token in s.tokens]
    for phrases, bound in ((_LOWER, Bound.LOWER), (_UPPER, Bound.UPPER), (_APPROX, Bound.APPROX)):
        for phrase in phrases:
            parts = phrase.split()
            for begin in (first, first - len(parts)):
                if begin >= 0 and words[begin : begin + len(parts)] == parts:
                    return bound, begin
    return Bound.EXACT, first
