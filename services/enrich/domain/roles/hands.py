"""Whose hands do harm: not whoever owns the report or the price that a headline names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.enrich.domain.roles import arguments

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.actors.role import Role

# A bomb's adjective says where it went off, a shell's who fired it.
NOBODYS: Final = frozenset(
    "bomb bombing blast explosion bomber mine landmine gunfire violence clash unrest riot fighting "
    "battle ambush shooting robber quake".split()
)
_CLASSES: Final = ("force", "weapon", "craft", "vessel", "militia")
_DEEDS: Final = frozenset(
    "attack strike raid airstrike shelling fire offensive operation sortie assault incursion "
    "bombardment barrage salvo war aggression".split()
)
_POINTING: Final = frozenset({"DT", "PRP", "PRP$", "WDT", "WP", "CD"})


# (ours) How sure it is that one man's deed is his army's: too little for one source to ring on.
LONE: Final = 0.4
_MEN: Final = frozenset(
    "soldier marine guard policeman officer peacekeeper sailor serviceman guardsman gunner".split()
)


def is_lone(scene: Scene, source: Role | None) -> bool:
    """Whether one man did it, on no order that is told: "an Afghan soldier shot his ally"."""
    if source is None or ".MIL" not in source.code:
        return False
    token = scene.sentence.tokens[source.token]
    return token.tag == "NN" and token.lemma in _MEN


def striking(scene: Scene, v: int, found: list[Role]) -> list[Role]:
    """Of the doers found for a deed of force, those who can have struck.

    "US crude hits a high" has an owner for a doer, and "Iraq bombs" a place.
    """
    who = arguments.subject(scene.sentence, v)
    if who is None or not found or scene.role(who) is not None:
        return found
    lemma = scene.sentence.tokens[who].lemma
    if lemma in NOBODYS:
        return []
    if any(role.token == who for role in found) or scene.sentence.tokens[who].tag in _POINTING:
        return found
    arms = any(lemma in scene.lexicon.objects.get(name, ()) for name in _CLASSES)
    return found if arms or lemma in _DEEDS else []
