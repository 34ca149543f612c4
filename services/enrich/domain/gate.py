"""A cheap look at raw text: which sentences can hold an event, and which keywords occur."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from services.enrich.domain.language import morphology

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.enrich.domain.lexicon import Lexicon


class Found(NamedTuple):
    """A word of the lexicon in the text, as its lemma."""

    word: str
    start: int
    end: int


class Gate:
    """Compiled once; the text it sees must be lower-cased character by character."""

    def __init__(
        self, lexicon: Lexicon, irregular: Mapping[str, Mapping[str, Sequence[str]]]
    ) -> None:
        """Compile the triggers of all frames and the cue words."""
        triggers: dict[str, str] = {}
        for verb in lexicon.by_verb:
            for form in morphology.verb_forms(verb, irregular["verbs"]):
                triggers.setdefault(form, verb)
        for index in (lexicon.by_noun, lexicon.by_adjective):
            for noun in index:
                for form in morphology.noun_forms(noun, irregular["nouns"]):
                    triggers.setdefault(form, noun)
        cue_forms: dict[str, str] = {}
        for phrase in lexicon.cues:
            for form in _phrase_forms(phrase, lexicon, irregular):
                cue_forms.setdefault(form, phrase)
        self._triggers = _Matcher(triggers)
        self._cues = _Matcher(cue_forms)

    def triggers(self, text: str) -> list[Found]:
        """The words of `text` that may tell an act."""
        return self._triggers.find(lowered(text))

    def cues(self, text: str) -> list[Found]:
        """The escalation keywords of `text`."""
        return self._cues.find(lowered(text))


class _Matcher:
    def __init__(self, words: Mapping[str, str]) -> None:
        self._lemmas = list(words.values())
        self._automaton = AhoCorasick(list(words), matchkind=MatchKind.LeftmostLongest)

    def find(self, text: str) -> list[Found]:
        return [
            Found(self._lemmas[which], start, end)
            for which, start, end in self._automaton.find_matches_as_indexes(text)
            if not (start and text[start - 1].isalnum())
            and not (end < len(text) and text[end].isalnum())
        ]


def lowered(text: str) -> str:
    """The text in lower case, each character still in its place; str.lower() may change length."""
    low = text.lower()
    return (
        low
        if len(low) == len(text)
        else "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
    )


def _phrase_forms(
    phrase: str, lexicon: Lexicon, irregular: Mapping[str, Mapping[str, Sequence[str]]]
) -> set[str]:
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
