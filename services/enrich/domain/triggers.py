"""The words that may tell an act, and the keywords, found in raw text in any of their forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from services.enrich.domain.language import morphology

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from services.enrich.domain.lexicon import Lexicon

    Irregular = Mapping[str, Mapping[str, Sequence[str]]]

_NEGATIONS = tuple(
    "not never longer cannot can't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't "
    "hasn't haven't hadn't".split()
)
_PARTS = re.compile(r"[\s-]+")


class Found(NamedTuple):
    """A word of the lexicon in the text, as its lemma."""

    word: str
    start: int
    end: int


class Matcher:
    """Finds words in lower-cased text; `words` has each form with its lemma."""

    def __init__(self, words: Mapping[str, str]) -> None:
        """Compile the forms into one automaton."""
        self._lemmas = list(words.values())
        self._automaton = AhoCorasick(list(words), matchkind=MatchKind.LeftmostLongest)

    def find(self, text: str) -> list[Found]:
        """The words that stand as words, left to right, the longest of those that overlap."""
        return [
            Found(self._lemmas[which], start, end)
            for which, start, end in self._automaton.find_matches_as_indexes(text)
            if not (start and text[start - 1].isalnum())
            and not (end < len(text) and text[end].isalnum())
        ]


class Triggers:
    """The words that frames fire on, each with the words one of which must stand with it."""

    def __init__(self, lexicon: Lexicon, irregular: Irregular) -> None:
        """Compile the triggers of all frames."""
        forms: dict[str, str] = {}
        for verb in lexicon.by_verb:
            for form in morphology.verb_forms(verb, irregular["verbs"]):
                forms.setdefault(form, verb)
        for form, noun in _noun_forms((*lexicon.by_noun, *lexicon.by_adjective), irregular):
            forms.setdefault(form, noun)
        self._matcher = Matcher(forms)
        self._companions = {
            word: _any_of(_companions(lexicon, word)) for word in set(forms.values())
        }

    def find(self, low: str) -> list[Found]:
        """The triggers of a lower-cased text."""
        return self._matcher.find(low)

    def tell(self, sentence: str, found: Iterable[Found]) -> bool:
        """Whether some trigger needs no companion, or has one: "give" alone tells no act."""
        return any(
            (companion := self._companions[one.word]) is None or companion.search(sentence)
            for one in found
        )


def keywords(lexicon: Lexicon, irregular: Irregular) -> Matcher:
    """What finds the escalation keywords, each under its lemma."""
    forms: dict[str, str] = {}
    for phrase in lexicon.cues:
        for form in _phrase_forms(phrase, lexicon, irregular):
            forms.setdefault(form, phrase)
    return Matcher(forms)


def agents(lexicon: Lexicon, irregular: Irregular, *, but: str = "") -> Matcher:
    """What finds the nouns that can act, those of one sector left out."""
    nouns = (noun for noun, sector in lexicon.agents.items() if sector != but)
    return Matcher(dict(_noun_forms(nouns, irregular)))


def _noun_forms(nouns: Iterable[str], irregular: Irregular) -> Iterator[tuple[str, str]]:
    for noun in nouns:
        for form in morphology.noun_forms(noun, irregular["nouns"]):
            yield form, noun


def _any_of(beginnings: frozenset[str]) -> re.Pattern[str] | None:
    if not beginnings:
        return None
    either = "|".join(map(re.escape, sorted(beginnings)))
    return re.compile(rf"\b(?:{either})")


def _companions(lexicon: Lexicon, word: str) -> frozenset[str]:
    """Beginnings of the words one of which must stand with a trigger; none if it fires alone."""
    needed: set[str] = set()
    for _, phrase in (*lexicon.by_noun.get(word, ()), *lexicon.by_adjective.get(word, ())):
        others = [one for one in _PARTS.split(phrase) if one != word]
        if not others:
            return frozenset()
        needed.add(_stem(max(others, key=len)))
    for frame, phrase in lexicon.by_verb.get(word, ()):
        particles = phrase.split()[1:]
        classes = [lexicon.objects[name] for name in frame.object if name in lexicon.objects]
        closed = len(classes) == len(frame.object) and classes
        if frame.must:
            needed.update(lexicon.modals["requested"])
        elif frame.denies:
            needed.update(_NEGATIONS)
        elif frame.wrong:
            needed.update(_NEGATIONS, map(_stem, lexicon.wrongs["deed"]))
        elif frame.words:
            needed.update(_stem(one) for one in frame.words)
        elif particles:
            needed.add(max(particles, key=len))
        elif closed:
            needed.update(_stem(one) for lemmas in classes for one in lemmas)
        else:
            return frozenset()
    return frozenset(needed)


def _stem(word: str) -> str:
    """The part of a word that all its forms begin with."""
    return word[:-1] if word.endswith(("y", "e")) else word.removesuffix("man")


def lowered(text: str) -> str:
    """The text in lower case, each character still in its place; str.lower() may change length."""
    low = text.lower()
    return (
        low
        if len(low) == len(text)
        else "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
    )


def _phrase_forms(phrase: str, lexicon: Lexicon, irregular: Irregular) -> set[str]:
    first, _, rest = phrase.partition(" ")
    forms = set(morphology.noun_forms(phrase, irregular["nouns"]))
    if first in lexicon.by_verb or first in {
        "call",
        "shoot",
        "open",
        "escalate",
        "scramble",
        "vow",
        "warn",
    }:
        forms.update(
            f"{form} {rest}".strip() for form in morphology.verb_forms(first, irregular["verbs"])
        )
    return forms
