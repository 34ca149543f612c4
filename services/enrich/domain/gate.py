"""A cheap look at raw text: which sentences can hold an event, and which keywords occur."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from services.enrich.domain.actors.gazetteer import Hit, actors
from services.enrich.domain.language.text import sentences
from services.enrich.domain.triggers import Found, Triggers, agents, keywords, lowered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.enrich.domain.actors.gazetteer import Gazetteer
    from services.enrich.domain.language.text import Span
    from services.enrich.domain.lexicon import Lexicon
    from services.enrich.domain.triggers import Irregular


SHORT = 400  # characters; a brief or a headline
LEAD = 3  # sentences
_FORCE = frozenset({"force", "mobilisation", "hardware"})


# A sentence that may speak of the one before: its subject is a pronoun, as far as words tell.
_OPENING = re.compile(r"\W{0,3}([A-Z][\w-]{2,})\b")
_COMPANY = re.compile(
    r"\W*(?:[\w&'.-]+ ){1,6}?(?:Inc|Corp|Ltd|Co|Cos|Plc|PLC|AG|NV|SpA|LLC|Bancorp|Holdings)\b"
)
_PRONOUN = re.compile(r"\b(?:he|she|it|they|we|i)\b")
_REFERRING = re.compile(
    r"(?:\S+\s+){0,4}?\W*(?:he|she|it|they|this|that|his|her|its|their|the group|the plan)\b"
)


F = TypeVar("F", Found, Hit)


class Watch(NamedTuple):
    """The sentences worth parsing, in order: those that point to an event, and all the others."""

    pointed: list[Span]
    others: list[Span]


class Gate:
    """Compiled once; the text it sees must be lower-cased character by character."""

    def __init__(self, lexicon: Lexicon, irregular: Irregular) -> None:
        """Compile what to look for."""
        self._triggers = Triggers(lexicon, irregular)
        self._keywords = keywords(lexicon, irregular)
        self._agents = agents(lexicon, irregular)
        self._players = agents(lexicon, irregular, but="BUS")
        self._categories = lexicon.cues

    def worth_parsing(self, text: str, names: Gazetteer) -> Watch:
        """The sentences that can hold an event, and the one before each, which may say who "it" is.

        A brief or a headline is parsed on any trigger. In a longer text a sentence points to an
        event if it has a word of force and an actor, or a keyword and two actors; in its lead,
        which says what a story is about, two actors are enough. What opens with a company's name
        is business news, and is held to the rule of longer texts.
        """
        low = lowered(text)
        named = names.find(text)
        short = len(text) <= SHORT and not _COMPANY.match(text)
        cues = self._keywords.find(low)
        if short:
            hopeful = bool(named or self._players.find(low))
        else:  # no sentence points to an event if the whole text does not
            hopeful = self._points(0, actors(named), cues)
        if not hopeful:
            return Watch([], [])
        spans = sentences(text)
        pointed: set[int] = set()
        others: set[int] = set()
        looks = zip(
            spans,
            _by_sentence(spans, self._triggers.find(low)),
            _by_sentence(spans, cues),
            _by_sentence(spans, named),
            strict=True,
        )
        for k, (span, triggers, words, hits) in enumerate(looks):
            sentence = low[span.start : span.end]
            if not triggers or not self._triggers.tell(sentence, triggers):
                continue
            who = actors(hits)
            if not (hits or self._somebody(sentence)) or not (short or words or who):
                continue
            into = pointed if short or self._points(k, who, words) else others
            into.add(k)
            if k and _REFERRING.match(sentence):
                into.add(k - 1)
            into.update(_introduction(text, spans, k))
        return Watch(
            [spans[k] for k in sorted(pointed)],
            [spans[k] for k in sorted(others - pointed)] if pointed else [],
        )

    def _points(self, k: int, who: set[str], cues: Sequence[Found]) -> bool:
        """Whether sentence `k` of a longer text points to an event."""
        if len(who) > 1:
            return k < LEAD or bool(cues)
        return bool(who) and any(self._categories[one.word] in _FORCE for one in cues)

    def _somebody(self, sentence: str) -> bool:
        """Whether a sentence has anyone in it, not named, who could act."""
        return bool(_PRONOUN.search(sentence) or self._agents.find(sentence))

    def cues(self, text: str) -> list[Found]:
        """The escalation keywords of `text`."""
        return self._keywords.find(lowered(text))


def _introduction(text: str, spans: list[Span], k: int) -> list[int]:
    """The earlier sentence that first names whom sentence `k` opens with, by surname."""
    opening = _OPENING.match(text, spans[k].start, spans[k].end)
    if not opening or f" {opening[1].lower()} " in text:
        return []
    at = text.find(f" {opening[1]}", 0, spans[k].start)
    first = bisect_right(spans, at, key=lambda span: span.start) - 1
    return [first] if 0 <= first < k and at < spans[first].end else []


def _by_sentence(spans: list[Span], found: list[F]) -> Iterator[list[F]]:
    """What was found in each sentence; both lists run left to right."""
    at = 0
    for span in spans:
        while at < len(found) and found[at].start < span.start:
            at += 1
        first = at
        while at < len(found) and found[at].start < span.end:
            at += 1
        yield found[first:at]
