"""One deed told three times is one event with three evidences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.messages import AttributionKind, ReportStatus, Telling, TimeType

if TYPE_CHECKING:
    from services.enrich.domain.acts.story import Draft

S = ReportStatus
# Statuses of one group may be tellings of one deed; the first named wins.
_GROUPS = (
    (S.ASSERTED, S.ORDERED, S.ANNOUNCED),
    (S.THREATENED,),
    (S.REQUESTED,),
    (S.OFFERED,),
    (S.PLANNED,),
    (S.HYPOTHETICAL,),
    (S.DENIED, S.NEGATED),
)
_GROUP = {status: group for group in _GROUPS for status in group}
_TELLINGS = (Telling.MAIN, Telling.SUBORDINATE, Telling.MENTION)
_VOUCHERS = (
    AttributionKind.NARRATOR,
    AttributionKind.OFFICIAL,
    AttributionKind.MEDIA,
    AttributionKind.ANONYMOUS,
)
_RECALL = 2  # sentences over which "the drill" is the drill just told of
_RECENT = (TimeType.CURRENT, TimeType.ONGOING, TimeType.BACKGROUND)


def merged(drafts: list[Draft]) -> list[Draft]:
    """The drafts with tellings of one deed joined, in the order of first telling."""
    found: list[Draft] = []
    for draft in drafts:
        at = next((k for k, other in enumerate(found) if _same(other, draft)), None)
        if at is None:
            found.append(draft)
        else:
            found[at] = _join(found[at], draft)
    return found


def _same(one: Draft, other: Draft) -> bool:
    if other.again and one.plover is other.plover and one.mode == other.mode:
        near = 0 < other.where[0] - one.where[0] <= _RECALL
        if near and one.mode is not None and _state(one.source) == _state(other.source):
            return True
    return (
        one.plover is other.plover
        and _state(one.source) == _state(other.source)
        and _same_target(one, other)
        and other.status in _GROUP[one.status]
        and (one.mode == other.mode or one.mode is None or other.mode is None)
        and _when(one, other)
    )


def _same_target(one: Draft, other: Draft) -> bool:
    a, b = _state(one.target), _state(other.target)
    vague = {"", "UNK"}
    if one.spans == other.spans and one.status is other.status and (a in vague or b in vague):
        return True  # said twice in one sentence, once without whom
    return a == b or (bool(a and b) and a.split("@")[0] == b.split("@")[0] and "@" in a + b)


def _when(one: Draft, other: Draft) -> bool:
    if one.time.type is other.time.type:
        return (
            one.time.date == other.time.date
            or None in (one.time.date, other.time.date)
            or one.time.type is not TimeType.HISTORICAL
        )
    same_sentence = one.where[0] == other.where[0]
    mention = Telling.MENTION in (one.telling, other.telling)
    return (same_sentence or mention) and one.time.type in _RECENT and other.time.type in _RECENT


def _state(role: object) -> str:
    code: str = getattr(role, "code", "")
    first = code.split(".", 1)[0]
    return first if len(first) == 3 and "@" not in code else code


def _join(one: Draft, other: Draft) -> Draft:
    """The clearer telling, with the other's evidence and counts."""
    if other.again and other.status not in _GROUP[one.status]:
        return one._replace(spans=tuple(dict.fromkeys((*one.spans, *other.spans))))
    better, worse = (one, other) if _rank(one) <= _rank(other) else (other, one)
    magnitudes = better.magnitude + tuple(
        extra
        for extra in worse.magnitude
        if all(extra.text != known.text for known in better.magnitude)
    )
    spans = tuple(dict.fromkeys((*better.spans, *worse.spans)))
    known = (
        better.target if _state(better.target) not in {"", "UNK"} else worse.target or better.target
    )
    return better._replace(
        target=known,
        scope=better.scope if known is better.target else worse.scope,
        directed_at_state=(better if known is better.target else worse).directed_at_state,
        status=min(one.status, other.status, key=_GROUP[one.status].index),
        telling=min(one.telling, other.telling, key=_TELLINGS.index),
        confidence=max(one.confidence, other.confidence),
        magnitude=magnitudes,
        mode=better.mode or worse.mode,
        place=better.place or worse.place,
        attribution=min(one.attribution, other.attribution, key=lambda a: _VOUCHERS.index(a.kind)),
        spans=spans,
        where=min(one.where, other.where),
    )


def _rank(draft: Draft) -> tuple[int, float, tuple[int, int]]:
    return (_TELLINGS.index(draft.telling), -draft.confidence, draft.where)
