"""Whom an act is aimed at, and the other state it is tied to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.actors.role import INFERRED, Role
from services.enrich.domain.roles import arguments
from tocsin.messages import Plover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.matching.frames import Fire

_PLACE = frozenset(
    {
        "in",
        "inside",
        "within",
        "off",
        "near",
        "at",
        "to",
        "into",
        "toward",
        "towards",
        "around",
        "along",
        "across",
        "over",
        "on",
        "outside",
        "throughout",
    }
)
_HITS = frozenset({"kill", "hit", "target", "wound", "injure", "destroy", "aim", "damage", "maim"})
_NEARBY = frozenset({"near", "along", "around", "outside"})
_BLOWS = frozenset({Plover.ASSAULT, Plover.COERCE})
_MEETS = frozenset(
    "intercept confront counter deter repel shadow fight face resist block stop challenge".split()
)
_RHETORIC = frozenset({"imperialism", "empire", "imperialist", "enemy", "aggressor"})
_CAPTURE = frozenset(
    {"capture", "arrest", "conviction", "apprehension", "extradition", "head", "whereabouts"}
)
_QUARRELS = frozenset({"row", "dispute", "crisis", "standoff", "confrontation", "feud", "tension"})
_CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december day week month year today yesterday "
    "tomorrow morning evening night midnight weekend hour minute time behalf".split()
)
_ABOUT = frozenset({"about", "against", "over", "on", "into"})
_LINKS = frozenset({"amid", "amidst", "despite", "following", "against", "after"})
_REACTIONS = frozenset({"response", "face", "reaction", "light", "wake", "retaliation", "answer"})


def targets(scene: Scene, fire: Fire, sources: list[Role]) -> tuple[list[Role], str]:
    """Whom the act is aimed at, never its own source, and by which of the frame's places."""
    own = {role.code for role in sources}
    for where in fire.frame.target:
        roles = [role for role in _at(scene, fire, where) if role.code not in own]
        if roles:
            return [_at_home(scene, fire, role) for role in roles], where
    if fire.frame.plover is Plover.ASSAULT:
        return [role for role in _hit(scene, fire) if role.code not in own], "object"
    return [], ""


def _hit(scene: Scene, fire: Fire) -> list[Role]:
    """Whom it is told to have hit: "carried out a raid, killing five Syrian soldiers"."""
    s = scene.sentence
    for k in s.kids(fire.clause, "advcl", "acl") + s.kids(fire.i, "acl", "relcl"):
        if s.tokens[k].lemma not in _HITS or s.tokens[k].tag == "VBN":
            continue
        for one in arguments.patient(s, k):
            roles = scene.roles(one) or [role for role in (scene.place(one),) if role]
            if roles:
                return [_at_home(scene, fire, role) for role in roles]
    return []


def _at_home(scene: Scene, fire: Fire, role: Role) -> Role:
    """An army or people of no state named is of the state where it is struck."""
    head, _, sector = role.code.partition(".")
    if head != "UNK" or sector not in {"MIL", "GOV", "CVL", "COP"}:
        return role
    there = place(scene, fire)
    if there is None or not there.state or _by_border(scene, there.token):
        return role
    return role._replace(code=f"{there.state}.{sector}")


def _by_border(scene: Scene, k: int) -> bool:
    """Whether the place is only a border, on which side is not said."""
    s = scene.sentence
    return any(s.tokens[one].lemma in {"border", "frontier"} for one in (k, *s.ancestors(k)[:2]))


def _at(scene: Scene, fire: Fire, where: str) -> list[Role]:
    finder = _FINDERS.get(where)
    return finder(scene, fire) if finder else _after(scene, fire, where)


def _object(scene: Scene, fire: Fire) -> list[Role]:
    found = arguments.patient(scene.sentence, fire.clause) if not fire.noun or fire.anchor else []
    if fire.noun:  # "engaged the patrol in a firefight", but not "launched an attack"
        found = [k for k in found if fire.i not in scene.sentence.subtree(k)]
    return _flat(scene, found) or [role for k in found if (role := _whose(scene, k))]


