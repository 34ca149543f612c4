"""Headlines told in the past: the parser takes "US sinks boat" for a noun phrase, "US sank" not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.language import morphology

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ENDS = frozenset(".!?\"'")


def past_tenses(lemmas: Iterable[str], irregular: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Each verb's third person with its past."""
    return {morphology.third_person(lemma): morphology.past(lemma, irregular) for lemma in lemmas}


def retold(words: list[str], after_name: int | None, pasts: Mapping[str, str]) -> list[str]:
    """The same number of words, the present-tense verb right after the opening name in the past.

    `after_name` is the index of the word after a name that opens the sentence, if one does.
    """
    if after_name is None or after_name >= len(words) or words[-1][-1:] in _ENDS:
        return words
    past = pasts.get(words[after_name].lower())
    if past is None:
        return words
    return [*words[:after_name], past, *words[after_name + 1 :]]
