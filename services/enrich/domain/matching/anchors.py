"""Which verb carries an event noun out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.matching.fitting import NEAR

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene


_CARRYING = frozenset({"out", "in", "with", "to", "on"})


def anchor(scene: Scene, i: int) -> int | None:
    """The verb that carries the noun out: "launch an attack", "order the start of a campaign"."""
    s = scene.sentence
    operators = scene.lexicon.operators
    one: int | None = i
    for _ in range(NEAR):
        head = s.head(one) if one is not None else None
        if one is None or head is None:
            return None
        if s.tokens[head].is_verb:
            return _carrier(scene, one, head)
        if s.tokens[head].tag == "IN":
            up = s.head(head)
            if up is not None and s.tokens[up].is_verb:
                told = one == i and s.tokens[head].lower in _CARRYING
                if s.tokens[head].lower in {"on", "to"} and s.kids(up, "dobj"):
                    return None  # "attend a summit on the unrest"
                return up if told and s.tokens[up].lemma in operators["light"] else None
            one = up if s.tokens[head].lower in {"of", *_CARRYING} else None
        else:
            one = head
        if one is None or not _passes(scene, one, i):
            return None
    return None


def _passes(scene: Scene, one: int, i: int) -> bool:
    """Whether a noun above the act's only houses it, or is joined to it."""
    token = scene.sentence.tokens[one]
    joined = scene.sentence.tokens[i].dep == "conj" and token.is_noun
    return joined or token.lemma in scene.lexicon.nouns["transparent"]


def _carrier(scene: Scene, one: int, verb: int) -> int | None:
    s = scene.sentence
    if s.tokens[one].dep not in {"dobj", "nsubjpass", "attr", "oprd"}:
        return None
    if s.tokens[one].dep == "oprd" and s.tokens[verb].dep == "ccomp" and s.kids(verb, "dobj"):
        up = s.head(verb)  # "began what they called a training programme"
        return up if up is not None and _carries(scene, up) else None
    return verb if _carries(scene, verb) else None


def _carries(scene: Scene, v: int) -> bool:
    lemma = scene.sentence.tokens[v].lemma
    operators = scene.lexicon.operators
    return (
        lemma in operators["light"]
        or lemma in operators["ordered"]
        or lemma in operators["planned"]
        or (lemma in {"threaten", "consider", "vow", "pledge", "promise"})
    )