def _whose(scene: Scene, k: int) -> Role | None:
    """The owner of a thing, or of what it is a part of: "a part of Syria's second city"."""
    s = scene.sentence
    whole = [
        below
        for prep in s.kids(k, "prep")
        if s.tokens[prep].lower == "of"
        for below in s.kids(prep, "pobj")
    ]
    return scene.owner(k, 0) or next((role for one in whole if (role := scene.place(one, 1))), None)


def thing(scene: Scene, fire: Fire) -> Role | None:
    """What is acted on where it is nobody known: its words, with an unknown actor's code."""
    s = scene.sentence
    for k in _named_things(scene, fire):
        token = s.tokens[k]
        if token.is_noun and k != fire.i and token.lower not in _CALENDAR:
            left = [one for one in s.subtree(k) if one <= k]
            return Role("UNK", k, 1.0, s.slice(left))
    return None


def _named_things(scene: Scene, fire: Fire) -> Iterator[int]:
    """The nouns that may be acted on, the likeliest first: where the frame looks, then beyond."""
    s, frame = scene.sentence, fire.frame
    if frame.mode == "comment":  # "sceptical of the scheme", "hopeful that the talks succeed"
        yield from arguments.objects_of(s, fire.i, _ABOUT | {"of", "in"})
        for inner in s.kids(fire.i, "ccomp"):
            yield from s.kids(inner, "nsubj", "nsubjpass")
    own = set(frame.words).union(*(scene.lexicon.objects.get(name, ()) for name in frame.object))
    starts = (fire.i,) if fire.anchor is None else (fire.i, fire.anchor)
    objects = [] if fire.noun else arguments.patient(s, fire.i)
    for where in frame.target:
        if where == "object":
            yield from (k for k in objects if s.tokens[k].lemma not in own)
        elif where == "clause":
            below = (k for one in starts for k in s.kids(one, "xcomp"))
            yield from (one for k in below for one in arguments.patient(s, k))
        elif where not in _FINDERS and where not in {"in", "at"}:
            yield from (k for one in starts for k in arguments.objects_of(s, one, {where}))
    yield from objects
    yield from arguments.objects_of(s, fire.clause, _ABOUT)
    for k in arguments.objects_of(s, fire.clause, {"in", "at"}):
        if s.tokens[k].is_name or "place" in frame.target:
            yield k


def _subject(scene: Scene, fire: Fire) -> list[Role]:
    s = scene.sentence
    who = s.kid(fire.i, "nsubj", "nsubjpass")
    who = arguments.subject(s, fire.i) if who is None else who
    return scene.roles(who) if who is not None else []


def _dative(scene: Scene, fire: Fire) -> list[Role]:
    s = scene.sentence
    given = s.kids(fire.clause, "dative")
    return _flat(scene, [k for one in given for k in (s.kids(one, "pobj") or [one])])


def _clause_subject(scene: Scene, fire: Fire) -> list[Role]:
    s = scene.sentence
    inner = s.kid(fire.i, "ccomp", "xcomp", "advcl")
    who = s.kid(inner, "nsubj", "nsubjpass") if inner is not None else None
    if who is None:
        return []
    owner = scene.owner(who)
    return scene.roles(who) or ([owner] if owner else [])


def _place(scene: Scene, fire: Fire) -> list[Role]:
    there = place(scene, fire)
    return [there] if there else []


def _after(scene: Scene, fire: Fire, prep: str) -> list[Role]:
    s = scene.sentence
    found = arguments.objects_of(s, fire.i, {prep})
    if fire.anchor is not None:
        found += arguments.objects_of(s, fire.anchor, {prep}, through=False)
    roles = _flat(scene, found)
    if roles:
        return roles
    for k in found:
        deed = _is_deed(scene, k)
        if deed and prep == "in":
            continue
        there = scene.place(k) if prep in _PLACE or (prep == "for" and deed) else None
        owner = there or scene.owner(k)
        if owner:
            return [owner]
    return []


