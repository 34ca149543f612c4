"""The escalation keywords of an article."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.messages import Cue

if TYPE_CHECKING:
    from services.enrich.domain.gate import Gate
    from services.enrich.domain.lexicon import Lexicon


def cues(text: str, gate: Gate, lexicon: Lexicon) -> tuple[Cue, ...]:
    """The keywords as they stand, with their category and lemma, left to right."""
    found = []
    for hit in gate.cues(text):
        category = lexicon.cues[hit.word]
        found.append(
            Cue(
                category=category,
                lemma=hit.word,
                text=text[hit.start : hit.end],
                start=hit.start,
                end=hit.end,
            )
        )
    return tuple(found)
