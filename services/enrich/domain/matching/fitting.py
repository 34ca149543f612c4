"""Whether a frame's conditions hold where it would fire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.matching.wording import (
    denies,
    has_words,
    says_must,
    says_wrong,
    wants_other,
)
from services.enrich.domain.roles import arguments
from tocsin.messages import Plover

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.lexicon import Frame


NEAR = 5  # how far after a verb its particle may stand
# Nouns that are of what stands before them: "a tank column".
_MADE_OF = frozenset(
    {"column", "convoy", "group", "crew", "wing", "system", "formation", "power", "unit", "force",
     "asset", "presence", "team", "personnel", "reserve", "ship", "boat", "plane"}
)  # fmt: skip
_CONFLICT = frozenset(
    {Plover.ASSAULT, Plover.COERCE, Plover.SANCTION, Plover.MOBILIZE, Plover.REJECT}
)

_FORCE = frozenset({Plover.ASSAULT, Plover.MOBILIZE, Plover.THREATEN})
_PREPOSITIONS = frozenset({"on", "for", "upon", "to", "at", "with", "from"})


def has_particles(scene: Scene, i: int, phrase: str) -> bool:
    """Whether the particles of a phrase like "call up" stand with the verb at `i`."""
    parts = phrase.split()[1:]
    if not parts:
        return True
    s = scene.sentence
    window = s.tokens[i + 1 : i + 1 + NEAR]
    words = {word: token.i for token in reversed(window) for word in (token.lower, token.lemma)}
    if not all(part in words for part in parts):
        return False
    first = words[parts[0]]
    if first != i + 1 and s.tokens[first].head != i:
        return False
    before = [k for k in s.kids(i, "dobj") if k < words[parts[0]]]
    return not (before and parts[0] in _PREPOSITIONS)  # "called him on Monday" calls on nobody


def fits_noun(scene: Scene, i: int, first: int, frame: Frame, phrase: str) -> bool:
    """Whether what the frame asks for stands around the noun at `i`, its phrase from `first`."""
    text = scene.sentence.text.lower()
    if frame.without and _excluded(scene, i, frame):
        return False
    if frame.also and not any(word in text for word in frame.also):
        return False
    if frame.contents:
        head = first if " of " in phrase else i
        held = _contents(scene, head)
        return any(_in_class(scene, k, frame.contents) for k in held)
    return True


def _contents(scene: Scene, i: int) -> list[int]:
    s = scene.sentence
    found = [k for k in s.children[i] if s.tokens[k].dep in {"compound", "amod", "nmod", "poss"}]
    for k in s.kids(i, "prep"):
        if s.tokens[k].lower == "of":
            found.extend(s.kids(k, "pobj"))
    return found


def _excluded(scene: Scene, i: int, frame: Frame) -> bool:
    s = scene.sentence
    around = s.tokens[max(0, i - 4) : i + 6]
    words = {word for token in around for word in (token.lower, token.lemma)}
    spoken = " ".join(token.lower for token in around)
    return any(
        phrase[1:] in spoken
        if phrase.startswith("=")
        else all(part in words for part in phrase.replace("-", " ").split())
        for phrase in frame.without
    )


def fits_verb(scene: Scene, i: int, frame: Frame) -> bool:
    """Whether all that the frame asks for stands around the verb at `i`."""
    special = _special(scene, i, frame)
    if special is not None:
        return special
    s = scene.sentence
    if frame.without and _excluded(scene, i, frame):
        return False
    if frame.also and not any(word in s.text.lower() for word in frame.also):
        return False
    if frame.plover is Plover.AGREE and _hostile(scene, i):
        return False
    if frame.plover in _FORCE and _by_accident(scene, i):
        return False
    return _roles_fit(scene, i, frame)


def _by_accident(scene: Scene, i: int) -> bool:
    """Whether a crash, a collision, a storm or a market did it."""
    found = arguments.subject(scene.sentence, i)
    if found is None:
        return False
    s, objects = scene.sentence, scene.lexicon.objects
    if any(s.tokens[k].lemma in objects["weapon"] for k in s.kids(found, "compound")):
        return False  # "artillery fire"
    lemma = s.tokens[found].lemma
    struck = [s.tokens[k].lemma for k in arguments.patient(s, i)]
    vessels = objects["vessel"]
    collided = s.tokens[i].lemma == "hit" and lemma in vessels and bool(vessels & set(struck))
    return collided or lemma in objects["accident"] or lemma in objects["market"]


def _special(scene: Scene, i: int, frame: Frame) -> bool | None:
    """The answer of the frames that look at the clause below; none for the ordinary ones."""
    if frame.wrong:
        return says_wrong(scene, i)
    if frame.must:
        return says_must(scene, i)
    if frame.other:
        return wants_other(scene, i)
    if frame.denies:
        return denies(scene, i)
    return False if frame.negative and not scene.sentence.kids(i, "neg") else None


def _roles_fit(scene: Scene, i: int, frame: Frame) -> bool:
    """Whether the words, object and subject that the frame asks for are there."""
    return (
        (not frame.words or has_words(scene, i, frame))
        and (not frame.object or _object_fits(scene, i, frame))
        and (not frame.subject or _subject_fits(scene, i, frame))
        and (not frame.subject_class or _subject_sector(scene, i, frame))
        and (not frame.require or _required(scene, i, frame))
    )


def _hostile(scene: Scene, i: int) -> bool:
    """Whether what is agreed or promised is an act of conflict: it is coded itself."""
    for k in scene.sentence.kids(i, "xcomp"):
        pairs = scene.lexicon.by_verb.get(scene.sentence.tokens[k].lemma, ())
        return any(
            frame.plover in _CONFLICT
            and has_particles(scene, k, phrase)
            and fits_verb(scene, k, frame)
            for frame, phrase in pairs[:3]
        )
    return False


def _required(scene: Scene, i: int, frame: Frame) -> bool:
    if frame.reciprocal and len(arguments.source_roles(scene, i)) > 1:
        return True
    preps = {word for word in frame.require if word != "object"}
    if "object" in frame.require and arguments.patient(scene.sentence, i):
        return True
    return bool(arguments.objects_of(scene.sentence, i, preps))


def _object_fits(scene: Scene, i: int, frame: Frame) -> bool:
    found = arguments.patient(scene.sentence, i)
    if not found:
        return "none" in frame.object
    return any(_is_of(scene, k, frame.object) for k in found)


def _subject_fits(scene: Scene, i: int, frame: Frame) -> bool:
    found = arguments.subject(scene.sentence, i)
    return found is not None and _is_of(scene, found, frame.subject)


def _subject_sector(scene: Scene, i: int, frame: Frame) -> bool:
    roles = arguments.source_roles(scene, i)
    return any(role.code.rpartition(".")[2] in frame.subject_class for role in roles)


def _is_of(scene: Scene, k: int, classes: tuple[str, ...]) -> bool:
    if "any" in classes:
        return True
    if "actor" in classes and scene.role(k) is not None:
        return True
    if "people" in classes and scene.sentence.tokens[k].tag == "CD":
        return True  # "charged two", "arrested 30"
    if "owned" in classes and scene.owner(k, 0) is not None:
        return True
    if "person" in classes and _is_person(scene, k):
        return True
    name = scene.names.get(k)
    if "named" in classes and name is None and scene.sentence.tokens[k].is_name:
        return True
    if (
        name
        and ("state" in classes or "land" in classes)
        and name.kind in {"state", "city", "seat"}
    ):
        return True
    return _in_class(scene, k, classes)


def _is_person(scene: Scene, k: int) -> bool:
    """Whether it is somebody, and not a state: "two Palestinians", "the general"."""
    name = scene.names.get(k)
    role = scene.role(k)
    return bool(name and name.kind in {"leader", "demonym"}) or bool(role and "." in role.code)


def _in_class(scene: Scene, k: int, classes: tuple[str, ...]) -> bool:
    """Whether a phrase, what it is made of, or what is joined to it, is of one of the classes."""
    s, lexicon = scene.sentence, scene.lexicon
    todo: list[int] = [k]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if one in seen or len(seen) > 12:
            continue
        seen.add(one)
        token = s.tokens[one]
        parts = [token.lemma, *(s.tokens[c].lemma for c in s.kids(one, "compound"))]
        if "force" in classes and token.is_noun and token.lemma not in _MADE_OF:
            parts = parts[:1]  # "missile parts", "plane tickets"
        if any(part in lexicon.objects.get(name, ()) for name in classes for part in parts):
            return True
        todo.extend(s.kids(one, "conj", "appos"))
        if (
            token.lemma in lexicon.nouns["transparent"]
            or token.lower in lexicon.nouns["quantity"]
            or token.lower in lexicon.numbers
            or token.lemma in {"asset", "force"}
        ):
            for prep in s.kids(one, "prep"):
                todo.extend(s.kids(prep, "pobj"))
    return False
