"""Which event of an article matters most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.messages import ReportStatus, Scope, Telling, TimeType

if TYPE_CHECKING:
    from services.enrich.domain.acts.drafts import Draft
    from services.enrich.domain.lexicon import Lexicon

S = ReportStatus
_CAPPED = frozenset({S.PLANNED, S.HYPOTHETICAL})  # they cap at level 2 (threat-levels.md section 1)
_VOID = frozenset({S.DENIED, S.NEGATED})
_TELLINGS = (Telling.MAIN, Telling.SUBORDINATE, Telling.MENTION)


def ranked(drafts: list[Draft], lexicon: Lexicon) -> list[Draft]:
    """The drafts, most important first: effective level, then how told, then certainty."""
    return sorted(
        drafts,
        key=lambda draft: (
            -level(draft, lexicon),
            _TELLINGS.index(draft.telling),
            -draft.confidence,
            draft.where,
        ),
    )


def level(draft: Draft, lexicon: Lexicon) -> int:
    """The highest threat level the event can back, after its status, time and scope."""
    if draft.status in _VOID or draft.time.type is TimeType.HISTORICAL:
        return 0
    if draft.scope is Scope.INTERNAL or draft.source is None:
        return 0
    top = lexicon.classes[draft.plover].level
    if draft.mode in {"blockade", "seize"}:
        top = 4
    return min(top, 2) if draft.status in _CAPPED else top
