"""Headlines told in the past: the parser takes "US sinks boat" for a noun phrase, "US sank" not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.language import morphology

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ENDS = frozenset(".!?\"'")
_REACH = 5  # words from an opening name to the verb of those it describes
_PLURALS = frozenset(
    "forces troops soldiers rebels militants gunmen police officials jets warplanes planes "
    "aircraft helicopters ships warships marines guerrillas insurgents fighters leaders ministers "
    "lawmakers protesters demonstrators students workers pirates commandos tanks drones settlers "
    "tribesmen peacekeepers hackers prosecutors diplomats allies powers states bombers guards "
    "strikes raids attacks rockets missiles bombs people villagers".split()
)
_NOUNS = frozenset("station base post order target head guard march fire".split())
# Plurals that a name describes as often as it does what they say: "Syrian forces clash".
_FORCES = frozenset(
    "forces guards ships patrols strikes attacks raids bombs shells fires protests rockets".split()
)


def past_tenses(lemmas: Iterable[str], irregular: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Each verb's third person with its past."""
    return {morphology.third_person(lemma): morphology.past(lemma, irregular) for lemma in lemmas}


def retold(words: list[str], after_name: int | None, pasts: Mapping[str, str]) -> list[str]:
    """The same number of words, the present-tense verb right after the opening name in the past.

    `after_name` is the index of the word after a name that opens the sentence, if one does.
    """
    if after_name is None or after_name >= len(words) or words[-1][-1:] in _ENDS:
        return words
    word = words[after_name].lower()
    past = pasts.get(word)
    if past is None or (word in _FORCES and _acts(words, after_name + 1, pasts)):
        at = _plural_verb(words, after_name, pasts)
        if at is None:
            return words
        past, after_name = pasts[morphology.third_person(words[at].lower())], at
    return [*words[:after_name], past, *words[after_name + 1 :]]


def _plural_verb(words: list[str], start: int, pasts: Mapping[str, str]) -> int | None:
    """Where "Israeli and Turkish jets bomb camp" has its verb."""
    for at in range(max(1, start), min(start + _REACH, len(words) - 1)):
        word, before = words[at].lower(), words[at - 1].lower()
        if before in _PLURALS and word not in _NOUNS and _acts(words, at, pasts):
            return None if words[at + 1].lower() in pasts else at
    return None


def _acts(words: list[str], at: int, pasts: Mapping[str, str]) -> bool:
    """Whether a verb's plural form stands there, and not the object of the word before."""
    word = words[at].lower() if at < len(words) else ""
    return morphology.third_person(word) in pasts if word else False
