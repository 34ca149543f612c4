"""When an act took place: the words of its own clause, else its tense."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.telling.dates import BACKGROUND_DAYS, Phrase
from tocsin.messages import ReportStatus, TimeType, When

if TYPE_CHECKING:
    from datetime import date

    from services.enrich.domain.language.tokens import Sentence


CURRENT_DAYS = 4  # a news story's own week: "on Monday" in Friday's paper


def when(
    s: Sentence,
    found: list[Phrase],
    i: int,
    status: ReportStatus,
    *,
    noun: bool,
    published: date | None,
) -> When:
    """When the act at token `i` took place."""
    own = _own_phrase(s, found, i, noun=noun)
    if own is not None:
        kind = (
            TimeType.FUTURE if status is ReportStatus.PLANNED else own.type or _type(own, published)
        )
        return When(type=kind, text=own.text.strip(), date=_iso(own))
    return When(type=_by_tense(s, i, status, noun=noun))


def _type(phrase: Phrase, published: date | None) -> TimeType:
    if phrase.last is None or published is None:
        return TimeType.CURRENT
    if phrase.first and phrase.first > published:
        return TimeType.FUTURE
    age = (published - phrase.last).days
    span = (phrase.last - phrase.first).days if phrase.first else 0
    if age > BACKGROUND_DAYS or span > 2 * BACKGROUND_DAYS:
        return TimeType.HISTORICAL
    if phrase.first and (published - phrase.first).days > CURRENT_DAYS and age <= CURRENT_DAYS:
        return TimeType.BACKGROUND if (published - phrase.first).days > 7 else TimeType.CURRENT
    return TimeType.CURRENT if age <= CURRENT_DAYS else TimeType.BACKGROUND


def _iso(phrase: Phrase) -> str | None:
    if phrase.first is None or phrase.last is None:
        return None
    if phrase.first == phrase.last:
        return phrase.first.isoformat()
    if (phrase.first.month, phrase.first.day) == (1, 1) and (
        phrase.last.month,
        phrase.last.day,
    ) == (12, 31):
        return str(phrase.first.year)
    return f"{phrase.first.isoformat()}/{phrase.last.isoformat()}"


def _own_phrase(s: Sentence, found: list[Phrase], i: int, *, noun: bool) -> Phrase | None:
    """The expression in the act's clause; a bare infinitive or participle looks one clause up."""
    by_verb: dict[int, Phrase] = {}
    for phrase in found:
        token = _token_at(s, phrase.end - 1)
        if token is None:
            continue
        clause = next((k for k in (token, *s.ancestors(token)) if _clause(s, k)), None)
        if clause is not None and (clause not in by_verb or abs(phrase.start) >= 0):
            by_verb.setdefault(clause, phrase)
        if noun and i in s.ancestors(token):
            return phrase
    one: int | None = None if noun else i
    while one is not None:
        if one in by_verb and not (one != i and _behind(s, i, one)):
            return by_verb[one]
        token_ = s.tokens[one]
        if _clause(s, one) and token_.dep in {"relcl", "ccomp", "advcl"} and _finite(s, one):
            break
        one = s.head(one)
    below = (
        [k for k in s.children[i] if s.tokens[k].dep in {"xcomp", "acl"} and k in by_verb]
        if not noun
        else []
    )
    return by_verb[below[0]] if below else None


def _behind(s: Sentence, i: int, top: int) -> bool:
    """Whether "following" or "after" stands between an act and the clause above it."""
    between = [k for k in s.ancestors(i) if k != top and top in s.ancestors(k)]
    return any(s.tokens[k].lower in {"following", "after", "since"} for k in between)


def _clause(s: Sentence, k: int) -> bool:
    token = s.tokens[k]
    return (token.is_verb and token.dep != "amod") or (token.dep == "ROOT")


def _finite(s: Sentence, v: int) -> bool:
    return s.tokens[v].tag in {"VBD", "VBZ", "VBP"} or bool(s.kids(v, "aux", "auxpass"))


def _token_at(s: Sentence, offset: int) -> int | None:
    where = s.start + offset
    return next((token.i for token in s.tokens if token.start <= where < token.end), None)


def _by_tense(s: Sentence, i: int, status: ReportStatus, *, noun: bool) -> TimeType:
    if status in {ReportStatus.PLANNED, ReportStatus.ANNOUNCED}:
        return TimeType.FUTURE
    if any(s.tokens[k].lower in {"following", "after", "since"} for k in s.ancestors(i)):
        return TimeType.BACKGROUND
    if noun:
        return TimeType.ONGOING
    token = s.tokens[i]
    helpers = {s.tokens[k].lower for k in s.kids(i, "aux", "auxpass")}
    if status is ReportStatus.HYPOTHETICAL:
        return TimeType.FUTURE if _under_modal(s, i) else TimeType.CURRENT
    if any(
        s.tokens[k].lower in {"long", "repeatedly", "still", "continually", "regularly"}
        for k in s.kids(i, "advmod")
    ):
        return TimeType.ONGOING
    if token.tag in {"VBZ", "VBP"} and status is ReportStatus.ASSERTED and len(s.tokens) > 9:
        return TimeType.ONGOING
    if token.tag == "VBG" and helpers & {"is", "are", "'s", "'re"}:
        return TimeType.ONGOING
    if token.tag == "VBG" and token.dep == "xcomp" and s.tokens[token.head].tag == "VBZ":
        return TimeType.ONGOING
    if token.dep == "relcl" or (token.dep in {"acl", "conj"} and _in_relative(s, i)):
        return TimeType.BACKGROUND
    return TimeType.CURRENT


def _in_relative(s: Sentence, i: int) -> bool:
    return any(s.tokens[k].dep == "relcl" for k in s.ancestors(i))


def _under_modal(s: Sentence, i: int) -> bool:
    return any(
        s.tokens[k].tag == "MD" for one in (i, *s.ancestors(i)[:2]) for k in s.kids(one, "aux")
    )
