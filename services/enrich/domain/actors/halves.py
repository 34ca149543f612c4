"""The other half of a divided country: "North Korea shells South", "the North"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.enrich.domain.actors.gazetteer import STATE, Name

if TYPE_CHECKING:
    from services.enrich.domain.language.tokens import Sentence

# By the state that is named: what its other half is called, and which state that is.
_HALVES: Final = {
    "PRK": ("South", "KOR"),
    "KOR": ("North", "PRK"),
}


def halves(sentence: Sentence, names: dict[int, Name]) -> dict[int, Name]:
    """The tokens that stand for the other half of a country named in the sentence."""
    found = {}
    for code in {name.code[:3] for name in names.values()} & _HALVES.keys():
        word, other = _HALVES[code]
        for token in sentence.tokens:
            if token.i in names or token.text.removesuffix("'s") not in (word, f"{word}ern"):
                continue
            after = sentence.tokens[token.i + 1].text if token.i + 1 < len(sentence.tokens) else ""
            if after not in ("Korea", "Korean", "Koreans"):
                found[token.i] = Name(word, other, STATE)
    return found
