"""The coder: articles in, coded events out, one batch at a time.

It parses no more than it must: the sentences that point to an event between states, and the rest of
an article only where those tell one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from services.enrich.data import read
from services.enrich.domain import coder, entities, reports
from services.enrich.domain.actors.gazetteer import Gazetteer
from services.enrich.domain.cues import cues
from services.enrich.domain.gate import Gate, Watch
from services.enrich.domain.language import text as reading
from services.enrich.domain.language.tongue import tongue
from services.enrich.domain.lexicon import lexicon
from services.enrich.domain.wire import FOREIGN, TRUNCATED, coded
from services.enrich.model import Model, Parsed
from tocsin.messages import EnrichedArticle, reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from services.enrich.domain.acts.story import Draft as Event
    from services.enrich.domain.language.text import Span
    from tocsin.messages import Article, Plover

CODER_VERSION = "2"
MANY = 4  # sentences that point to an event; so many, and the article is read whole unasked
_COMMON = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december president minister foreign prime".split()
)
_NOTHING = Watch([], [])


class _Draft(NamedTuple):
    """An article on its way: its text as the parser may see it, and what in it is worth parsing."""

    article: Article
    text: str
    watch: Watch
    flags: tuple[str, ...]

    @property
    def day(self) -> date | None:
        """The day it was published, if that is known."""
        return self.article.published_at.date() if self.article.published_at else None


class _Told(NamedTuple):
    """What an article tells, and the sentences that were parsed for it."""

    events: list[Event]
    parsed: list[Parsed]


class Coder:
    """Holds the model and the data; one a process."""

    def __init__(self, *, ner: str = "relevant") -> None:
        """Load all. `ner` is relevant (sentences of articles about two states) or all."""
        self._everywhere = ner == "all"
        words = read.word_lists()
        self._lexicon = lexicon(words)
        self._gate = Gate(self._lexicon, words["irregular"])
        self._gazetteer = Gazetteer(read.names())
        self._model = Model(self._lexicon, self._gazetteer, words["irregular"]["verbs"])

    @property
    def levels(self) -> dict[Plover, int]:
        """The threat level of each class, as in classes.toml."""
        return {plover: scale.level for plover, scale in self._lexicon.classes.items()}

    def enrich(self, articles: Sequence[Article]) -> list[EnrichedArticle]:
        """What each article says, in the order given."""
        drafts = [self._read(article) for article in articles]
        with self._model.zone():
            told = self._told(drafts)
            enriched = [self._enriched(*one) for one in zip(drafts, told, strict=True)]
            asked = [self._to_name(*one) for one in zip(enriched, told, strict=True)]
            named = iter(self._model.name([one.doc for found in asked for one in found]))
            found = [[(one, next(named)) for one in wanted] for wanted in asked]
        return [self._finish(*one) for one in zip(drafts, enriched, found, strict=True)]

    def language(self, article: Article) -> str:
        """The language an article says or seems to be in."""
        return article.language or tongue(article.text[: reading.MAX_CHARACTERS])

    def _read(self, article: Article) -> _Draft:
        text, truncated = reading.tidy(article.text)
        english = self.language(article).startswith("en")
        flags = (*((TRUNCATED,) if truncated else ()), *(() if english else (FOREIGN,)))
        watch = self._gate.worth_parsing(text, self._gazetteer) if english else _NOTHING
        return _Draft(article, text, watch, flags)

    def _told(self, drafts: list[_Draft]) -> list[_Told]:
        """The events of each: from the sentences that point to some, then from all it has."""
        pointed = self._parsed(drafts, [draft.watch.pointed for draft in drafts])
        more = [
            draft.watch.others if self._matters(draft, parsed) else []
            for draft, parsed in zip(drafts, pointed, strict=True)
        ]
        others = self._parsed(drafts, more)
        return [
            self._code(draft, _in_order([*some, *rest]))
            for draft, some, rest in zip(drafts, pointed, others, strict=True)
        ]

    def _matters(self, draft: _Draft, pointed: list[Parsed]) -> bool:
        if not draft.watch.others or len(pointed) >= MANY:
            return bool(draft.watch.others)
        sentences = [one.sentence for one in pointed]
        return coder.matters(sentences, draft.day, self._lexicon, self._gazetteer)

    def _parsed(self, drafts: list[_Draft], wanted: list[list[Span]]) -> list[list[Parsed]]:
        texts = [
            (draft.text[span.start : span.end], span.start)
            for draft, spans in zip(drafts, wanted, strict=True)
            for span in spans
        ]
        parsed = iter(self._model.parse(texts) if texts else ())
        return [[next(parsed) for _ in spans] for spans in wanted]

    def _code(self, draft: _Draft, parsed: list[Parsed]) -> _Told:
        sentences = [one.sentence for one in parsed]
        return _Told(coder.code(sentences, draft.day, self._lexicon, self._gazetteer), parsed)

    def _enriched(self, draft: _Draft, told: _Told) -> EnrichedArticle:
        article = draft.article
        enriched = EnrichedArticle(
            article=reference(article),
            coder=CODER_VERSION,
            relevant=bool(told.parsed),
            cues=cues(draft.text, self._gate, self._lexicon) if told.parsed else (),
            events=tuple(coded(article, n, e, CODER_VERSION) for n, e in enumerate(told.events)),
            flags=draft.flags,
        )
        dyads = tuple(report.dyad for report in reports.reports(enriched))
        return msgspec.structs.replace(enriched, dyads=dyads)

    def _to_name(self, enriched: EnrichedArticle, told: _Told) -> list[Parsed]:
        """The sentences the name finder is to read: each new name where it is told first."""
        if self._everywhere:
            return told.parsed
        if not enriched.dyads:
            return []
        evidence = {one.start for event in enriched.events for one in event.evidence}
        met: set[str] = set(_COMMON)
        wanted = []
        for one in told.parsed:
            if one.sentence.start in evidence:
                strangers = self._model.strangers(one.doc)
                if not strangers <= met:
                    wanted.append(one)
                    met |= strangers
        return wanted

    def _finish(
        self,
        draft: _Draft,
        enriched: EnrichedArticle,
        named: list[tuple[Parsed, list[entities.Span]]],
    ) -> EnrichedArticle:
        if not enriched.relevant and not draft.flags:
            return enriched
        spans = [
            entities.Span(
                one.sentence.start + found.start, one.sentence.start + found.end, found.label
            )
            for one, spans in named
            for found in spans
        ]
        names = entities.entities(draft.article.text, draft.text, self._gazetteer, spans, draft.day)
        return msgspec.structs.replace(enriched, entities=names)


def _in_order(parsed: Iterable[Parsed]) -> list[Parsed]:
    return sorted(parsed, key=lambda one: one.sentence.start)