def _is_deed(scene: Scene, k: int) -> bool:
    """Whether the noun at `k` tells an act, and so is no place."""
    token = scene.sentence.tokens[k]
    return token.is_noun and k not in scene.names and token.lemma in scene.lexicon.by_noun


def _flat(scene: Scene, indices: list[int]) -> list[Role]:
    found: list[Role] = []
    for k in indices:
        found.extend(role for role in scene.roles(k) if role not in found)
    return found


def _owners(scene: Scene, fire: Fire) -> list[Role]:
    s = scene.sentence
    for k in arguments.patient(s, fire.i):
        owner = scene.owner(k)
        if owner and scene.role(k) is None:
            return [owner]
        said = (
            s.tokens[fire.i].dep == "relcl"
            and s.tokens[k].lemma in scene.lexicon.objects["accusation"]
        )
        verb = next((up for up in s.ancestors(k) if s.tokens[up].is_verb), None)
        if said and verb is not None:  # "accused him, an assertion that was rejected by"
            return arguments.source_roles(scene, verb)
    return []


def _named_word(scene: Scene, fire: Fire) -> list[Role]:
    """Whose the frame's own word is: "called U.S. threats rubbish"."""
    for k in scene.sentence.subtree(fire.i):
        if k > fire.i and scene.sentence.tokens[k].lemma in fire.frame.words:
            owner = scene.owner(k)
            if owner:
                return [owner]
    return []


def _captive(scene: Scene, fire: Fire) -> list[Role]:
    """Whose capture a reward is for."""
    for k in scene.sentence.subtree(fire.clause):
        if scene.sentence.tokens[k].lemma in _CAPTURE:
            owner = scene.owner(k)
            if owner:
                return [owner]
    return []


def _foe(scene: Scene, fire: Fire) -> list[Role]:
    """Whom forces are sent to meet: "scrambled jets to intercept Russian bombers"."""
    s = scene.sentence
    for k in s.kids(fire.clause, "xcomp", "advcl") + s.kids(fire.i, "acl", "relcl"):
        if s.tokens[k].lemma in _MEETS:
            for one in arguments.patient(s, k):
                roles = scene.roles(one) or [role for role in (scene.owner(one, 0),) if role]
                if roles:
                    return roles
    return []


def _rival(scene: Scene, fire: Fire) -> list[Role]:
    """The other state of the article, where a state threatens and does not say whom."""
    for role in arguments.source_roles(scene, fire.clause) if not fire.noun or fire.anchor else []:
        rival = scene.cast.rival(role.state) if role.state else None
        if rival:
            return [Role(rival, fire.i, INFERRED)]
    return []


def _in_clause(scene: Scene, fire: Fire) -> list[Role]:
    """The first actor or place that the clause below acts on."""
    s = scene.sentence
    i = fire.i
    inner = [
        k
        for k in s.subtree(i)
        if k > i and s.tokens[k].dep in {"xcomp", "ccomp", "pcomp", "acl", "advcl"}
    ]
    for k in inner:
        for one in arguments.patient(s, k):
            roles = scene.roles(one)
            if roles:
                return roles
            owner = scene.place(one) or scene.owner(one)
            if owner:
                return [owner]
        for one in arguments.objects_of(s, k, _PLACE | {"against", "with", "from", "of"}):
            role = scene.role(one) or scene.place(one) or scene.owner(one)
            if role:
                return [role]
    return []


def place(scene: Scene, fire: Fire) -> Role | None:
    """The state in or off which the act takes place, by the act's own prepositions."""
    s = scene.sentence
    starts = [fire.i] if fire.anchor is None else [fire.i, fire.anchor]
    for start in starts:
        for k in arguments.objects_of(s, start, _PLACE):
            if _is_deed(scene, k) or _beside(scene, fire, k):
                continue  # "killed in Israeli shelling": whose, not where
            found = scene.place(k)
            if found:
                return found
        found = _stationed(scene, start)
        if found:
            return found
    return None


