"""Alert: events in, levels and alerts out. The steps in their order.

decode → check → load, fold and store the pair, its outbox with it → count. What the outbox holds
is published and delivered by the dispatcher, in the background.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from services.alert import metrics
from services.alert.articles import Articles, Told
from services.alert.dispatch import pause
from services.alert.domain import fold
from services.alert.domain.fold import Step
from services.alert.domain.sight import CLEAR, Blanks
from services.alert.domain.state import Config
from services.alert.hushes import Hushes, letter
from services.alert.outbox import Outbox
from services.alert.store import Fold, Place, Store, Work
from tocsin.bus import Outgoing, Record, outgoing, received
from tocsin.errors import BadMessage, Reason, Unavailable
from tocsin.messages import AlertStatus, EventReport, LevelReport, digest
from tocsin.observe import get_logger
from tocsin.streams import Result
from tocsin.topics import ENRICHED, EVENTS, LEVELS

_DYAD: Final = re.compile(r"[A-Z]{3}-[A-Z]{3}")
_RUN: Final = re.compile(r"[\w.:-]{1,100}", re.ASCII)


class App:
    """Applies reports, and lets time pass for the pairs of the world."""

    def __init__(
        self,
        store: Store,
        config: Config,
        hushes: Hushes | None = None,
        articles: Articles | None = None,
    ) -> None:
        self._store = store
        self._config = config
        self._hushes = hushes
        self._articles = articles
        self._sight = CLEAR
        self._looked: tuple[Blanks, datetime | None] = ((), None)

    async def handle(self, records: Sequence[Record]) -> list[Result]:
        """One result a record, in order: what to publish, or why it is refused.

        Records of two topics: reports, and articles, whose withdrawals become reports.
        """
        results: list[Result] = [() for _ in records]
        for topic, handle in ((ENRICHED, self._hear), (EVENTS, self._report)):
            places = [n for n, each in enumerate(records) if each.topic == topic.name]
            if places:
                found = await handle([records[n] for n in places])
                for n, result in zip(places, found, strict=True):
                    results[n] = result
        return results

    async def _hear(self, records: Sequence[Record]) -> list[Result]:
        """Remembers the articles; an empty report for each pair that one tells of no more."""
        if self._articles is None:
            return [() for _ in records]
        heard = [_heard(record) for record in records]
        told = [each for each in heard if isinstance(each, Told)]
        withdrawn = iter(await self._articles.withdrawn(told))
        now = datetime.now(UTC)
        live = (each.article.published_at or now for each in told if each.article.run is None)
        self._sight = await self._articles.saw((_utc(each, now) for each in live), self._sight)
        results: list[Result] = []
        for record, each in zip(records, heard, strict=True):
            if isinstance(each, BadMessage):
                results.append(each)
                continue
            trace = record.header("traceparent")
            results.append([_withdrawal(report, trace) for report in next(withdrawn)])
        return results

    async def _report(self, records: Sequence[Record]) -> list[Result]:
        """Folds reports: a pair is read and written once a batch, with all of its reports."""
        began = time.perf_counter()
        results: list[Result] = [() for _ in records]
        lanes: dict[Place, list[tuple[Record, Fold]]] = {}
        for number, record in enumerate(records):
            try:
                report = read(record)
            except BadMessage as refused:
                results[number] = refused
                continue
            place = Place(dyad=report.dyad, run=report.article.run)
            lanes.setdefault(place, []).append((record, self._fold(report, datetime.now(UTC))))
        work = [Work(place=place, folds=folds) for place, folds in lanes.items()]
        for each, steps in zip(work, await self._store.steps(work), strict=True):
            for step in steps:
                outcome = step.outcome if step else fold.Outcome.REPEATED
                metrics.REPORTS.labels(outcome=outcome.value).inc()
                if step:
                    _count(each.place, step)
        for _ in records:
            metrics.STEP_SECONDS.observe((time.perf_counter() - began) / len(records))
        return results

    async def tick(self, now: datetime) -> None:
        """Lets the pairs whose level is due to fall come to now, and silences end."""
        if self._hushes:
            await self._hushes.tidy(now)
        if self._articles:
            self._sight = await self._articles.sight()
        sight = self._sight
        for dyad in await self._changing(now):
            place = Place(dyad=dyad)
            step = await self._store.step(
                place, lambda s: fold.advance(s, now, self._config, sight)
            )
            if step:
                _count(place, step)

    async def _changing(self, now: datetime) -> list[str]:
        """The live pairs that time changes; when sight comes or goes, all above level 0."""
        due = await self._store.due(now)
        look = self._sight.pauses, self._sight.blind_since(now)
        if look == self._looked:
            return due
        standing = [each for each in await self._store.gauges() if each.level > 0]
        self._looked = look
        live = [each.dyad for each in standing if each.status is AlertStatus.ACTUAL]
        return list(dict.fromkeys([*due, *live]))

    def _fold(self, report: EventReport, arrived_at: datetime) -> Fold:
        return lambda state: fold.apply(state, report, arrived_at, self._config, self._sight)


def read(record: Record) -> EventReport:
    """The report in a record.

    Raises:
        BadMessage: it is none, or one that the topic's contract excludes.
    """
    report = received(record, EVENTS, EventReport)
    if not _DYAD.fullmatch(report.dyad) or report.dyad[:3] >= report.dyad[4:]:
        raise BadMessage(Reason.WRONG_SHAPE, "dyad is no sorted pair of ISO 3166 codes")
    if record.key != report.dyad.encode():
        # The order of a pair's reports is the order of its key's partition.
        raise BadMessage(Reason.WRONG_SHAPE, "the record's key is not its dyad")
    if report.article.run is not None and not _RUN.fullmatch(report.article.run):
        raise BadMessage(Reason.WRONG_SHAPE, "article.run is no run id")
    if not all(event.evidence for event in report.events):
        raise BadMessage(Reason.WRONG_SHAPE, "an event without evidence")
    return report


def _heard(record: Record) -> Told | BadMessage:
    """The article in a record, as far as it is needed here."""
    try:
        told = received(record, ENRICHED, Told)
    except BadMessage as refused:
        return refused
    run = told.article.run
    if not all(map(_DYAD.fullmatch, told.dyads)) or (run and not _RUN.fullmatch(run)):
        return BadMessage(Reason.WRONG_SHAPE, "dyads or article.run are not as they must be")
    return told


def _withdrawal(report: EventReport, trace: str | None) -> Outgoing:
    at = report.article.published_at
    return outgoing(EVENTS, report.dyad, report, id=report.id, at=at, traceparent=trace)


def _utc(at: datetime, now: datetime) -> datetime:
    """A publication time in UTC; what claims to be of the future is of now."""
    return min((at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(UTC), now)


def letters(step: Step) -> list[Outgoing]:
    """What a step says to the world, ready to be published: alerts first."""
    found = [letter(each) for each in step.alerts]
    return [*found, _level(step.level)] if step.level else found


def on_dead(reason: Reason) -> None:
    """Counts a record that could not be used."""
    metrics.REPORTS.labels(outcome="dead").inc()
    metrics.DEAD_LETTERS.labels(reason=reason.value).inc()


async def tick_along(app: App, every_s: float, stop: asyncio.Event) -> None:
    """Ticks until the stop, whatever the store does meanwhile."""
    await _repeat(lambda: app.tick(datetime.now(UTC)), every_s, stop)


async def show(store: Store, outbox: Outbox, every_s: float, stop: asyncio.Event) -> None:
    """Keeps the gauges at what the store says: after a restart too, and for other workers."""

    async def once() -> None:
        metrics.OUTBOX_ENTRIES.set(await outbox.length())
        for each in await store.gauges():
            metrics.LEVEL.labels(dyad=each.dyad, status=each.status.value).set(each.level)
            metrics.PRESSURE.labels(dyad=each.dyad, status=each.status.value).set(each.pressure)

    await _repeat(once, every_s, stop)


async def _repeat(work: Callable[[], Awaitable[None]], every_s: float, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await work()
        except Unavailable as error:
            get_logger().warning("waiting", error=str(error))
        await pause(stop, every_s)


def _level(level: LevelReport) -> Outgoing:
    # A replay has keys of its own, so that compaction never drops the live level for it.
    key = f"{level.dyad}@{level.run}" if level.run else level.dyad
    name = digest("level", key, level.report or "", level.at.isoformat())
    return outgoing(LEVELS, key, level, id=name, at=level.at)


def _count(place: Place, step: Step) -> None:
    status = AlertStatus.EXERCISE if place.run else AlertStatus.ACTUAL
    for alert in step.alerts:
        metrics.ALERTS.labels(
            change=alert.change.value, severity=alert.severity.value, status=status.value
        ).inc()
        get_logger().info(
            "alert",
            alert=alert.id,
            revision=alert.revision,
            change=alert.change.value,
            dyad=alert.dyad,
            threat_level=alert.level,  # "level" is the log line's own
            state=alert.state.value,
            run=alert.run,
        )
