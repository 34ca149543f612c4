"""What a replay is worth: raises a day, crises found and when, precision by hand labels."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import msgspec

from services.alert.backtest.replaying import Replay, raises
from tocsin.errors import UsageError
from tocsin.messages import Alert, dyad_of

LEVELS = (2, 3, 4, 5)


class Crisis(msgspec.Struct, frozen=True, kw_only=True):
    """A crisis of the truth file: its trigger day and the pairs of its states."""

    name: str
    trigger: date
    dyads: tuple[str, ...]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay made of one crisis: the first raise, and the levels its pairs reached.

    `hours` counts from the midnight (UTC) that begins the trigger day; below 0 it was before.
    """

    crisis: str
    trigger: date
    dyads: tuple[str, ...]
    first: datetime | None
    hours: float | None
    dyad: str | None
    level: int | None
    reached: int


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one run. `a_day` is over days with at least one article."""

    articles: int
    reports: int
    days: int
    alerts: int
    verified: int
    raises: dict[int, int]
    a_day: dict[int, float]
    crises: tuple[Found, ...]
    labelled: int = 0
    right: int = 0

    @property
    def precision(self) -> float | None:
        """Of the labelled raises, how many rest on an article that tells such an act."""
        return round(self.right / self.labelled, 3) if self.labelled else None


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """How long before and after its trigger day a raise counts for a crisis."""

    before: timedelta = timedelta(days=1)
    after: timedelta = timedelta(days=30)


def crises(path: Path) -> tuple[Crisis, ...]:
    """The crises of a CSV with the columns name, trigger (ISO day), states_iso3 (with spaces).

    Raises:
        UsageError: with file, line and field.
    """
    found = []
    for number, row in _rows(path, ("name", "trigger", "states_iso3")):
        try:
            trigger = date.fromisoformat(row["trigger"])
        except ValueError as error:
            raise UsageError(f"{path}:{number}: trigger: {error}") from error
        states = row["states_iso3"].split()
        if len(states) < 2 or any(len(each) != 3 or not each.isupper() for each in states):
            raise UsageError(f"{path}:{number}: states_iso3: give two or more ISO 3166 codes")
        pairs = tuple(dyad_of(a, b) for a, b in itertools.combinations(sorted(states), 2))
        found.append(Crisis(name=row["name"], trigger=trigger, dyads=pairs))
    return tuple(found)


def labels(path: Path) -> dict[tuple[str, str], bool]:
    """Whether an article tells an act of the level in question of a pair, as a person read it.

    A CSV with the columns article (its id), dyad, right (yes or no).

    Raises:
        UsageError: with file, line and field.
    """
    found = {}
    for number, row in _rows(path, ("article", "dyad", "right")):
        if row["right"] not in ("yes", "no"):
            raise UsageError(f"{path}:{number}: right: give yes or no, not {row['right']!r}")
        found[row["article"], row["dyad"]] = row["right"] == "yes"
    return found


def score(
    run: Replay,
    days: int,
    articles: int,
    *,
    truth: Sequence[Crisis] = (),
    told: dict[tuple[str, str], bool] | None = None,
    level: int = 3,
    span: Span | None = None,
) -> Score:
    """The figures of a run; crises and precision are judged by the raises to `level` or above."""
    ups = raises(run.alerts, level)
    judged = [
        told[each.citations[0].article.id, each.dyad]
        for each in ups
        if told and each.citations and (each.citations[0].article.id, each.dyad) in told
    ]
    counts = {each: len(raises(run.alerts, each)) for each in LEVELS}
    return Score(
        articles=articles,
        reports=run.reports,
        days=days,
        alerts=len(run.alerts),
        verified=len(run.alerts) - len({alert for alert, _ in run.unverified}),
        raises=counts,
        a_day={each: round(count / max(days, 1), 3) for each, count in counts.items()},
        crises=tuple(_found(each, run, ups, span or Span()) for each in truth),
        labelled=len(judged),
        right=sum(judged),
    )


def _found(crisis: Crisis, run: Replay, ups: Iterable[Alert], span: Span) -> Found:
    midnight = datetime.combine(crisis.trigger, time(), UTC)
    start, end = midnight - span.before, midnight + span.after
    inside = [each for each in ups if each.dyad in crisis.dyads and start <= each.at < end]
    first = min(inside, key=lambda each: each.at, default=None)
    points = (point for dyad in crisis.dyads for point in run.points.get(dyad, ()))
    return Found(
        crisis=crisis.name,
        trigger=crisis.trigger,
        dyads=crisis.dyads,
        first=first.at if first else None,
        hours=round((first.at - midnight) / timedelta(hours=1), 2) if first else None,
        dyad=first.dyad if first else None,
        level=first.level if first else None,
        reached=max((point.level for point in points if start <= point.at < end), default=0),
    )


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [each for each in columns if each not in (reader.fieldnames or ())]
            if missing:
                raise UsageError(
                    f"{path}:1: no column {missing[0]!r}; needed: {', '.join(columns)}"
                )
            for row in reader:
                empty = next((each for each in columns if not row[each]), None)
                if empty:
                    raise UsageError(f"{path}:{reader.line_num}: {empty} is empty")
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
