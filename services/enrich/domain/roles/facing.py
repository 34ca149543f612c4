"""Whom forces face, and what they hit where it is nobody's forces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.actors.role import INFERRED, Role
from services.enrich.domain.roles import arguments
from services.enrich.domain.roles.targets import beyond, place, rhetoric, tie
from tocsin.messages import Plover

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.matching.frames import Fire


P = Plover


def facing(sources: list[Role], aims: list[Role]) -> list[tuple[Role, Role]]:
    """Forces of two states that move at once, towards nobody else, move against each other."""
    states = {role.state for role in sources}
    if len(states) != _BOTH or "" in states or any(aim.state not in states for aim in aims):
        return []
    return [(a, b._replace(code=b.state)) for a in sources for b in sources if a.state != b.state]


def mobilised_against(scene: Scene, fire: Fire, source: Role, aims: list[Role]) -> list[Role]:
    """The state a show of force is tied to; the own state when it stays at home."""
    state = source.state
    if any(aim.state and aim.state != state for aim in aims):
        return [aim._replace(code=aim.state) for aim in aims if aim.state and aim.state != state][
            :1
        ]
    if not state or fire.frame.internal or fire.frame.mode == "police":
        return [Role(state, fire.i, 1.0)] if state else aims
    answer = tie(scene, fire, state) or rhetoric(scene, state)
    if answer:
        return [answer]
    there = place(scene, fire)
    if there is not None:
        return [there if there.state != state else beyond(scene, fire, state) or there]
    rival = scene.cast.rival(state)
    if fire.noun and fire.anchor is None:
        beside = {name.code[:3] for name in scene.names.values()} - {state}
        return [Role(rival, fire.i, INFERRED)] if rival in beside and rival else []
    if rival and _defiant(scene, fire):
        return [Role(rival, fire.i, INFERRED)]
    return [Role(state, fire.i, 1.0)]


def _defiant(scene: Scene, fire: Fire) -> bool:
    """Whether forces go somewhere or a militia is raised, with the rival left to the context."""
    s = scene.sentence
    if fire.frame.mode == "militia":
        told_to_join = any(s.tokens[k].dep in {"xcomp", "ccomp"} for k in s.children[fire.clause])
        return not told_to_join
    if "alert" in fire.frame.words:
        return True
    going = {"to", "toward", "towards", "into", "off", "in", "near", "across"}
    return fire.frame.mode == "weapons" and any(
        s.tokens[k].is_noun for k in arguments.objects_of(s, fire.clause, going)
    )


def tied(
    scene: Scene, fire: Fire, source: Role | None, target: Role | None, there: Role | None
) -> Role | None:
    """The target of a use of force on nobody's forces: who they are, and off whose coast."""
    if fire.frame.plover not in _FORCE or fire.frame.plover is P.MOBILIZE:
        return target
    abroad = there.state if there and source and there.state != source.state else ""
    criminal = _criminal(scene, fire)
    if target is None or (target.state == abroad and abroad and _unflagged(scene, fire)):
        if abroad or criminal:
            who = "CRM" if criminal else "UNK"
            return Role(f"{who}@{abroad}" if abroad else who, fire.i, 1.0)
        return target
    if abroad and target.code in {"CRM", "UNK.CRM"}:
        return target._replace(code=f"CRM@{abroad}")
    return target


def _unflagged(scene: Scene, fire: Fire) -> bool:
    """Whether what is hit is a craft or a gang and not the state it is near."""
    s = scene.sentence
    heads = arguments.patient(s, fire.clause) if s.tokens[fire.clause].is_verb else []
    return any(
        s.tokens[k].lemma in scene.lexicon.objects["vessel"] and scene.owner(k, 0) is None
        for k in heads
    )


def _criminal(scene: Scene, fire: Fire) -> bool:
    s = scene.sentence
    near = s.subtree(fire.i)
    return any(
        s.tokens[k].lemma in scene.lexicon.objects["crime"] and s.tokens[k].lemma != "security"
        for k in near
    )


_BOTH = 2

_FORCE = frozenset({P.MOBILIZE, P.ASSAULT})
