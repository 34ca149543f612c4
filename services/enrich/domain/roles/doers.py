"""Who does what an event says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.actors.cast import Mention
from services.enrich.domain.actors.role import INFERRED, Role
from services.enrich.domain.roles import arguments
from services.enrich.domain.roles.hands import NOBODYS, striking
from tocsin.messages import Plover

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.matching.frames import Fire


P = Plover
_OUT = frozenset({"deport", "discontinue"})  # what is done at home, to who must leave


def doers(scene: Scene, fire: Fire) -> list[Role]:
    """Who does it: the verb's subject or agent, or whose a deed named by a noun is."""
    s = scene.sentence
    if "speaker" in fire.frame.source:
        speaker = scene.cast.speaker
        return [Role(speaker.code, fire.i, 1.0, speaker.text)] if speaker else []
    if fire.frame.source and not fire.noun:
        given = arguments.objects_of(s, fire.i, set(fire.frame.source))
        return [role for k in given for role in scene.roles(k)]
    if fire.noun:
        named = _named_source(scene, fire)
        if named or fire.anchor is None:
            return named or (_other_party(scene, fire) if fire.frame.reciprocal else [])
        return arguments.source_roles(scene, fire.anchor)
    found = arguments.source_roles(scene, fire.i)
    if not s.tokens[fire.i].is_verb and not found:  # a headline without one: "forces on alert"
        return scene.roles(fire.i)
    if fire.frame.plover is P.ASSAULT:
        found = striking(scene, fire.i, found)
    if not found and arguments.is_passive(s, fire.i) and fire.frame.plover is P.ASSAULT:
        return _means(scene, fire) or _origin(scene, fire)
    return found or (_undone(scene, fire) if arguments.is_passive(s, fire.i) else [])


def _undone(scene: Scene, fire: Fire) -> list[Role]:
    """The doer that a passive leaves out where the deed itself tells: whose forces, whose law."""
    frame = fire.frame
    s = scene.sentence
    if frame.plover is P.AGREE:  # "is committed to": they commit themselves
        return [role for k in s.kids(fire.i, "nsubjpass") for role in scene.roles(k)]
    if frame.plover in {P.COERCE, P.SANCTION}:
        where = {"from"} if frame.mode in _OUT else {"in"} if frame.mode == "arrest" else set()
        found = arguments.objects_of(s, fire.i, where, through=False)
        return arguments.weaken([there for k in found if (there := scene.place(k))][:1])
    forces = frame.plover in {P.MOBILIZE, P.RETREAT}
    if not forces and "measure" not in frame.object:
        return []
    for k in arguments.patient(s, fire.i):
        owner = (scene.role(k) if forces else None) or scene.owner(k, 3 if forces else 0)
        if owner and (owner.state or not forces):
            army = forces and "." not in owner.code
            return [owner._replace(code=f"{owner.state}.MIL" if army else owner.code)]
    return []


def spoken(scene: Scene, fire: Fire) -> list[Role]:
    """The speaker's side, whose forces an act without a doer is most likely about."""
    speaker = scene.cast.speaker
    aside = scene.sentence.tokens[fire.clause].dep in {"relcl", "acl"}
    if speaker is None or aside or (fire.noun and fire.anchor is None):
        return []
    return [Role(speaker.code, fire.i, INFERRED, speaker.text)]


def _other_party(scene: Scene, fire: Fire) -> list[Role]:
    """As in "Turkey withdrew as the threat of conflict with Greece eased": who else is in it."""
    before = [k for k in scene.names if k < fire.i]
    role = scene.role(max(before)) if before and fire.frame.plover is P.THREATEN else None
    return [role._replace(sure=INFERRED)] if role and role.state else []


def _means(scene: Scene, fire: Fire) -> list[Role]:
    """Whose means killed: "were killed in Israeli shelling", "in a strike by the coalition"."""
    s = scene.sentence
    for k in arguments.objects_of(s, fire.i, {"in", "by"}, through=False):
        lemma = s.tokens[k].lemma
        if scene.lexicon.by_noun.get(lemma) and lemma not in NOBODYS:
            by = arguments.objects_of(s, k, {"by"}, through=False)
            owner = scene.owner(k, 0) or next((role for b in by for role in scene.roles(b)), None)
            if owner:  # not "an attack in Iraq": that is where
                return [owner]
    return []


def _origin(scene: Scene, fire: Fire) -> list[Role]:
    """Where it came from: "a rocket was fired from Lebanon"."""
    found = arguments.objects_of(scene.sentence, fire.i, {"from"}, through=False)
    places = [there for k in found if (there := scene.place(k))]
    return arguments.weaken(places[:1])


def _named_source(scene: Scene, fire: Fire) -> list[Role]:
    """Whose a deed is, in its own noun phrase: "by the United States", "U.S. attacks"."""
    s = scene.sentence
    preps = {"by", "between"} if fire.frame.plover is P.RETREAT else {"by", "from", "between"}
    preps = set(fire.frame.source) or preps
    for k in arguments.objects_of(s, fire.i, preps, through=fire.anchor is None):
        roles = scene.roles(k)
        owner = scene.owner(k)
        if roles or owner:
            return roles or [owner] if owner else roles
    for k in s.kids(fire.i, "acl"):
        if arguments.is_passive(s, k):
            return arguments.source_roles(scene, k)
    for k in s.kids(fire.i, "poss", "compound", "amod", "nmod"):
        role = scene.role(k) if s.tokens[k].dep != "amod" or k in scene.names else None
        role = role or (scene.owner(k, 0) if s.tokens[k].dep == "poss" else None)
        if role and (role.state or s.tokens[k].dep == "poss"):
            return [role]
    return []


def strangers(scene: Scene, fire: Fire, sources: list[Role]) -> list[Role]:
    """Objects that are somebody, though no list says who."""
    own = {role.token for role in sources}
    found = [_somebody(scene, k) for k in arguments.patient(scene.sentence, fire.i)]
    return [role for role in found if role and role.token not in own][:1]


def _somebody(scene: Scene, k: int) -> Role | None:
    s = scene.sentence
    held = s.tokens[k].is_noun and s.tokens[k].lemma in scene.lexicon.objects["captive"]
    left = [one for one in s.subtree(k) if one <= k]
    return scene.somebody(k) or (Role("UNK", k, 1.0, s.slice(left)) if held else None)


def speaker(scene: Scene) -> Mention | None:
    """Who says what the sentence quotes or reports."""
    s = scene.sentence
    for token in s.tokens:
        if token.is_verb and token.lemma in scene.lexicon.operators["report"]:
            who = arguments.subject(s, token.i)
            role = scene.role(who) if who is not None else None
            if role and not role.code.startswith("UNK"):
                return Mention(
                    role.code, role.text, (scene.order, token.i), person=True, subject=True
                )
    return None
