"""`tocsin alert rebuild`: the states of the world anew, from the events topic alone.

The same reports give the same states and, in the same incarnation, the same alert ids. Nothing is
published or notified: what was said was said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from services.alert.app import read
from services.alert.domain import fold
from services.alert.domain.fold import Step
from services.alert.domain.sight import Sight
from services.alert.domain.state import Config, State
from services.alert.store import Place, Position, Rebuilt, Store
from tocsin import bus, settings
from tocsin.errors import BadMessage
from tocsin.messages import Alert, EventReport
from tocsin.topics import EVENTS

_IDLE_S: Final = 2.0  # so long nothing came: the end, since end offsets of the embedded broker lie
_REPORT_EVERY: Final = 5000

Progress = Callable[[int], None]


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild did."""

    records: int
    refused: int
    pairs: int
    alerts: int  # that are not over
    incarnation: str


class _Pair(msgspec.Struct, kw_only=True):
    """One pair on its way through the topic."""

    state: State
    position: Position | None = None
    step: Step | None = None
    alerts: dict[str, Alert] = {}

    def took(self, step: Step) -> None:
        if step.level is None and self.step is not None:  # nothing has changed
            step = msgspec.structs.replace(step, level=self.step.level)
        self.state, self.step = step.state, step
        self.alerts |= {each.id: each for each in step.alerts}


class Rebuild:
    """Folds the reports of the world as they came, in memory."""

    def __init__(self, config: Config, sight: Sight, origin: str) -> None:
        self._config = config
        self._sight = sight
        self._origin = origin
        self._pairs: dict[str, _Pair] = {}
        self.records = 0
        self.refused = 0

    def take(self, record: bus.Record) -> None:
        """One record of the events topic; replays are left out: they expire by themselves."""
        self.records += 1
        try:
            report = read(record)
        except BadMessage:  # it is a dead letter already
            self.refused += 1
            return
        if report.article.run is not None:
            return
        pair = self._pairs.setdefault(
            report.dyad, _Pair(state=State(dyad=report.dyad, origin=self._origin))
        )
        pair.took(fold.apply(pair.state, report, _came(record, report), self._config, self._sight))
        pair.position = Position(
            cluster=record.cluster, partition=record.partition, offset=record.offset
        )

    def rebuilt(self, now: datetime) -> Iterator[Rebuilt]:
        """Every pair, come to `now`."""
        for dyad, pair in sorted(self._pairs.items()):
            pair.took(fold.advance(pair.state, now, self._config, self._sight))
            if pair.step is None:
                continue
            step = msgspec.structs.replace(pair.step, alerts=tuple(pair.alerts.values()))
            yield Rebuilt(place=Place(dyad=dyad), step=step, position=pair.position)


def records(kafka: settings.Kafka, progress: Progress) -> Iterator[bus.Record]:
    """Every record of the events topic, in order within each partition.

    Raises:
        Unavailable: the broker does not answer.
    """
    cluster = bus.wait_for_broker(kafka)
    reader = bus.Reader(kafka, [EVENTS.name], from_beginning=True)
    try:
        last, count = time.monotonic(), 0
        while time.monotonic() - last < _IDLE_S:
            for record in reader.poll(0.2):
                last, count = time.monotonic(), count + 1
                if count % _REPORT_EVERY == 0:
                    progress(count)
                yield msgspec.structs.replace(record, cluster=cluster)
    finally:
        reader.close()


async def rebuild(
    store: Store, given: Iterable[bus.Record], config: Config, sight: Sight, incarnation: str
) -> Sum:
    """Puts fresh states in the place of all that the store has of the world.

    Raises:
        Unavailable: Redis is away; to be run again then.
    """
    origin = await store.incarnate(incarnation)
    work = Rebuild(config, sight, origin)
    for record in given:
        work.take(record)
    found = list(work.rebuilt(datetime.now(UTC)))
    standing = await store.restore(found)
    return Sum(
        records=work.records,
        refused=work.refused,
        pairs=len(found),
        alerts=standing,
        incarnation=origin,
    )


def _came(record: bus.Record, report: EventReport) -> datetime:
    """When the record came, as the broker says; without that, when its article was published."""
    return record.at or report.article.published_at or datetime.now(UTC)
