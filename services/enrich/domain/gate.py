"""A cheap look at raw text: which sentences can hold an event, and which keywords occur."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from services.enrich.domain.language import morphology
from services.enrich.domain.language.text import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from services.enrich.domain.actors.gazetteer import Gazetteer
    from services.enrich.domain.language.text import Span
    from services.enrich.domain.lexicon import Lexicon


SHORT = 400  # characters; a brief or a headline is parsed on any trigger


# A sentence that may speak of the one before: its subject is a pronoun, as far as words tell.
_OPENING = re.compile(r"\W{0,3}([A-Z][\w-]{2,})\b")
_PRONOUN = re.compile(r"\b(?:he|she|it|they|we|i)\b")
_REFERRING = re.compile(
    r"(?:\S+\s+){0,4}?\W*(?:he|she|it|they|this|that|his|her|its|their|the group|the plan)\b"
)


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
        self._companions = {word: _companions(lexicon, word) for word in set(triggers.values())}
        agents = {
            form: agent
            for agent in lexicon.agents
            for form in morphology.noun_forms(agent, irregular["nouns"])
        }
        self._agents = _Matcher(agents)
        self._lexicon = lexicon
        self._cues = _Matcher(cue_forms)

    def triggers(self, text: str) -> list[Found]:
        """The words of `text` that may tell an act."""
        return self._triggers.find(lowered(text))

    def worth_parsing(self, text: str, names: Gazetteer) -> list[Span]:
        """The sentences that can hold an event, and the one before each, which may say who "it" is.

        None where no sentence has both an actor and a word of conflict or of its easing. One is
        enough: in a round-up the gravest deed of the day is told once, far below the lead.
        """
        low = lowered(text)
        spans = sentences(text)
        long = len(text) > SHORT
        pointed = self._pointed(text, low, spans, names) if long else set(range(len(spans)))
        if not pointed:
            return []
        cued = {
            k for k, (_, words) in enumerate(_by_sentence(spans, self._cues.find(low))) if words
        }
        wanted: set[int] = set()
        for k, (span, words) in enumerate(_by_sentence(spans, self._triggers.find(low))):
            sentence, lower = text[span.start : span.end], low[span.start : span.end]
            if not words or not self._tells(lower, words):
                continue
            if long and k not in cued and not names.actors(sentence):
                continue
            if self._somebody(sentence, lower, names):
                referring = k and _REFERRING.match(low, span.start, span.end)
                wanted.update((k - 1, k) if referring else (k,))
                wanted.update(_introduction(text, spans, k))
        return [span for k, span in enumerate(spans) if k in wanted]

    def _pointed(self, text: str, low: str, spans: list[Span], names: Gazetteer) -> set[int]:
        """The sentences with a word of force and an actor, or of conflict and two actors."""
        found = set()
        for k, (span, words) in enumerate(_by_sentence(spans, self._cues.find(low))):
            actors = names.actors(text[span.start : span.end]) if words else set()
            if len(actors) > 1 or (actors and any(self._of_force(word) for word in words)):
                found.add(k)
        return found

    def _of_force(self, word: str) -> bool:
        return self._lexicon.cues[word] in {"force", "mobilisation", "hardware"}

    def _somebody(self, sentence: str, low: str, names: Gazetteer) -> bool:
        """Whether a sentence has anyone in it who could act."""
        return bool(_PRONOUN.search(low) or self._agents.find(low) or names.any(sentence))

    def _tells(self, sentence: str, words: set[str]) -> bool:
        """Whether some trigger needs no companion, or has one: "give" alone tells no act."""
        return any(
            not self._companions[word] or any(other in sentence for other in self._companions[word])
            for word in words
        )

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


def _introduction(text: str, spans: list[Span], k: int) -> list[int]:
    """The earlier sentence that first names whom sentence `k` opens with, by surname."""
    opening = _OPENING.match(text, spans[k].start, spans[k].end)
    if not opening or f" {opening[1].lower()} " in text:
        return []
    at = text.find(f" {opening[1]}")
    return [n for n in range(k) if at >= 0 and spans[n].start <= at < spans[n].end]


def _by_sentence(spans: list[Span], found: list[Found]) -> Iterator[tuple[Span, set[str]]]:
    """Each sentence with the words found in it; both lists run left to right."""
    at = 0
    for span in spans:
        while at < len(found) and found[at].start < span.start:
            at += 1
        words = set()
        while at < len(found) and found[at].start < span.end:
            words.add(found[at].word)
            at += 1
        yield span, words


def _companions(lexicon: Lexicon, word: str) -> frozenset[str]:
    """Beginnings of the words one of which must stand with a trigger; none if it fires alone."""
    if word in lexicon.by_noun or word in lexicon.by_adjective:
        return frozenset()
    needed: set[str] = set()
    for frame, phrase in lexicon.by_verb.get(word, ()):
        particles = phrase.split()[1:]
        classes = [lexicon.objects[name] for name in frame.object if name in lexicon.objects]
        closed = len(classes) == len(frame.object) and classes
        if frame.must or frame.denies or frame.wrong:
            needed.update(
                lexicon.modals["requested"] if frame.must else ("longer", " not ", "collu")
            )
        elif particles:
            needed.add(particles[0])
        elif frame.words:
            needed.update(_stem(one) for one in frame.words)
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
