"""What one coded event is worth as a sign of escalation: status, time and scope gate first.

Levels follow the hostility scale of Militarized Interstate Disputes (Correlates of War), which
codes the highest act; docs and numbers: threat-levels, sections 1 and 2.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tocsin.messages import Actor, CodedEvent, Plover, ReportStatus, Scope, Telling, TimeType

_CLASS_LEVEL: Final = {
    Plover.AGREE: 0,
    Plover.CONSULT: 0,
    Plover.SUPPORT: 0,
    Plover.CONCEDE: 0,
    Plover.COOPERATE: 0,
    Plover.AID: 0,
    Plover.RETREAT: 0,
    Plover.REQUEST: 1,
    Plover.REJECT: 1,
    Plover.ACCUSE: 1,
    Plover.SANCTION: 1,
    Plover.PROTEST: 1,
    Plover.COERCE: 1,  # by its mode more, see _MODE_LEVEL
    Plover.THREATEN: 2,
    Plover.MOBILIZE: 3,
    Plover.ASSAULT: 4,
}
# The modes that move a class off its own level. A threat of words, visas or embassies is no threat
# of force (MID 2); a blockade or a seizure is a use of it (MID 4).
_MODE_LEVEL: Final = {
    (Plover.COERCE, "martial-law"): 3,
    (Plover.COERCE, "seize"): 4,
    (Plover.COERCE, "seizure"): 4,
    (Plover.COERCE, "blockade"): 4,
    (Plover.THREATEN, "ban"): 1,
    (Plover.THREATEN, "expel"): 1,
    (Plover.THREATEN, "relations"): 1,
    (Plover.THREATEN, "restrict"): 1,
    (Plover.ASSAULT, "declare-war"): 5,
}
# (ours), from threat-levels section 1.
_STATUS_WEIGHT: Final = {
    ReportStatus.ASSERTED: 1.0,
    ReportStatus.ORDERED: 1.0,
    ReportStatus.ANNOUNCED: 0.8,
    ReportStatus.PLANNED: 0.5,
    ReportStatus.THREATENED: 1.0,
    ReportStatus.REQUESTED: 1.0,
    ReportStatus.OFFERED: 1.0,
    ReportStatus.HYPOTHETICAL: 0.25,
    ReportStatus.DENIED: 0.0,
    ReportStatus.NEGATED: 0.0,
}
# A plan, a threat and a maybe are at most a threat of force; what is asked for is a request, what
# is offered an agreement.
_STATUS_CAP: Final = {
    ReportStatus.PLANNED: 2,
    ReportStatus.THREATENED: 2,
    ReportStatus.HYPOTHETICAL: 2,
    ReportStatus.REQUESTED: 1,
    ReportStatus.OFFERED: 0,
}
# Whose hands: a militarised act is a state's, by its forces or its government, on the other's
# forces, officials, property or territory (Jones, Bremer and Singer 1996, on what an incident is).
# What private persons or armed groups do, police on persons, and force on private bodies is
# friction.
_PRIVATE: Final = frozenset(
    {"BUS", "CRM", "CVL", "EDU", "JUD", "LAB", "MED", "NGO", "OPP", "PTY", "REB", "SPT"}
)
_STATE: Final = frozenset({"GOV", "MIL"})  # an attorney general, GOV.JUD, is the state's own hand
_BODIES: Final = _PRIVATE - {"CVL", "CRM", "REB", "OPP"}
_HANDS_CAP: Final = 1
_DONE_ALREADY: Final = (ReportStatus.ASSERTED, ReportStatus.ORDERED)


_FORCE: Final = (Plover.ASSAULT, Plover.COERCE)
_ARMS: Final = ("aerial", "drone", "heavy-weapons")  # only forces have them
_CRIMES: Final = ("abduct", "beat", "torture")


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """The level of one event on its own, what its status weighs, and why it is not more.

    `opens` is false for an act told as the context of other news: it keeps an open episode alive
    and never opens one.
    """

    level: int
    weight: float
    opens: bool
    reason: str


def worth(event: CodedEvent) -> Worth:
    """What the event is worth, with the reason."""
    weight = _STATUS_WEIGHT[event.status]
    nothing = _worth_nothing(event, weight)
    if nothing:
        return Worth(level=0, weight=0.0, opens=False, reason=nothing)
    level = _MODE_LEVEL.get((event.plover, event.mode or ""), _CLASS_LEVEL[event.plover])
    reason = f"{event.plover} is level {level}"
    cap = _cap(event)
    if cap is not None and cap < level:
        level, reason = cap, f"{event.plover} that is {event.status} is at most level {cap}"
    hands = _private_hands(event)
    if hands and level > _HANDS_CAP:
        level, reason = _HANDS_CAP, hands
    return Worth(level=level, weight=weight, opens=_opens(event), reason=reason)


def _worth_nothing(event: CodedEvent, weight: float) -> str:
    if weight == 0:
        return f"it is {event.status}"
    if event.time.type is TimeType.HISTORICAL:
        return "it is history"
    if event.scope is Scope.INTERNAL:
        return "it is within one state"
    return ""


def _cap(event: CodedEvent) -> int | None:
    # "Will", without a promise or an order behind it, is a plan.
    if event.time.type is TimeType.FUTURE and event.status in _DONE_ALREADY:
        return _STATUS_CAP[ReportStatus.PLANNED]
    return _STATUS_CAP.get(event.status)


def _private_hands(event: CodedEvent) -> str:
    """Why an act is not one state's force on another; empty if it may be."""
    source, target = _sectors(event.source), _sectors(event.target)
    if source & _PRIVATE and not source & _STATE:
        return "it is done by private hands"
    if event.plover not in _FORCE:
        return ""
    private = bool(target & _PRIVATE) or not target
    if "COP" in source and private:
        return "it is police work"
    if target & _BODIES:
        return "it is done to a private body"
    if event.mode in _CRIMES and not source:
        return "it is a crime of nobody's forces"
    if "CVL" in target and "MIL" not in source and event.mode not in _ARMS:
        return "it is done to private persons, by no forces"
    if event.plover is Plover.COERCE and target & {"REB", "CRM"}:
        return "it is an arrest"
    return ""


def _sectors(actor: Actor | None) -> set[str]:
    """What an actor's code says beside its state: `USA.GOV.JUD` gives GOV and JUD."""
    if actor is None:
        return set()
    return set(actor.code.partition("@")[0].split(".")) - {actor.state} | (
        {actor.state} & {"REB", "CRM"}
    )


def _opens(event: CodedEvent) -> bool:
    # "amid the bombings": only a noun phrase that names the news of the day may open.
    return event.telling is not Telling.MENTION or event.time.type is TimeType.CURRENT


def is_friendly(event: CodedEvent) -> bool:
    """Whether the event is cooperation between states that the reporter vouches for."""
    done_or_offered = _STATUS_WEIGHT[event.status] >= _STATUS_WEIGHT[ReportStatus.ANNOUNCED]
    friendly = _CLASS_LEVEL[event.plover] == 0
    return friendly and done_or_offered and event.scope is not Scope.INTERNAL
