"""Whether the words a frame asks for stand in the right place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.roles import arguments

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.language.tokens import Sentence
    from services.enrich.domain.lexicon import Frame


_ASIDES = frozenset({"despite", "after", "before", "amid", "following", "since", "during"})


def has_words(scene: Scene, i: int, frame: Frame) -> bool:
    """Whether one of the frame's words stands in the verb's own phrase."""
    s = scene.sentence
    near = _own_phrase(scene, i, deep=frame.deep)
    lemmas = {s.tokens[k].lemma for k in near} | {s.tokens[k].lower for k in near}
    text = ""
    for word in frame.words:
        if " " in word or "-" in word:
            text = text or " ".join(s.tokens[k].lemma for k in near) + " " + " ".join(
                s.tokens[k].lower for k in near
            )
            if word.replace("-", " - ") in text or word in text:
                return True
        elif word in lemmas:
            return True
    return False


def _own_phrase(scene: Scene, i: int, *, deep: bool) -> list[int]:
    s = scene.sentence
    token = s.tokens[i]
    found: list[int] = []
    todo = [k for k in s.children[i] if _begins(s, k, deep=deep)]
    if arguments.is_passive(s, i) and token.dep in {"acl", "amod"}:
        found.append(token.head)
    for depth in range(6 if deep else 4):
        found.extend(todo)
        todo = [one for k in todo for one in s.children[k] if _inside(s, one, depth, deep=deep)]
    return sorted(found)


def _begins(s: Sentence, k: int, *, deep: bool) -> bool:
    token = s.tokens[k]
    if token.lower in _ASIDES:
        return False
    if token.dep == "ccomp":
        return deep
    return token.dep not in {"nsubj", "advcl", "conj", "csubj", "relcl"}


def _inside(s: Sentence, k: int, depth: int, *, deep: bool) -> bool:
    """Whether a word still belongs to the phrase above it, and not to a story of its own."""
    token = s.tokens[k]
    if token.dep in {"relcl", "advcl"}:
        return False
    aside = token.dep == "prep" and depth > 0 and token.lower not in {"of", "to", "on"}
    return deep or not aside


def says_must(scene: Scene, i: int) -> bool:
    """Whether a report says what another must do."""
    s = scene.sentence
    inner = s.kid(i, "ccomp")
    if inner is None:
        return False
    who = s.kid(inner, "nsubj", "nsubjpass")
    musts = scene.lexicon.modals["requested"]
    demanded = any(s.tokens[k].lower in musts for k in s.kids(inner, "aux"))
    return demanded and who is not None and s.tokens[who].tag != "PRP"


def wants_other(scene: Scene, i: int) -> bool:
    """Whether what is wanted is another's to do: "wants Putin to withdraw"."""
    s = scene.sentence
    inner = s.kid(i, "ccomp", "xcomp")
    if inner is None or not any(s.tokens[k].tag == "TO" for k in s.kids(inner, "aux")):
        return False
    who = s.kid(inner, "nsubj", "nsubjpass")
    return who is not None and scene.role(who) is not None


def denies(scene: Scene, i: int) -> bool:
    """Whether a concession reports a denial: "although it maintained that no such thing exists"."""
    s = scene.sentence
    inner = s.kid(i, "ccomp")
    concessive = any(
        s.tokens[k].lower in {"although", "though", "while", "but"} for k in s.kids(i, "mark", "cc")
    )
    if inner is None or not concessive or s.tokens[i].dep not in {"advcl", "conj"}:
        return False
    return bool(s.kids(inner, "neg")) or any(
        s.tokens[k].lower == "longer" for k in s.kids(inner, "advmod")
    )


def says_wrong(scene: Scene, i: int) -> bool:
    """Whether a report puts wrongdoing on somebody: "claimed that X is colluding with gangs"."""
    s = scene.sentence
    inner = s.kid(i, "ccomp")
    who = s.kid(inner, "nsubj") if inner is not None else None
    if inner is None or who is None or scene.role(who) is None:
        return False
    lemma = s.tokens[inner].lemma
    wrongs = scene.lexicon.wrongs
    return lemma in wrongs["deed"] or (lemma in wrongs["neglect"] and bool(s.kids(inner, "neg")))
