"""Who stands where around a verb or an event noun: subjects, objects, prepositional phrases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.actors.role import INFERRED, Role

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.language.tokens import Sentence

_DEPTH = 8  # how far a subject may be inherited


def is_passive(s: Sentence, v: int) -> bool:
    """Whether the verb is passive, a reduced "sanctions imposed by" included."""
    token = s.tokens[v]
    if s.kids(v, "nsubjpass", "auxpass"):
        return True
    if (
        token.tag != "VBN"
        or token.dep not in {"acl", "amod", "conj", "advcl"}
        or s.kids(v, "aux", "nsubj")
    ):
        return False
    if token.dep == "acl":
        return s.kid(v, "dobj") is None
    if token.dep == "conj":
        head = token.head
        return is_passive(s, head) if s.tokens[head].is_verb else False
    return s.kid(v, "dobj") is None


def subject(s: Sentence, v: int, depth: int = _DEPTH) -> int | None:
    """The token of who does what verb `v` says; a passive's doer is its agent, none without one."""
    if is_passive(s, v):
        return _agent(s, v)
    own = s.kid(v, "nsubj", "csubj")
    if own is not None:
        return _antecedent(s, v, own)
    return _inherited(s, v, depth) if depth else None


def patient(s: Sentence, v: int) -> list[int]:
    """The tokens of whom verb `v` is done to."""
    token = s.tokens[v]
    if is_passive(s, v):
        own = s.kid(v, "nsubjpass")
        if own is not None:
            return [_antecedent(s, v, own)]
        if token.dep in {"acl", "amod"}:
            return [token.head]
        if token.dep == "conj":
            return patient(s, token.head)
        return []
    found = [_antecedent(s, v, k) for k in s.kids(v, "dobj", "oprd", "attr")]
    return found or [k for one in s.kids(v, "dative") for k in (s.kids(one, "pobj") or [one])]


def objects_of(
    s: Sentence, i: int, words: frozenset[str] | set[str], *, through: bool = True
) -> list[int]:
    """The heads of the phrases after these prepositions at `i`, and below its objects."""
    if s.words.isdisjoint(words):
        return []
    found = _after(s, i, words, through=through)
    if not through:
        return found
    if not s.tokens[i].is_verb:
        below = [k for k in s.kids(i, "acl", "conj") if s.tokens[k].dep == "acl" or not _verb(s, k)]
        return found + [one for k in below for one in objects_of(s, k, words, through=False)]
    for k in (*s.kids(i, "dobj", "conj", "nsubjpass", "xcomp", "oprd"), *_listed(s, i)):
        if s.tokens[k].dep == "xcomp" or not _verb(s, k):
            found.extend(objects_of(s, k, words))
    return found


def _verb(s: Sentence, k: int) -> bool:
    return s.tokens[k].is_verb


def _after(s: Sentence, i: int, words: frozenset[str] | set[str], *, through: bool) -> list[int]:
    found = []
    for k in s.kids(i, "prep", "agent", "dative", "advmod", "prt"):
        below = s.kids(k, "pobj", "pcomp")
        if s.tokens[k].lower in words:
            found.extend(below)
        for inner in s.kids(k, "prep"):  # "out of", "in front of"
            if s.tokens[inner].lower in words:
                found.extend(s.kids(inner, "pobj"))
        if through:
            found.extend(one for k in below for one in objects_of(s, k, words, through=False))
    return found


def _listed(s: Sentence, v: int) -> list[int]:
    """What is joined to a verb's objects: the last of a list may hold the list's preposition."""
    found: list[int] = []
    todo = s.kids(v, "dobj", "nsubjpass")
    while todo:
        below = [k for k in s.kids(todo.pop(), "conj", "appos") if not s.tokens[k].is_verb]
        found.extend(below)
        todo.extend(below)
    return found


def _agent(s: Sentence, v: int) -> int | None:
    for k in s.kids(v, "agent", "prep"):
        if s.tokens[k].lower == "by":
            pobj = s.kid(k, "pobj")
            if pobj is not None:
                return pobj
    return None


def _antecedent(s: Sentence, v: int, k: int) -> int:
    """What "which", "who" or "that" stands for; the token itself otherwise."""
    if s.tokens[k].tag in {"WDT", "WP"}:
        for up in (v, *s.ancestors(v)):
            if s.tokens[up].dep == "relcl" and s.tokens[up].head < k:
                return s.tokens[up].head
    return k


