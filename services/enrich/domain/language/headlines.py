"""Headlines told in the past: the parser takes "US sinks boat" for a noun phrase, "US sank" not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.language import morphology

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ENDS = frozenset(".!?\"'")
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
        return words
    return [*words[:after_name], past, *words[after_name + 1 :]]


def _acts(words: list[str], at: int, pasts: Mapping[str, str]) -> bool:
    """Whether a verb's plural form stands there, and not the object of the word before."""
    word = words[at].lower() if at < len(words) else ""
    return morphology.third_person(word) in pasts if word else False
