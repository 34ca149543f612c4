"""Level reports: where a pair stands after one report, or after quiet, in one sentence."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from services.alert.domain import wording
from services.alert.domain.alerts import Occasion, directed_at_state
from services.alert.domain.claims import Claim, cite, describe
from services.alert.domain.gate import is_friendly
from services.alert.domain.levels import INSTANT, NAMES, timeline
from tocsin.messages import Citation, EventReport, LevelReport, LevelStep, TimeType

_NOW: Final = (TimeType.CURRENT, TimeType.ONGOING)


class News(msgspec.Struct, frozen=True, kw_only=True):
    """A report with the claims it makes. Undated: `at` is None, and it makes none that count.

    `late`: it came after the allowed lateness, so it corrects the level and rings nobody.
    """

    report: EventReport
    claims: tuple[Claim, ...]
    at: datetime | None
    late: bool
    reliefs: tuple[Claim, ...] = ()


def level_report(
    now: Occasion, news: News | None, fell: Sequence[LevelStep], alert: str | None
) -> LevelReport:
    """The level of the pair, and the sentence of this report that says most about it."""
    level = now.standing.level
    best = _best(news, now)
    return LevelReport(
        dyad=now.dyad,
        level=level,
        name=NAMES[level],
        state=now.standing.state,
        at=now.at,
        confidence=now.standing.confidence,
        why=_why(now, news, best),
        citation=_citation(news, best),
        report=news.report.id if news else None,
        fell=tuple(fell),
        directed_at_state=directed_at_state(now.standing),
        cooperation=_cooperation(news),
        pressure=now.pressure,
        pressure_z=now.pressure_z,
        blind=now.blind_since is not None,
        alert=alert,
        run=now.run,
    )


def falls(claims: Sequence[Claim], start: datetime, end: datetime) -> list[LevelStep]:
    """The steps down in (start, end] if nothing but these claims is heard."""
    levels = timeline(claims, start, end + INSTANT)
    return [
        LevelStep(level=then.level, at=moment)
        for (_, now), (moment, then) in itertools.pairwise(levels)
        if then.level < now.level
    ]


def _why(now: Occasion, news: News | None, best: Claim | None) -> str:
    reaches = best is not None and best.level >= now.standing.level
    why = wording.why(now.standing, best, reaches=reaches)
    if news is not None and not news.report.events:
        why = f"an article does not tell of this pair any more; {why}"
    more = (now.relief, wording.blind(now.blind_since))
    return "; ".join([why, *(each for each in more if each)])


def _best(news: News | None, now: Occasion) -> Claim | None:
    """The claim of this report that earns the level, else its gravest."""
    if news is None:
        return None
    article = news.report.article.id
    levels = {each.event: each.level for each in now.claims if each.article == article}
    claims = [
        msgspec.structs.replace(each, level=levels.get(each.event, each.level))
        for each in news.claims
        if each.opens or each.event in levels
    ]
    reaching = [each for each in claims if each.level >= now.standing.level]
    # max() keeps the first of equals, and events come most important first.
    return reaching[0] if reaching else max(claims, key=lambda each: each.level, default=None)


def _citation(news: News | None, best: Claim | None) -> Citation | None:
    if best is not None:
        return best.citation
    if news is None or not news.report.events:
        return None
    return cite(news.report, news.report.events[0])


def _cooperation(news: News | None) -> str | None:
    events = news.report.events if news else ()
    friendly = (each for each in events if is_friendly(each) and each.time.type in _NOW)
    return next((describe(each) for each in friendly), None)
