"""Which event of an article matters most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.messages import ReportStatus, Scope, Telling, TimeType

if TYPE_CHECKING:
    from services.enrich.domain.acts.story import Draft
    from services.enrich.domain.lexicon import Lexicon

S = ReportStatus
_CAPPED = frozenset({S.PLANNED, S.HYPOTHETICAL})  # they cap at level 2 (threat-levels.md section 1)
_VOID = frozenset({S.DENIED, S.NEGATED})
_SUBORDINATE = 1.5  # a clause told on the side weighs less than the story (ours)
_TELLINGS = (Telling.MAIN, Telling.SUBORDINATE, Telling.MENTION)


def ranked(drafts: list[Draft], lexicon: Lexicon) -> list[Draft]:
    """The drafts, most important first: effective level, then how told, then certainty."""
    return sorted(
        drafts,
        key=lambda draft: (
            -_weight(draft, lexicon),
            _TELLINGS.index(draft.telling),
            draft.where,
            -draft.confidence,
        ),
    )


def _weight(draft: Draft, lexicon: Lexicon) -> float:
    """The level, less for what is told in passing: it never opens an episode."""
    top = level(draft, lexicon)
    if draft.telling is Telling.MENTION:
        return 0.0
    return max(0.0, top - _SUBORDINATE) if draft.telling is Telling.SUBORDINATE else float(top)


def level(draft: Draft, lexicon: Lexicon) -> int:
    """The highest threat level the event can back, after its status, time and scope."""
    if draft.status in _VOID or draft.time.type is TimeType.HISTORICAL:
        return 0
    if draft.scope is Scope.INTERNAL or not ties(draft):
        return 0
    top = lexicon.classes[draft.plover].level
    if draft.mode in {"blockade", "seize"}:
        top = 4
    return min(top, 2) if draft.status in _CAPPED else top


def ties(draft: Draft) -> bool:
    """Whether the event ties two states; no other can raise a level."""
    if draft.source is None or draft.target is None or not draft.source.state:
        return False
    other = draft.target.state or draft.target.tied or draft.place
    return bool(other) and other != draft.source.state
