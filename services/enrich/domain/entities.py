"""The entities of an article: the gazetteer's names first, the model's where it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.enrich.domain.actors import gazetteer as kinds
from tocsin.messages import Entity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from services.enrich.domain.actors.gazetteer import Gazetteer

LABELS = {
    kinds.STATE: "GPE",
    kinds.DEMONYM: "NORP",
    kinds.SEAT: "GPE",
    kinds.CITY: "GPE",
    kinds.LEADER: "PERSON",
    kinds.GROUP: "ORG",
}
# What the model is asked for; dates and numbers are the coder's own.
_KEPT = frozenset({"PERSON", "ORG", "GPE", "LOC", "FAC", "NORP", "EVENT", "PRODUCT", "LAW"})


class Span(NamedTuple):
    """A span the model named."""

    start: int
    end: int
    label: str


def entities(
    text: str, tidy: str, names: Gazetteer, spans: Iterable[Span], published: date | None
) -> tuple[Entity, ...]:
    """All entities, left to right; where both know one, the gazetteer's reading stands."""
    day = published.isoformat() if published else None
    found = []
    taken: list[tuple[int, int]] = []
    for hit in names.find(tidy):
        name = hit.on(day)
        taken.append((hit.start, hit.end))
        found.append(
            Entity(
                text=text[hit.start : hit.end],
                label=LABELS[name.kind],
                start=hit.start,
                end=hit.end,
                code=name.code,
            )
        )
    for span in spans:
        free = all(span.end <= start or end <= span.start for start, end in taken)
        if free and span.label in _KEPT:
            words = text[span.start : span.end]
            found.append(Entity(text=words, label=span.label, start=span.start, end=span.end))
    return tuple(sorted(found, key=lambda entity: entity.start))
