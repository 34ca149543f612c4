"""Which words belong to another act's words, and so are no acts themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.messages import Plover

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.language.tokens import Sentence
    from services.enrich.domain.matching.frames import Fire

# Speech acts own the nouns and clauses they are about: rejecting a threat is no threat.
_SPEECH = frozenset(
    {
        Plover.ACCUSE,
        Plover.REJECT,
        Plover.THREATEN,
        Plover.REQUEST,
        Plover.SUPPORT,
        Plover.AGREE,
        Plover.CONCEDE,
    }
)
_TALKS = frozenset({"discuss", "talk", "negotiate", "consult", "confer", "debate"})
_COMPLEMENTS = frozenset({"xcomp", "ccomp", "prep", "dative"})


def owned(scene: Scene, fired: list[Fire]) -> set[int]:
    """The tokens inside other acts' words; an act already owned owns nothing."""
    found: set[int] = set()
    quarrels = {
        fire.i
        for fire in fired
        if fire.noun and fire.frame.reciprocal and fire.frame.plover is Plover.THREATEN
    }
    for fire in fired:
        if fire.i not in found:
            inside = _of_noun(scene.sentence, fire) if fire.noun else _of_verb(scene, fire)
            talked = fire.frame.plover is Plover.CONSULT  # what is talked about goes on
            found.update(inside - quarrels if talked else inside)
    return found


def _of_noun(s: Sentence, fire: Fire) -> set[int]:
    """The verb that carries a noun out; an appeal owns what it appeals for."""
    found = set() if fire.anchor is None else {fire.anchor}
    if fire.frame.plover is Plover.REQUEST:
        inner = [*s.kids(fire.i, "acl", "relcl", "xcomp"), *s.kids(fire.clause, "xcomp", "advcl")]
        found.update(k for one in inner for k in _phrase(s, one))
    return found


def _of_verb(scene: Scene, fire: Fire) -> set[int]:
    s, frame = scene.sentence, fire.frame
    denies = frame.plover is Plover.REJECT and frame.status is not None
    found: set[int] = set()
    for k in s.kids(fire.i, "dobj", "nsubjpass", "oprd"):
        found.update(s.subtree(k) if denies else _phrase(s, k))
    if frame.plover in _SPEECH or frame.mode == "comment":
        about = [k for k in s.children[fire.i] if _is_about(s, fire, k)]
        found.update(below for k in about for below in _phrase(s, k))
    if frame.plover is Plover.CONSULT:  # "met to discuss the border": one meeting
        purposes = s.kids(fire.i, "advcl", "xcomp")
        found.update(k for k in purposes if s.tokens[k].lemma in _TALKS)
    return found


def _is_about(s: Sentence, fire: Fire, k: int) -> bool:
    """Whether a part of a speech act is what is spoken of, not when or why."""
    token = s.tokens[k]
    if token.dep == "prep" and (fire.frame.deep or token.lower in {"of", "for", "on"}):
        return True
    purpose = token.dep == "advcl" and not s.kids(k, "mark")
    return fire.frame.clause and (token.dep in _COMPLEMENTS or purpose)


def _phrase(s: Sentence, k: int) -> list[int]:
    """A phrase without its relative clauses, which tell stories of their own."""
    found, todo = [], [k]
    while todo:
        one = todo.pop()
        found.append(one)
        todo.extend(below for below in s.children[one] if s.tokens[below].dep != "relcl")
    return found
