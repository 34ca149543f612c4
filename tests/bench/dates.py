"""The date resolver beside dateparser on the table of datelines and weekdays, in one run.

`python -m tests.bench.dates [--json]`. Seconds of processor time a case, the best of three passes
after one to warm up. dateparser is told the day to count from, that news looks back and that the
language is English; an article of its cases is right if any date it finds in it is the one meant,
so it need not know datelines, and an undated one is right if it finds none. Cleaning is not
timed. Then the share of Reuters-21578 whose dateline gives the day of their stamp, and the cost
for an article.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from services.ingest.domain.clean import clean
from services.ingest.domain.dates.dating import resolve
from tests.quality.material import eval_file
from tests.unit.ingest.date_cases import AGENCIES, Case, answer, cases

if TYPE_CHECKING:
    from collections.abc import Callable

PASSES = 3
EVERY = 7  # of Reuters


def peer() -> Callable[[Case], bool] | None:
    """Whether dateparser has a case right; None where it is not installed."""
    try:
        import dateparser  # noqa: PLC0415
        from dateparser.search import search_dates  # noqa: PLC0415
    except ImportError:
        return None

    def right(case: Case) -> bool:
        settings = {
            "RELATIVE_BASE": case.at.replace(tzinfo=None),
            "PREFER_DATES_FROM": "past",
            "REQUIRE_PARTS": ["day"],
        }
        if case.kind == "mention":
            settings.pop("REQUIRE_PARTS")
            one = dateparser.parse(case.text, languages=["en"], settings=settings)
            days = [one] if one else []
        else:
            days = [
                day for _, day in search_dates(case.text, languages=["en"], settings=settings) or ()
            ]
        if not days and case.kind == "mention":  # a phrase among words: its search
            found = search_dates(case.text, languages=["en"], settings=settings) or ()
            days = [day for _, day in found]
        # Of a span any day within it is right.
        span = [day.date().isoformat() for day in days]
        first, _, last = case.expected.partition("/")
        if case.expected == "-":
            return not span
        return any(first <= day[: len(first)] <= (last or first)[: len(first)] for day in span)

    return right


def timed(answer_all: Callable[[], object]) -> float:
    """Seconds of processor time, the best of the passes."""
    answer_all()
    took = []
    for _ in range(PASSES):
        began = time.process_time()
        answer_all()
        took.append(time.process_time() - began)
    return min(took)


def reuters() -> dict[str, float | int]:
    """Reuters-21578, fetched a day after its stamp: dateline days, and microseconds an article."""
    found = right = count = 0
    took = 0.0
    with gzip.open(eval_file("reuters21578.jsonl.gz"), "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            story = json.loads(line)
            if number % EVERY or not story["dateline"] or not story["body"]:
                continue
            body = " ".join(story["body"].split())
            cleaned = clean(f"{story['dateline']} {body}", AGENCIES)
            stamp = datetime.fromisoformat(story["date"]).replace(tzinfo=UTC)
            fetched_at = stamp + timedelta(days=1)
            began = time.process_time()
            dating = resolve(cleaned, fetched_at=fetched_at, fresh=True)
            took += time.process_time() - began
            count += 1
            if dating.at and "year_from_fetch" in dating.flags:
                found += 1
                right += abs((dating.at.date() - stamp.date()).days) <= 1
    return {
        "stories": count,
        "dated_by_dateline": found,
        "within_a_day_of_the_stamp": right,
        "microseconds_a_story": round(took / count * 1e6),
    }


def main() -> int:
    """Prints the figures; 1 if the aims of issue 5 are missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dates", description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    table = cases()
    own = sum(answer(case) == case.expected for case in table)
    own_s = timed(lambda: [answer(case) for case in table])
    figures: dict[str, object] = {
        "cases": len(table),
        "right": own,
        "microseconds_a_case": round(own_s / len(table) * 1e6),
    }
    other = peer()
    missed = own != len(table)
    if other is None:
        print("dateparser is not here: no comparison", file=sys.stderr)
    else:
        right = sum(other(case) for case in table)
        other_s = timed(lambda: [other(case) for case in table])
        times = other_s / own_s
        figures |= {
            "dateparser_right": right,
            "dateparser_microseconds_a_case": round(other_s / len(table) * 1e6),
            "times_as_fast": round(times, 1),
        }
        missed = missed or times < 20 or right >= own
    try:
        figures |= {f"reuters_{name}": value for name, value in reuters().items()}
    except pytest.skip.Exception as skipped:
        print(skipped.msg, file=sys.stderr)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<36}{value:>12}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
