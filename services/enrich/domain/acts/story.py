"""What passes between the steps of coding one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.actors.role import Role
    from services.enrich.domain.telling.dates import Phrase
    from services.enrich.domain.telling.status import Reading
    from tocsin.messages import Attribution, Magnitude, Plover, ReportStatus, Scope, Telling, When


class Draft(NamedTuple):
    """An event before merging and numbering. `where` is its sentence's order and token."""

    plover: Plover
    mode: str | None
    cameo: str
    status: ReportStatus
    time: When
    scope: Scope
    telling: Telling
    score: float
    confidence: float
    source: Role | None
    target: Role | None
    directed_at_state: bool
    magnitude: tuple[Magnitude, ...]
    place: str | None
    attribution: Attribution
    spans: tuple[tuple[int, int], ...]
    where: tuple[int, int]
    again: bool = False  # "the drill": told of before


class Story(NamedTuple):
    """What all acts of one sentence share."""

    scene: Scene
    reading: Reading
    phrases: list[Phrase]
    published: date | None
