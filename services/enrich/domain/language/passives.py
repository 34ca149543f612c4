"""Headlines without their "was": "three soldiers killed in raid" has its victims for a subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.enrich.domain.language.tokens import Token

# What nobody does without somebody to do it to, so that without an object it was done to them.
_DONE_TO = frozenset(
    "abduct kidnap hijack kill wound injure hurt shoot arrest detain jail seize capture behead "
    "murder assassinate execute expel deport evict bomb shell torpedo ambush deploy oust".split()
)
_OBJECTS = frozenset({"dobj", "ccomp", "xcomp", "oprd", "dative", "attr", "aux", "auxpass", "neg"})


def victims(tokens: list[Token]) -> list[Token]:
    """The tokens with such a verb read as the passive it is."""
    found = list(tokens)
    for token in tokens:
        if token.tag not in {"VBD", "VBN"} or token.lemma not in _DONE_TO:
            continue
        if token.dep != "ROOT" or token.text.lower().endswith("s"):
            continue  # "bomb kills in market": the present was told in the past for the parser
        below = [k for k in tokens if k.head == token.i and k.i != token.i]
        who = next((k for k in below if k.dep == "nsubj"), None)
        if who is None or any(k.dep in _OBJECTS and k.lower != "dead" for k in below):
            continue
        found[token.i] = token._replace(tag="VBN")
        found[who.i] = who._replace(dep="nsubjpass")
    return found
