"""Reports and their parts with defaults, so that a test says only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.alert.domain.families import parse_families
from services.alert.domain.fold import Step, apply
from services.alert.domain.state import Config, State
from services.alert.rules import parse_rules
from tests.support.paths import ROOT
from tocsin.messages import (
    Actor,
    ArticleRef,
    Attribution,
    AttributionKind,
    CodedEvent,
    EventReport,
    Evidence,
    Magnitude,
    Plover,
    ReportStatus,
    Scope,
    Telling,
    TimeType,
    When,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

DATA = ROOT / "services" / "alert" / "data"
FAMILIES = parse_families((DATA / "families.toml").read_text("utf-8"))
RULES = parse_rules((DATA / "rules.yaml").read_text("utf-8"), "rules.yaml")
CONFIG = Config(rules=RULES, families=FAMILIES, lateness=timedelta(hours=6))

NOON = datetime(2025, 8, 12, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 22, tzinfo=UTC)  # when replays of the past arrive

_SCORES = {"THREATEN": -3.5, "MOBILIZE": -6.0, "ASSAULT": -9.0, "ACCUSE": -3.5, "AGREE": 2.5}


def event(
    plover: str = "THREATEN",
    *,
    by: str = "USA",
    on: str | None = "VEN",
    status: str = "asserted",
    time: str = "current",
    scope: str = "interstate",
    telling: str = "main",
    certainty: float = 1.0,
    anonymous: bool = False,
    counts: Iterable[tuple[float, str]] = (),
    **more: Any,
) -> CodedEvent:
    text = more.pop("text", f"{by} did {plover} on {on}.")
    kind = AttributionKind.ANONYMOUS if anonymous else AttributionKind.NARRATOR
    return CodedEvent(
        id=more.pop("id", f"{plover}-{by}-{status}-{time}-{text}"),
        plover=Plover(plover),
        cameo="00",
        status=ReportStatus(status),
        time=When(type=TimeType(time)),
        scope=Scope(scope),
        telling=Telling(telling),
        score=_SCORES.get(plover, 0.0),
        confidence=certainty,
        evidence=(Evidence(text=text, start=0, end=len(text)),),
        source=Actor(code=by, text=by),
        target=Actor(code=on, text=on) if on else None,
        magnitude=tuple(Magnitude(text=f"{n:g} {u}", value=n, unit=u) for n, u in counts),
        attribution=Attribution(kind=kind),
        **more,
    )


def report(
    *events: CodedEvent,
    article: str = "a1",
    at: datetime | None = NOON,
    agency: str | None = "EFE",
    outlet: str | None = None,
    text: str | None = None,
    revision: int = 1,
    run: str | None = "run",
    dyad: str = "USA-VEN",
) -> EventReport:
    """A report of one article; `text` is its fingerprint, by default its own."""
    return EventReport(
        id=f"{article}.{revision}.{dyad}",
        dyad=dyad,
        coder="coder-1",
        events=events,
        article=ArticleRef(
            id=article,
            guid=f"{article}.txt",
            revision=revision,
            agency=agency,
            outlet=outlet,
            fingerprint=text or f"text of {article}.{revision}",
            published_at=at,
            run=run,
        ),
    )


def empty(run: str | None = "run") -> State:
    return State(dyad="USA-VEN", origin="exercise" if run else "life-1", run=run)


def fold(
    reports: Iterable[EventReport],
    *,
    state: State | None = None,
    config: Config = CONFIG,
    arrived_at: datetime = LATER,
) -> list[Step]:
    """The steps of these reports in this order; the last one has the state after all."""
    steps = []
    state = state or empty()
    for each in reports:
        steps.append(apply(state, each, arrived_at, config))
        state = steps[-1].state
    return steps


def days(count: float) -> timedelta:
    return timedelta(days=count)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
