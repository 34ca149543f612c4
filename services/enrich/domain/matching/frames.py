"""Which frame a verb or noun fires, if any."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.enrich.domain.matching.anchors import anchor
from services.enrich.domain.matching.fitting import fits_noun, fits_verb, has_particles
from services.enrich.domain.matching.wording import has_words
from tocsin.messages import Plover

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.lexicon import Frame


class Fire(NamedTuple):
    """A frame fired at token `i`. For a noun, `anchor` is the verb that carries it out, if any."""

    frame: Frame
    i: int
    noun: bool
    anchor: int | None = None
    phrase: str = ""

    @property
    def clause(self) -> int:
        """The token whose clause tells the act."""
        return self.i if self.anchor is None else self.anchor


def fires(scene: Scene) -> list[Fire]:
    """The first fitting frame of each verb, noun and adjective of the sentence."""
    found = []
    for token in scene.sentence.tokens:
        fire = _at(scene, token.i)
        if fire:
            found.append(fire)
    return found


def _at(scene: Scene, i: int) -> Fire | None:
    token = scene.sentence.tokens[i]
    lexicon = scene.lexicon
    if token.dep == "amod" or (token.is_name and token.text.istitle() and token.dep != "ROOT"):
        return None
    if token.is_verb or token.tag == "MD":
        return _verb(scene, i, lexicon.verb_lemmas.get(token.lower, token.lemma))
    if token.is_noun:
        fire = _noun(scene, i)
        if fire is None and token.dep == "ROOT":  # a headline's verb read as a noun
            fire = _verb(scene, i, lexicon.verb_lemmas.get(token.lower, token.lower))
        return fire
    if token.dep in {"acomp", "ROOT", "conj", "ccomp"} or token.tag.startswith("JJ"):
        for frame, phrase in lexicon.by_adjective.get(token.lower, ()):
            fits = not frame.words or has_words(scene, i, frame)
            if fits and scene.sentence.kids(i, "xcomp", "prep"):
                return Fire(frame, i, noun=False, phrase=phrase)
    return None


def _verb(scene: Scene, i: int, lemma: str) -> Fire | None:
    for frame, phrase in scene.lexicon.by_verb.get(lemma, ()):
        if has_particles(scene, i, phrase) and fits_verb(scene, i, frame):
            return Fire(frame, i, noun=False, phrase=phrase)
    return None


def _noun(scene: Scene, i: int) -> Fire | None:
    s = scene.sentence
    token = s.tokens[i]
    pairs = scene.lexicon.by_noun.get(token.lemma, ())
    best: tuple[int, Frame, str, int] | None = None
    for frame, phrase in pairs:
        first = _spelled(scene, i, phrase)
        if (
            first is not None
            and (best is None or i - first > best[0])
            and fits_noun(scene, i, first, frame, phrase)
        ):
            best = (i - first, frame, phrase, first)
    if best is None:
        return None
    _, frame, phrase, first = best
    head = first if " of " in phrase else i
    if token.dep in {"compound", "amod", "nmod"} and s.tokens[token.head].is_noun:
        if s.tokens[token.head].lemma not in scene.lexicon.nouns["generic"]:
            return None
        head = token.head
    carrier = anchor(scene, head)
    if frame.reciprocal and frame.plover is Plover.THREATEN:
        carrier = None  # a crisis is there, whoever discusses or faces it
    if frame.needs_deed and carrier is None:
        return None
    return Fire(frame, head, noun=True, anchor=carrier, phrase=phrase)


def _spelled(scene: Scene, i: int, phrase: str) -> int | None:
    """Where the phrase that ends at token `i` begins, hyphens as tokens of their own."""
    words = phrase.replace("-", " - ").split()
    tokens = scene.sentence.tokens
    at = i - len(words) + 1
    if at < 0:
        return None
    for word, token in zip(words[:-1], tokens[at:i], strict=True):
        if word not in (token.lower, token.lemma):
            return None
    return at if words[-1] in (tokens[i].lemma, tokens[i].lower) else None
