"""What the data files say, as frozen structs. Reading them is another's task (data/read.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec

from services.enrich.domain.language import morphology
from tocsin.messages import Plover, ReportStatus

Words = frozenset[str]


class Frame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way of saying an act; frames.toml explains the fields."""

    name: str
    plover: Plover
    cameo: str
    mode: str | None = None
    verbs: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()
    object: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    subject_class: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    status: ReportStatus | None = None
    only_status: tuple[ReportStatus, ...] = ()
    clause: bool = False
    reciprocal: bool = False
    internal: bool = False
    needs_deed: bool = False
    speech: bool = False
    wrong: bool = False
    deep: bool = False
    aimed: bool = False
    negative: bool = False
    denies: bool = False
    must: bool = False
    other: bool = False
    fallback: bool = False


class PloverClass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A class's place on the scales of classes.toml."""

    cameo: str
    level: int
    scores: dict[str, float]
    promise: str | None = None
    refusal: str | None = None


class Lexicon(msgspec.Struct, frozen=True, kw_only=True):
    """All words the coder knows, apart from names."""

    frames: tuple[Frame, ...]
    classes: dict[Plover, PloverClass]
    by_verb: dict[str, tuple[tuple[Frame, str], ...]]
    by_noun: dict[str, tuple[tuple[Frame, str], ...]]
    by_adjective: dict[str, tuple[tuple[Frame, str], ...]]
    agents: dict[str, str]
    agent_heads: Words
    weak_agents: Words
    objects: dict[str, Words]
    operators: dict[str, Words]
    modals: dict[str, Words]
    hedges: dict[str, Words]
    nouns: dict[str, Words]
    preps: dict[str, Words]
    sources: dict[str, Words]
    wrongs: dict[str, Words]
    units: dict[str, str]
    numbers: dict[str, int]
    cues: dict[str, str]
    verb_lemmas: dict[str, str]
    noun_lemmas: dict[str, str]

    def score(self, plover: Plover, mode: str | None) -> float:
        """PLOVER's conflict-cooperation score of a class and mode."""
        scores = self.classes[plover].scores
        return scores.get(mode or "", scores[""])

    def lemma(self, lower: str, tag: str) -> str:
        """The lemma of a word as tagged; the word itself where the lexicon has none."""
        if tag.startswith("V") or tag == "MD":
            return self.verb_lemmas.get(lower) or lower
        if tag.startswith("N"):
            return self.noun_lemmas.get(lower) or (_singular(lower) if tag == "NNS" else lower)
        return lower


def lexicon(data: Mapping[str, Any]) -> Lexicon:
    """The lexicon of the data files, each given under its file's name without the ending."""
    frames = tuple(msgspec.convert(frame, Frame) for frame in data["frames"]["frame"])
    words, nouns, cues = data["words"], data["nouns"], data["cues"]["categories"]
    agents = {lemma: sector for sector, lemmas in nouns["agents"].items() for lemma in lemmas}
    objects = {name: frozenset(lemmas) for name, lemmas in nouns["objects"].items()}
    verb_lemmas = {word.split()[0] for frame in frames for word in frame.verbs}
    verb_lemmas.update(
        *(lemmas for lemmas in words["operators"].values()), words["sources"]["passive"]
    )
    verb_lemmas.update(*words["wrongs"].values())
    noun_lemmas = {
        word.replace("-", " ").split()[-1]
        for frame in frames
        for word in (*frame.nouns, *frame.words)
    }
    noun_lemmas.update(lemma.split()[-1] for lemma in agents)
    noun_lemmas.update(*objects.values(), *words["nouns"].values(), *words["units"].values())
    noun_lemmas.update(*words["sources"].values(), words["numbers"])
    irregular = data["irregular"]
    verb_forms = morphology.table(verb_lemmas, irregular["verbs"], verbs=True)
    noun_forms = morphology.table(noun_lemmas, irregular["nouns"], verbs=False)
    for phrases in cues.values():  # a form is no lemma: "killing" is "kill", "arms" is "arm"
        firsts, lasts = ({phrase.split()[at] for phrase in phrases} for at in (0, -1))
        verb_lemmas.update(firsts - verb_forms.keys())
        noun_lemmas.update(lasts - noun_forms.keys())
    return Lexicon(
        frames=frames,
        classes={
            Plover(name): msgspec.convert(c, PloverClass) for name, c in data["classes"].items()
        },
        by_verb=_index(frames, "verbs", last=False),
        by_noun=_index(frames, "nouns", last=True),
        by_adjective=_index(frames, "adjectives", last=False),
        agents=agents,
        agent_heads=frozenset(lemma.split()[-1] for lemma in agents),
        weak_agents=frozenset(nouns["weak_agents"]),
        objects=objects,
        operators=_sets(words["operators"]),
        modals=_sets(words["modals"]),
        hedges=_sets(words["hedges"]),
        nouns=_sets(words["nouns"]),
        preps=_sets(words["preps"]),
        sources=_sets(words["sources"]),
        wrongs=_sets(words["wrongs"]),
        units={lemma: unit for unit, lemmas in words["units"].items() for lemma in lemmas},
        numbers=words["numbers"],
        cues={phrase: category for category, phrases in cues.items() for phrase in phrases},
        verb_lemmas=morphology.table(verb_lemmas, irregular["verbs"], verbs=True),
        noun_lemmas=morphology.table(noun_lemmas, irregular["nouns"], verbs=False),
    )


def _singular(lower: str) -> str:
    if lower.endswith("ies"):
        return lower[:-3] + "y"
    return lower[:-1] if lower.endswith("s") and not lower.endswith("ss") else lower


def _sets(lists: Mapping[str, list[str]]) -> dict[str, Words]:
    return {name: frozenset(lemmas) for name, lemmas in lists.items()}


def _index(
    frames: tuple[Frame, ...], field: str, *, last: bool
) -> dict[str, tuple[tuple[Frame, str], ...]]:
    found: dict[str, list[tuple[Frame, str]]] = defaultdict(list)
    for frame in frames:
        for phrase in getattr(frame, field):
            words = phrase.replace("-", " - ").split() if last else phrase.split()
            found[words[-1 if last else 0]].append((frame, phrase))
    # The longest phrase is tried first: "open fire on" before "open".
    return {
        word: tuple(sorted(pairs, key=lambda pair: -len(pair[1].split())))
        for word, pairs in found.items()
    }