def _inherited(s: Sentence, v: int, depth: int) -> int | None:
    """The subject a verb takes from the clause above it."""
    token = s.tokens[v]
    head = s.head(v)
    if head is None:
        return None
    above = s.tokens[head]
    if token.dep == "pcomp" or above.tag == "IN":
        return _from_preposition(s, head, depth)
    if above.dep == "ROOT" and head < v and not above.is_verb and token.tag == "VB":
        return head  # the headlines "Dutch to send troops", "Troops to leave"
    if token.dep == "acl" and token.tag != "VBN":
        return _from_noun(s, head, depth)
    if above.is_verb or above.tag == "MD" or above.dep in {"ROOT", "acomp"}:
        if token.dep == "xcomp":
            controlled = _controlled(s, v, head)
            if controlled is not None:
                return controlled
        if above.dep == "acomp":
            up = s.head(head)
            return subject(s, up, depth - 1) if up is not None else None
        return subject(s, head, depth - 1)
    if above.is_noun:
        return _from_noun(s, head, depth)
    return None


def _controlled(s: Sentence, v: int, head: int) -> int | None:
    """Who is to do what verb `head` says of them: "told Iran to stop", "is scheduled to go"."""
    told = s.kid(head, "dobj")
    if told is not None and s.tokens[v].tag == "VB":
        return None if s.tokens[head].lemma in {"promise", "use"} else told
    return s.kid(head, "nsubjpass") if is_passive(s, head) else None


def _from_preposition(s: Sentence, prep: int, depth: int) -> int | None:
    up = s.head(prep)
    if up is None:
        return None
    if s.tokens[up].is_verb:
        controlled = s.kid(up, "dobj")
        if controlled is not None and s.tokens[prep].lower in {"of", "from", "into", "for", "with"}:
            return controlled
        return subject(s, up, depth - 1)
    return _from_noun(s, up, depth)


def _from_noun(s: Sentence, noun: int, depth: int) -> int | None:
    """As in "a plan to attack": the noun's possessor, else the clause's subject."""
    poss = s.kid(noun, "poss")
    if poss is not None:
        return poss
    head = s.head(noun)
    while head is not None and not s.tokens[head].is_verb:
        head = s.head(head)
    found = subject(s, head, depth - 1) if head is not None and depth else None
    return noun if found is None else found


def source_roles(scene: Scene, v: int) -> list[Role]:
    """Who does what `v` says, each as sure as its words."""
    found = subject(scene.sentence, v)
    if found is None:
        return []
    roles = scene.roles(found) or _joined_agents(scene, v)
    if roles:
        return roles
    owner = scene.owner(found) or _issuer(scene, found)
    if owner:
        return [owner]
    s = scene.sentence
    up = next((k for k in s.ancestors(found) if s.tokens[k].is_verb and k < found and k != v), None)
    if s.tokens[found].tag == "DT":  # "This includes negotiating with"
        last = scene.cast.last((scene.order, 0), person=None, state=True)
        return [Role(last.code, found, INFERRED, last.text)] if last else []
    relative = any(s.tokens[k].dep == "relcl" for k in (v, *s.ancestors(v)[:1]))
    controlled = s.tokens[found].dep in {"dobj", "pobj", "conj"} and s.tokens[v].head != v
    if (relative or controlled) and up is not None:
        return weaken(source_roles(scene, up))
    stranger = scene.somebody(found)
    return [stranger] if stranger else []


def _issuer(scene: Scene, i: int) -> Role | None:
    """Whose a document is: "a report released by the army", "published in the Rwandan capital"."""
    s = scene.sentence
    if s.tokens[i].lemma not in scene.lexicon.nouns["document"]:
        return None
    for k in s.kids(i, "acl"):
        for below in _after(s, k, {"by", "in"}, through=False):
            role = scene.role(below)
            if role:
                return role._replace(sure=INFERRED)
    return None


def _joined_agents(scene: Scene, v: int) -> list[Role]:
    """Doers that the parser joined to a passive verb: "by many bodies, as well as the army"."""
    s = scene.sentence
    if not is_passive(s, v):
        return []
    return [role for k in s.kids(v, "conj") if s.tokens[k].is_noun for role in scene.roles(k)]


def weaken(roles: list[Role]) -> list[Role]:
    """The same roles, no longer in the clause's own words."""
    return [role._replace(sure=min(role.sure, INFERRED)) for role in roles]