def _beside(scene: Scene, fire: Fire, k: int) -> bool:
    """Whether force is used only near a state: "kills militants near the Afghan border"."""
    s = scene.sentence
    if fire.frame.plover not in _BLOWS or s.tokens[k].dep != "pobj":
        return False
    border = s.tokens[k].lemma in {"border", "frontier"}
    return border or s.tokens[s.tokens[k].head].lower in _NEARBY


def _stationed(scene: Scene, start: int) -> Role | None:
    """Where what is acted on lies: "the ships lying off the coast"."""
    s = scene.sentence
    for one in arguments.patient(s, start) if s.tokens[start].is_verb else []:
        for below in (below for k in s.kids(one, "acl", "relcl") for below in s.subtree(k)):
            if s.tokens[below].lower in {"off", "near", "inside", "within"}:
                for pobj in s.kids(below, "pobj"):
                    found = scene.place(pobj)
                    if found:
                        return found
    return None


def beyond(scene: Scene, fire: Fire, state: str) -> Role | None:
    """Another state that a place at home is described by: "in Guam, off North Korea"."""
    s = scene.sentence
    verb = s.tokens[fire.clause].is_verb
    heads = [*arguments.patient(s, fire.clause), *s.kids(fire.clause, "prep")] if verb else [fire.i]
    for k in (below for head in heads for below in s.subtree(head)):
        found = scene.place(k, 0)
        if found and found.state != state:
            return found
    return None


def tie(scene: Scene, fire: Fire, state: str) -> Role | None:
    """The other state that a mobilisation answers: "in response to", "amid", "following"."""
    s = scene.sentence
    for token in s.tokens:
        quarrel = token.lemma in _QUARRELS and bool(s.kids(token.i, "prep", "poss", "amod"))
        linked = token.lower in _LINKS and token.dep in {"prep", "mark", "advcl", "pcomp"}
        reacts = token.lower in _REACTIONS and bool(s.kids(token.i, "prep"))
        if not (linked or reacts or quarrel) or not _clause_of(scene, fire, token.i):
            continue
        for k in s.subtree(token.i):
            role = scene.role(k)
            if role and role.state and role.state != state and s.tokens[k].is_noun:
                return Role(role.state, k, 1.0, role.text)
            name = scene.names.get(k)
            if (
                name
                and len(name.code.split(".")[0]) == 3
                and name.code[:3] != state
                and name.kind != "group"
            ):
                return Role(name.code[:3], k, 1.0, s.tokens[k].text)
            if s.tokens[k].lower in _RHETORIC or s.tokens[k].lemma in _RHETORIC:
                rival = scene.cast.rival(state)
                if rival:
                    return Role(rival, k, INFERRED, s.tokens[k].text)
    return None


def _clause_of(scene: Scene, fire: Fire, i: int) -> bool:
    """Whether the link stands in the act's own clause or one joined to it."""
    s = scene.sentence
    return (
        fire.clause in s.ancestors(i)
        or any(up in s.ancestors(i) for up in s.ancestors(fire.clause))
        or (i in s.ancestors(fire.clause))
    )


def _tied_to(scene: Scene, fire: Fire) -> list[Role]:
    for role in arguments.source_roles(scene, fire.clause):
        answer = tie(scene, fire, role.state) if role.state else None
        if answer:
            return [answer]
    return []


def rhetoric(scene: Scene, state: str) -> Role | None:
    """The rival state that "imperialism" or "the empire" stands for."""
    for token in scene.sentence.tokens:
        if token.lower in _RHETORIC:
            rival = scene.cast.rival(state)
            if rival:
                return Role(rival, token.i, INFERRED, token.text)
    return None


_FINDERS: dict[str, Callable[[Scene, Fire], list[Role]]] = {
    "object": _object,
    "owner": _owners,
    "subject": _subject,
    "dative": _dative,
    "clause": _in_clause,
    "clause-subject": _clause_subject,
    "place": _place,
    "word": _named_word,
    "captive": _captive,
    "tie": _tied_to,
    "rival": _rival,
    "foe": _foe,
}
