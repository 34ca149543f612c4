"""Whether two texts are copies of one story: shingles, MinHash bands to find it, figures to refuse.

Found by bands of a MinHash (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive
Datasets, chapter 3), decided on the shingles themselves. The numbers below were calibrated on
Reuters-21578 (docs/decisions/ingest-figures-tell-templates.md).
"""

from __future__ import annotations

import itertools
import re
import struct
import unicodedata
import zlib
from array import array
from collections import defaultdict
from typing import Final, NamedTuple

import msgspec
import rensa

BANDS: Final = 32
_ROWS: Final = 2
BAND_BYTES: Final = 4 * _ROWS
_SEED: Final = 7  # any; another one is another index
_WORDS: Final = 3  # of a shingle
_KEPT: Final = 256  # shingles kept of a long text, those of the lowest hashes
_FIGURES_KEPT: Final = 64
_FEWEST: Final = 20  # shingles: below, only the same words are the same story
_FEWEST_WITHIN: Final = 24  # of a text said to stand within another
_JACCARD: Final = 0.5
_CONTAINMENT: Final = 0.8
_REWRITTEN_JACCARD: Final = 0.36  # of texts that share as many shingles as the next line says,
_REWRITTEN_SHARED: Final = 35  # and no figure differs
_CONFLICTS: Final = 0.1  # share of common places where the figures differ; more is a template
_CONTRADICTION: Final = 0.3  # the same share; more, in texts as alike as the next line says,
_TEMPLATE_JACCARD: Final = 0.2  # and no copy of the one is a copy of the other
_VERBATIM: Final = 0.97  # of the shorter text: then it is a copy, whatever figure was corrected


class Likeness(NamedTuple):
    """How alike two texts are as copies of one story, 0 if they are none; whether they cannot be.

    They cannot if, where both tell a figure of the same thing, it is too often another one.
    """

    score: float
    contradicts: bool


_NOTHING: Final = Likeness(0.0, contradicts=False)

# A script without spaces has no words to find: each of its characters stands for one.
_TOKEN: Final = re.compile(
    r"\d[\d.,/-]*\d|\d|[\u0e00-\u0eff\u2e80-\u9fff]|[^\W\d_\u0e00-\u0eff\u2e80-\u9fff]+"
)
_FEW_KINDS: Final = 40
_ASCII_TOKEN: Final = re.compile(r"[a-z]+|\d[\d.,/-]*\d|\d")
_FIGURE_WORDS: Final = frozenset(
    "two three four five six seven eight nine ten eleven twelve rose fell up down "
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sept sep oct nov dec "
    "monday tuesday wednesday thursday friday saturday sunday".split()
)


class Sketch(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a text. `shingles` and `figures` are 32-bit numbers, sorted.

    A figure is 16 bits of the words around it, then 16 bits of itself.
    """

    shingles: bytes
    figures: bytes


def sketch(text: str) -> tuple[Sketch, bytes]:
    """The sketch of a text, and its bands, `BAND_BYTES` each; a short text has no bands."""
    tokens = _tokens(text)
    shingles = _shingles(tokens)
    if len(shingles) < _FEWEST:
        return Sketch(b"", b""), b""
    kept = sorted(shingles)[:_KEPT]
    return Sketch(_packed(kept), _packed(_figures(tokens))), _bands(shingles)


def likeness(one: Sketch, other: Sketch) -> Likeness:
    """Whether one is a copy of the other, cut, dressed or with a new lead, and how close."""
    a, b = _numbers(one.shingles), _numbers(other.shingles)
    if not a or not b:
        return _NOTHING
    # Of a long text the lowest hashes are kept: below the lower of both limits nothing is missing.
    limit = min(each[-1] if len(each) == _KEPT else 2**32 - 1 for each in (a, b))
    first, second = {x for x in a if x <= limit}, {x for x in b if x <= limit}
    shared, fewer = len(first & second), min(len(first), len(second))
    if not shared:
        return _NOTHING
    jaccard = shared / (len(first) + len(second) - shared)
    within = shared / fewer if fewer >= _FEWEST_WITHIN else 0.0
    conflict = 0.0 if within >= _VERBATIM else _conflict(one.figures, other.figures)
    if conflict > _CONFLICTS:
        contradicts = conflict > _CONTRADICTION and jaccard >= _TEMPLATE_JACCARD
        return Likeness(0.0, contradicts=contradicts)
    whole = shared * 2**32 / (limit + 1)
    rewritten = jaccard >= _REWRITTEN_JACCARD and whole >= _REWRITTEN_SHARED and not conflict
    copied = jaccard >= _JACCARD or within >= _CONTAINMENT or rewritten
    return Likeness(max(jaccard, within / 2) if copied else 0.0, contradicts=False)


def _tokens(text: str) -> list[str]:
    """Words and figures without case, accents and the shapes of letters."""
    text = text.casefold()
    if text.isascii():
        return _ASCII_TOKEN.findall(text)
    parts = unicodedata.normalize("NFKD", text.encode("utf-8", "replace").decode())
    spelt = {each: _spelt(each) for each in set(parts) if each > "\x7f"}
    changed = [each for each in spelt if each != spelt[each]]
    if len(changed) > _FEW_KINDS:
        parts = parts.translate({ord(each): spelt[each] for each in changed})
    else:  # half the time, of the few quotes and accents that most texts have
        for each in changed:
            parts = parts.replace(each, spelt[each])
    return (_ASCII_TOKEN if parts.isascii() else _TOKEN).findall(parts)


def _spelt(character: str) -> str:
    """A digit of any script as ours, an accent as nothing, what is no letter as a space."""
    if unicodedata.combining(character):
        return ""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return character if character.isalnum() else " "


def _shingles(tokens: list[str]) -> set[int]:
    """The hashes of each three tokens in a row."""
    words = [token.encode() for token in tokens]
    ends = list(itertools.accumulate(map(len, words)))
    places = map(slice, [0, *ends], ends[_WORDS - 1 :])  # the ends are fewer
    return set(map(zlib.crc32, map(b"".join(words).__getitem__, places)))


def _bands(shingles: set[int]) -> bytes:
    """Each row's smallest hash as it is: of two rows, so many bytes are a name of their own."""
    tokens, rows = array("Q", shingles), array("Q", (0, len(shingles)))
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(tokens, rows, BANDS * _ROWS, _SEED)
    return _packed(matrix.to_rows()[0])


def _figures(tokens: list[str]) -> list[int]:
    """Numbers, days, months and directions, each with the words beside it."""
    marked = ["#" if word < ":" or word in _FIGURE_WORDS else word for word in tokens]
    beside = ["", *marked, ""]
    found = {
        (_short(f"{beside[place]} {beside[place + 2]}") << 16) | _short(tokens[place])
        for place, mark in enumerate(marked)
        if mark == "#"  # no token is that; a figure's first character stands below ":"
    }
    return sorted(found)[:_FIGURES_KEPT]


def _conflict(one: bytes, other: bytes) -> float:
    """Of the places that both texts have, the share in which no figure is the same."""
    a, b = _by_place(one), _by_place(other)
    common = a.keys() & b.keys()
    return sum(not a[place] & b[place] for place in common) / len(common) if common else 0.0


def _by_place(figures: bytes) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for each in _numbers(figures):
        found[each >> 16].add(each & 0xFFFF)
    return found


def _short(text: str) -> int:
    return zlib.crc32(text.encode()) & 0xFFFF


def _packed(numbers: list[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data)
