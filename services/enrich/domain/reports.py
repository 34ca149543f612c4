"""From one article's events to what it says of each pair of states."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tocsin.messages import EventReport, Plover, Scope, dyad_of, report_id

if TYPE_CHECKING:
    from tocsin.messages import CodedEvent, EnrichedArticle

_NOT_STATES = frozenset({"IGO", "NGO", "CRM", "REB", "UNK"})
_FRIENDLY = frozenset(
    {
        Plover.AGREE,
        Plover.CONSULT,
        Plover.SUPPORT,
        Plover.CONCEDE,
        Plover.COOPERATE,
        Plover.AID,
        Plover.RETREAT,
    }
)


def reports(enriched: EnrichedArticle) -> list[EventReport]:
    """One report a pair of states, in the order of their first events; internal events in none.

    What a state of the pair offers to no single state, "to its neighbours", comes last in the
    pair's report: it says nothing of the other state, but something of the day.
    """
    by_dyad: dict[str, list[CodedEvent]] = defaultdict(list)
    for event in enriched.events:
        pair = dyad(event)
        if pair:
            by_dyad[pair].append(event)
    for pair, events in by_dyad.items():
        events.extend(event for event in enriched.events if _beside(event, pair))
    ref = enriched.article
    return [
        EventReport(
            id=report_id(ref, pair, enriched.coder),
            dyad=pair,
            article=ref,
            coder=enriched.coder,
            events=tuple(events),
        )
        for pair, events in by_dyad.items()
    ]


def dyad(event: CodedEvent) -> str | None:
    """The pair of states an event belongs to, if it belongs to one.

    A group abroad ties the pair by the state it sits in (`CRM@VEN`) or by where it was struck.
    """
    if event.source is None or event.target is None or event.scope is Scope.INTERNAL:
        return None
    source = state(event.source.code)
    target = state(event.target.code)
    if not target and event.scope is Scope.TRANSNATIONAL:
        target = state(event.target.code.partition("@")[2]) or event.place or ""
    return dyad_of(source, target) if source and target and source != target else None


def _beside(event: CodedEvent, pair: str) -> bool:
    """Whether a state of the pair is friendly to others than a single state."""
    if event.plover not in _FRIENDLY or event.scope is Scope.INTERNAL or event.source is None:
        return False
    target = state(event.target.code) if event.target else ""
    return not target and state(event.source.code) in pair.split("-")


def state(code: str) -> str:
    """The ISO3 state of an actor code, empty if it is no state's."""
    first = code.split(".", 1)[0]
    return (
        first
        if len(first) == 3 and first.isalpha() and first.isupper() and first not in _NOT_STATES
        else ""
    )
