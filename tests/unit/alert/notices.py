"""Alerts, entries and notices with defaults, so that a test says only what it is about."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from services.alert.domain.levels import NAMES
from services.alert.notify.sink import Item, Notice
from services.alert.outbox import Entry
from tocsin.bus import outgoing
from tocsin.messages import (
    Alert,
    AlertPhase,
    AlertStatus,
    ArticleRef,
    Change,
    Citation,
    Evidence,
    LevelState,
    Severity,
)
from tocsin.topics import ALERTS

AT = datetime(2025, 8, 19, 12, tzinfo=UTC)
_SEVERITY = (Severity.INFO,) * 2 + (Severity.WARNING,) * 2 + (Severity.CRITICAL,) * 2
_NUMBERS = itertools.count(1)


def alert(dyad: str = "USA-VEN", level: int = 3, **of: Any) -> Alert:
    given = {
        "id": f"id-{dyad}",
        "revision": 1,
        "rule": "escalation",
        "rule_version": "v1",
        "dyad": dyad,
        "phase": AlertPhase.FIRING,
        "status": AlertStatus.ACTUAL,
        "severity": _SEVERITY[level],
        "change": Change.RAISED,
        "level_before": 0,
        "level": level,
        "level_name": NAMES[level],
        "state": LevelState.CONFIRMED,
        "started_at": AT,
        "at": AT,
        "confidence": 0.7,
        "threshold": 0.5,
        "summary": f"{dyad}: level {level}, {NAMES[level]} (confirmed), up from 0",
        "why": "USA mobilises; EFE (.70): confirmed at .70",
        "direction": dyad.replace("-", "→"),
        "directed_at_state": True,
        "peak": level,
        "novelty": "the first episode on record",
        "lowers": "falls to level 2 at 2025-08-26 12:00 UTC if nothing more is heard",
    }
    return Alert(**{**given, **of})


def resolved(dyad: str = "USA-VEN", peak: int = 4, **of: Any) -> Alert:
    given = {"phase": AlertPhase.RESOLVED, "change": Change.RESOLVED, "peak": peak, "revision": 9}
    return alert(dyad, **{"level": 0, "level_before": 1, "state": LevelState.CALM, **given, **of})


def exercise(dyad: str = "USA-VEN", level: int = 3, **of: Any) -> Alert:
    return alert(dyad, level, **{"status": AlertStatus.EXERCISE, "run": "run", **of})


def citation(text: str, outlet: str = "The Daily", **of: Any) -> Citation:
    article = ArticleRef(id="a1", guid="a1.txt", outlet=outlet, published_at=AT, **of)
    return Citation(
        article=article, evidence=Evidence(text=text, start=0, end=len(text)), event="e"
    )


def entry(told: Alert, number: int | None = None, traceparent: str | None = None) -> Entry:
    message = outgoing(
        ALERTS,
        told.dyad,
        told,
        id=f"{told.id}.{told.revision}",
        at=told.at,
        traceparent=traceparent,
    )
    return Entry(id=f"{next(_NUMBERS) if number is None else number}-0", message=message)


def notice(*alerts: Alert, group: str = "", ref: str | None = None, **of: Any) -> Notice:
    items = [Item(alert=each, entry=entry(each, **of), ref=ref) for each in alerts]
    return Notice(items=tuple(items), group=group)


def later(told: Alert, hours: float, **of: Any) -> Alert:
    """The next revision of an alert."""
    at = told.at + timedelta(hours=hours)
    return msgspec.structs.replace(told, **{"revision": told.revision + 1, "at": at, **of})
