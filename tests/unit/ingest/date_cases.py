"""The table of datelines and weekdays; `⏎` parts the lines of a text, `-` is undated."""

from __future__ import annotations

import csv
import tomllib
from datetime import UTC, date, datetime
from functools import cache
from typing import NamedTuple

from services.ingest.domain.agencies import Agencies
from services.ingest.domain.clean import Cleaned, clean
from services.ingest.domain.dates.dating import resolve
from services.ingest.domain.dates.relative import mentions
from tests.support.paths import ROOT

AGENCIES = Agencies(tomllib.loads((ROOT / "services/ingest/data/agencies.toml").read_text("utf-8")))


class Case(NamedTuple):
    kind: str
    how: str  # "fresh": the source hands over what has just appeared
    fetched: str
    expected: str
    text: str

    @property
    def at(self) -> datetime:
        day = date.fromisoformat(self.fetched)
        return datetime(day.year, day.month, day.day, 20, tzinfo=UTC)


@cache
def cleaned(case: Case) -> Cleaned:
    """Its article, cleaned once: the resolver is what a bench times."""
    return clean(case.text, AGENCIES)


def cases() -> list[Case]:
    lines = (ROOT / "tests/unit/ingest/dates.tsv").read_text("utf-8").splitlines()[1:]
    rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [Case(*row[:4], row[4].replace("⏎", "\n")) for row in rows]


def answer(case: Case) -> str:
    """What ingest makes of a case, as the table writes it."""
    if case.kind == "mention":
        found = list(mentions(case.text, case.at.date()))
        return found[0].iso if len(found) == 1 else "-"
    dating = resolve(cleaned(case), fetched_at=case.at, fresh=case.how == "fresh")
    return dating.at.date().isoformat() if dating.at else "-"
