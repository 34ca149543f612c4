"""Five crises in 545 days of headlines: Tocsin beside two baselines at the same budget of raises.

`python -m tests.quality.crises [--coded FILE] [--html OUT]` codes wire_2007_2011 (or reads the file
of coded reports; it is written if it is not there), replays it, and prints all three side by side;
then what the stream says of the other crises, and what the levels did.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.alert.backtest import coding, scoring
from services.alert.backtest.command import DATA, configured
from services.alert.backtest.progress import meter
from services.alert.backtest.replaying import Replay, raises, replay
from services.alert.backtest.timeline import page
from services.ingest.domain.items import published
from tests.quality import baselines
from tests.quality.baselines import Mention, Raise, Tuned
from tests.quality.material import HERE, eval_file

WIRE = "wire_2007_2011.jsonl.gz"
LEVEL = 3
BUDGET_A_DAY = 2.0
IN_TIME = timedelta(minutes=60)
EARLY = timedelta(hours=24)  # a raise of the day before counts as early, not as missed
LATE = timedelta(days=7)


def acts() -> dict[str, Any]:
    return tomllib.loads((HERE / "acts.toml").read_text(encoding="utf-8"))


def first_raise(act: dict[str, Any], found: Sequence[Raise]) -> Raise | None:
    """The first raise of one of the act's pairs, from a day before it to a week after."""
    inside = [
        each
        for each in found
        if each.dyad in act["dyads"] and act["first"] - EARLY <= each.at < act["first"] + LATE
    ]
    return min(inside, default=None)


def in_time(found: Sequence[Raise]) -> int:
    """How many of the acts ring within the hour."""
    firsts = ((act, first_raise(act, found)) for act in acts()["act"])
    return sum(one is not None and one.at <= act["first"] + IN_TIME for act, one in firsts)


def headlines() -> Iterator[tuple[datetime, str]]:
    with gzip.open(eval_file(WIRE), "rt", encoding="utf-8") as lines:
        for line in lines:
            told = json.loads(line)
            at = published(told["ts"])[0]
            if at is not None:
                yield at, told["title"]


def calm_kept(run: Replay) -> bool:
    """Whether the pairs that must not be at a level are not."""
    return all(
        point.level < calm["below"]
        for calm in acts()["calm"]
        for point in run.points.get(calm["dyad"], ())
        if calm["from"] <= point.at < calm["until"]
    )


def measure(run: Replay, days: int) -> dict[str, float]:
    """The figures of must-show 4, and the precision of the raises that were read by hand.

    Read as right in crises_labels.csv is a headline that tells a use or display of force of these
    days by one state's forces, or from its soil, on the other's people, property or territory; not
    what rebels, gunmen or pirates did, collisions, trials, nor fighting on one side of a border.
    """
    ups = [Raise(each.at, each.dyad) for each in raises(run.alerts, LEVEL)]
    told = scoring.labels(HERE / "crises_labels.csv")
    labelled = scoring.score(run, days, 0, told=told, level=LEVEL)
    return {
        "in_time": in_time(ups),
        "labelled": labelled.labelled,
        "precision": labelled.precision or 0.0,
        "raises_a_day": round(len(ups) / days, 3),
        "within_budget": float(len(ups) <= BUDGET_A_DAY * days),
        "calm_kept": float(calm_kept(run)),
        "verified": float(not run.unverified),
    }


def windows() -> dict[str, float]:
    """The same figures on the days around the acts alone, which is short enough for CI."""
    days = [(act["first"] - 2 * EARLY, act["first"] + EARLY) for act in acts()["act"]]
    days += [(calm["from"], calm["until"]) for calm in acts()["calm"]]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "windows.jsonl")
        with file.open("w", encoding="utf-8") as out:
            for at, title in headlines():
                if any(start <= at < end for start, end in days):
                    out.write(json.dumps({"title": title, "ts": at.isoformat()}) + "\n")
        found = coding.code(
            [file], outlet="Reuters", jobs=os.cpu_count() or 1, progress=meter("coded")
        )
    config = configured(DATA / "rules.yaml", DATA / "families.toml")
    return measure(replay(found.reports, config, progress=lambda _: None), len(found.days))


