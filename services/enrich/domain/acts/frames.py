"""Which frame a verb or noun fires, if any."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.enrich.domain.acts import arguments
from tocsin.messages import Plover

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.language.tokens import Sentence
    from services.enrich.domain.lexicon import Frame

_NEAR = 5  # how far after a verb its particle may stand
_CONFLICT = frozenset(
    {Plover.ASSAULT, Plover.COERCE, Plover.SANCTION, Plover.MOBILIZE, Plover.REJECT}
)
_PREPOSITIONS = frozenset({"on", "for", "upon", "to", "at", "with", "from"})
_ASIDES = frozenset({"despite", "after", "before", "amid", "following", "since", "during"})
_CARRYING = frozenset({"out", "in", "with", "to", "on"})


class Fire(NamedTuple):
    """A frame fired at token `i`. For a noun, `anchor` is the verb that carries it out, if any."""

    frame: Frame
    i: int
    noun: bool
    anchor: int | None = None
    phrase: str = ""

    @property
    def clause(self) -> int:
        """The token whose clause tells the act."""
        return self.i if self.anchor is None else self.anchor


def fires(scene: Scene) -> list[Fire]:
    """The first fitting frame of each verb, noun and adjective of the sentence."""
    found = []
    for token in scene.sentence.tokens:
        fire = _at(scene, token.i)
        if fire:
            found.append(fire)
    return found


def _at(scene: Scene, i: int) -> Fire | None:
    token = scene.sentence.tokens[i]
    lexicon = scene.lexicon
    if token.dep == "amod" or (token.is_name and token.text.istitle() and token.dep != "ROOT"):
        return None
    if token.is_verb or token.tag == "MD":
        return _verb(scene, i, lexicon.verb_lemmas.get(token.lower, token.lemma))
    if token.is_noun:
        fire = _noun(scene, i)
        if fire is None and token.dep == "ROOT":  # a headline's verb read as a noun
            fire = _verb(scene, i, lexicon.verb_lemmas.get(token.lower, token.lower))
        return fire
    if token.dep in {"acomp", "ROOT", "conj", "ccomp"} or token.tag.startswith("JJ"):
        for frame, phrase in lexicon.by_adjective.get(token.lower, ()):
            fits = not frame.words or _has_words(scene, i, frame)
            if fits and scene.sentence.kids(i, "xcomp", "prep"):
                return Fire(frame, i, noun=False, phrase=phrase)
    return None


def _verb(scene: Scene, i: int, lemma: str) -> Fire | None:
    pairs = scene.lexicon.by_verb.get(lemma, ())
    for frame, phrase in sorted(pairs, key=lambda pair: -len(pair[1].split())):
        if _particles(scene, i, phrase) and _fits_verb(scene, i, frame):
            return Fire(frame, i, noun=False, phrase=phrase)
    return None


def _particles(scene: Scene, i: int, phrase: str) -> bool:
    parts = phrase.split()[1:]
    if not parts:
        return True
    s = scene.sentence
    window = s.tokens[i + 1 : i + 1 + _NEAR]
    words = {word: token.i for token in reversed(window) for word in (token.lower, token.lemma)}
    if not all(part in words for part in parts):
        return False
    first = words[parts[0]]
    if first != i + 1 and s.tokens[first].head != i:
        return False
    before = [k for k in s.kids(i, "dobj") if k < words[parts[0]]]
    return not (before and parts[0] in _PREPOSITIONS)  # "called him on Monday" calls on nobody


def _noun(scene: Scene, i: int) -> Fire | None:
    s = scene.sentence
    token = s.tokens[i]
    pairs = scene.lexicon.by_noun.get(token.lemma, ())
    best: tuple[int, Frame, str, int] | None = None
    for frame, phrase in pairs:
        first = _spelled(scene, i, phrase)
        if (
            first is not None
            and (best is None or i - first > best[0])
            and _fits_noun(scene, i, first, frame, phrase)
        ):
            best = (i - first, frame, phrase, first)
    if best is None:
        return None
    _, frame, phrase, first = best
    head = first if " of " in phrase else i
    if token.dep in {"compound", "amod", "nmod"} and s.tokens[token.head].is_noun:
        if s.tokens[token.head].lemma not in scene.lexicon.nouns["generic"]:
            return None
        head = token.head
    anchor = _anchor(scene, head)
    if frame.needs_deed and anchor is None:
        return None
    return Fire(frame, head, noun=True, anchor=anchor, phrase=phrase)


def _spelled(scene: Scene, i: int, phrase: str) -> int | None:
    """Where the phrase that ends at token `i` begins, hyphens as tokens of their own."""
    words = phrase.replace("-", " - ").split()
    tokens = scene.sentence.tokens
    at = i - len(words) + 1
    if at < 0:
        return None
    for word, token in zip(words[:-1], tokens[at:i], strict=True):
        if word not in (token.lower, token.lemma):
            return None
    return at if words[-1] in (tokens[i].lemma, tokens[i].lower) else None


def _anchor(scene: Scene, i: int) -> int | None:
    """The verb that carries the noun out: "launch an attack", "order the start of a campaign"."""
    s = scene.sentence
    operators = scene.lexicon.operators
    one: int | None = i
    for _ in range(_NEAR):
        head = s.head(one) if one is not None else None
        if one is None or head is None:
            return None
        if s.tokens[head].is_verb:
            return _carrier(scene, one, head)
        if s.tokens[head].tag == "IN":
            up = s.head(head)
            if up is not None and s.tokens[up].is_verb:
                told = one == i and s.tokens[head].lower in _CARRYING
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


def _fits_noun(scene: Scene, i: int, first: int, frame: Frame, phrase: str) -> bool:
    text = scene.sentence.text.lower()
    if frame.without and _excluded(scene, i, frame):
        return False
    if frame.also and not any(word in text for word in frame.also):
        return False
    if frame.contents:
        head = first if " of " in phrase else i
        held = _contents(scene, head)
        return any(_in_class(scene, k, frame.contents) for k in held) or frame.name == "deployment"
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


def _fits_verb(scene: Scene, i: int, frame: Frame) -> bool:
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
    return _roles_fit(scene, i, frame)


def _special(scene: Scene, i: int, frame: Frame) -> bool | None:
    """The answer of the frames that look at the clause below; none for the ordinary ones."""
    if frame.wrong:
        return _says_wrong(scene, i)
    if frame.must:
        return _says_must(scene, i)
    if frame.denies:
        return _denies(scene, i)
    return False if frame.negative and not scene.sentence.kids(i, "neg") else None


def _roles_fit(scene: Scene, i: int, frame: Frame) -> bool:
    """Whether the words, object and subject that the frame asks for are there."""
    return (
        (not frame.words or _has_words(scene, i, frame))
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
            and _particles(scene, k, phrase)
            and _fits_verb(scene, k, frame)
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
    name = scene.names.get(k)
    if (
        name
        and ("state" in classes or "land" in classes)
        and name.kind in {"state", "city", "seat"}
    ):
        return True
    return _in_class(scene, k, classes)


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
        if any(part in lexicon.objects.get(name, ()) for name in classes for part in parts):
            return True
        todo.extend(s.kids(one, "conj", "appos"))
        if (
            token.lemma in lexicon.nouns["transparent"]
            or token.lower in lexicon.numbers
            or token.lemma in {"asset", "force"}
        ):
            for prep in s.kids(one, "prep"):
                todo.extend(s.kids(prep, "pobj"))
    return False


def _has_words(scene: Scene, i: int, frame: Frame) -> bool:
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


def _says_must(scene: Scene, i: int) -> bool:
    """Whether a report says what another must do."""
    s = scene.sentence
    inner = s.kid(i, "ccomp")
    if inner is None:
        return False
    who = s.kid(inner, "nsubj", "nsubjpass")
    musts = scene.lexicon.modals["requested"]
    demanded = any(s.tokens[k].lower in musts for k in s.kids(inner, "aux"))
    return demanded and who is not None and s.tokens[who].tag != "PRP"


def _denies(scene: Scene, i: int) -> bool:
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


def _says_wrong(scene: Scene, i: int) -> bool:
    """Whether a report puts wrongdoing on somebody: "claimed that X is colluding with gangs"."""
    s = scene.sentence
    inner = s.kid(i, "ccomp")
    if inner is None:
        return False
    wrong = {
        "collude",
        "violate",
        "support",
        "sponsor",
        "harbor",
        "harbour",
        "smuggle",
        "traffic",
        "interfere",
        "steal",
        "lie",
        "back",
        "arm",
        "train",
        "shelter",
        "run",
        "cheat",
        "fail",
        "commit",
        "threaten",
        "provoke",
        "plot",
    }
    verb = s.tokens[inner]
    lemma = _lemma(scene, inner)
    bad_deed = lemma in wrong and lemma not in {
        "support",
        "back",
        "run",
        "train",
        "arm",
        "fail",
        "shelter",
        "commit",
    }
    negligent = (
        bool(s.kids(inner, "neg"))
        and lemma in {"take", "do", "act", "cooperate", "comply"}
        and verb.is_verb
    )
    who = s.kid(inner, "nsubj")
    return who is not None and (bad_deed or negligent) and bool(scene.role(who))


def _lemma(scene: Scene, i: int) -> str:
    token = scene.sentence.tokens[i]
    lower = token.lower
    for ending, put in (("ing", "e"), ("ing", ""), ("ed", "e"), ("ed", ""), ("s", "")):
        if lower.endswith(ending) and token.lemma == lower:
            stem = lower[: -len(ending)] + put
            if stem in {
                "collude",
                "violate",
                "sponsor",
                "harbor",
                "harbour",
                "smuggle",
                "interfere",
                "steal",
                "lie",
                "cheat",
                "provoke",
                "plot",
                "cooperate",
                "comply",
                "take",
                "act",
                "do",
            }:
                return stem
    return token.lemma