def side_by_side(columns: Sequence[Tuned], days: int) -> list[str]:
    """A row an act, a column an alarm: minutes from the first headline to the raise."""
    names = ["Tocsin", "co-mention", "keywords"]
    rows = [f"{'':28} {'first headline':16}" + "".join(f"{name:>14}" for name in names)]
    for act in acts()["act"]:
        cells = "".join(f"{_minutes(act, column.raises):>14}" for column in columns)
        rows.append(f"{act['crisis']:28} {act['first']:%Y-%m-%d %H:%M}{cells}")
    rows.append(f"{'in time (60 min)':45}" + "".join(f"{in_time(c.raises):>14}" for c in columns))
    rows.append(f"{'raises':45}" + "".join(f"{len(c.raises):>14,}" for c in columns))
    rows.append(f"{'raises a day':45}" + "".join(f"{len(c.raises) / days:>14.2f}" for c in columns))
    rows += [f"  {name}: {column.setting}" for name, column in zip(names, columns, strict=True)]
    return rows


def _minutes(act: dict[str, Any], found: Sequence[Raise]) -> str:
    one = first_raise(act, found)
    if one is None:
        return "none"
    minutes = (one.at - act["first"]) / timedelta(minutes=1)
    return f"{minutes:+.0f} min" if abs(minutes) < 600 else f"{minutes / 60:+.0f} h"


def others(run: Replay, told: Sequence[Mention]) -> list[str]:
    """The other crises: what the stream says of their pairs, and what the levels did."""
    known = {act["crisis"] for act in acts()["act"]}
    rows = [
        f"{'':28} {'trigger':10} {'both named':>10} {'with force':>10} {'peak':>5}  first raise"
    ]
    for crisis in scoring.crises(eval_file("crises_2007_2011.csv")):
        if crisis.name in known:
            continue
        start = datetime(crisis.trigger.year, crisis.trigger.month, crisis.trigger.day, tzinfo=UTC)
        start, end = start - timedelta(days=1), start + timedelta(days=30)
        named = [m for m in told if start <= m.at < end and set(m.dyads) & set(crisis.dyads)]
        force = sum(m.severity >= 2 for m in named)
        points = [p for d in crisis.dyads for p in run.points.get(d, ()) if start <= p.at < end]
        ups = [
            each
            for each in raises(run.alerts, LEVEL)
            if each.dyad in crisis.dyads and start <= each.at < end
        ]
        first = f"{ups[0].dyad} to {ups[0].level}, {ups[0].at:%Y-%m-%d %H:%M}" if ups else "none"
        peak = max((p.level for p in points), default=0)
        rows.append(
            f"{crisis.name:28} {crisis.trigger} {len(named):>10} {force:>10} {peak:>5}  {first}"
        )
    return rows


def coded(file: Path | None) -> coding.Coded:
    if file is not None and file.exists():
        return coding.load(file)
    found = coding.code(
        [eval_file(WIRE)], outlet="Reuters", jobs=os.cpu_count() or 1, progress=meter("coded")
    )
    if file is not None:
        coding.save(found, file)
    return found


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.quality.crises", description=__doc__)
    parser.add_argument("--coded", type=Path, help="coded reports: read if there, else written")
    parser.add_argument("--html", type=Path, help="write the timeline")
    options = parser.parse_args(argv)
    began = time.monotonic()
    found = coded(options.coded)
    run = replay(
        found.reports,
        configured(DATA / "rules.yaml", DATA / "families.toml"),
        progress=lambda _: None,
    )
    took = time.monotonic() - began
    days = len(found.days)
    if options.html:
        truth = scoring.crises(eval_file("crises_2007_2011.csv"))
        options.html.write_text(page(run, found.days, truth, level=LEVEL), encoding="utf-8")
    print(
        f"{found.articles:,} headlines of {days} days in {took:.0f} s; {len(run.alerts):,} revisions, "
        f"{len(run.alerts) - len(run.unverified):,} verified; budget {BUDGET_A_DAY:g} raises a day"
    )
    told = baselines.mentions(headlines())
    ours = Tuned("the packaged rules", [Raise(a.at, a.dyad) for a in raises(run.alerts, LEVEL)])
    budget = BUDGET_A_DAY * days
    columns = [
        ours,
        baselines.tuned_spikes(told, budget, in_time),
        baselines.tuned_keywords(told, budget, in_time),
    ]
    print("\n".join(["", *side_by_side(columns, days), ""]))
    cheap = [
        baselines.tuned_spikes(told, len(ours.raises), in_time),
        baselines.tuned_keywords(told, len(ours.raises), in_time),
    ]
    print("at no more raises than Tocsin's:")
    print("\n".join([*side_by_side([ours, *cheap], days), "", *others(run, told), ""]))
    for name, value in measure(run, days).items():
        print(f"{name:15} {value:g}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
