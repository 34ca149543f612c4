"""Two crises of 1987 in the whole of Reuters-21578: `python -m tests.quality.aegean [--coded FILE]`.

Greece and Turkey must reach level 3 on 27 March within two hours of the first story, and never 4; the
United States and Iran must reach 4 on 19 October no earlier than the networks' report and no later
than the Pentagon's, whatever was rumoured before; and all pairs together ring at most once a day.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from services.alert.backtest import coding
from services.alert.backtest.command import DATA, configured
from services.alert.backtest.progress import meter
from services.alert.backtest.replaying import Point, Replay, raises, replay
from tests.quality.material import eval_file

LEVEL = 3
AEGEAN, GULF = "GRC-TUR", "IRN-USA"


def at(day: str, clock: str) -> datetime:
    return datetime.fromisoformat(f"1987-{day}T{clock}").replace(tzinfo=UTC)


FIRST_STORY, TWO_HOURS_ON = at("03-27", "08:57"), at("03-27", "10:57")
NETWORKS, PENTAGON = at("10-19", "08:17"), at("10-19", "09:13")


def first(points: Sequence[Point], level: int, since: datetime) -> datetime | None:
    return next((p.at for p in points if p.level >= level and p.at >= since), None)


def eased(points: Sequence[Point], since: datetime) -> datetime | None:
    """When the level of the pair first falls below 3 again."""
    return next((p.at for p in points if p.level < LEVEL and p.at > since), None)


def run(coded: coding.Coded) -> Replay:
    config = configured(DATA / "rules.yaml", DATA / "families.toml")
    return replay(coded.reports, config, progress=lambda _: None)


def coded(file: Path | None = None) -> coding.Coded:
    if file is not None and file.exists():
        return coding.load(file)
    found = coding.code(
        [eval_file("reuters21578.jsonl.gz")],
        outlet="Reuters",
        jobs=os.cpu_count() or 1,
        progress=meter("coded"),
    )
    if file is not None:
        coding.save(found, file)
    return found


def measure(found: coding.Coded | None = None) -> dict[str, float]:
    """The figures of must-show 3; each is 1 where it holds."""
    found = found or coded()
    told = run(found)
    aegean, gulf = told.points.get(AEGEAN, ()), told.points.get(GULF, ())
    display = first(aegean, LEVEL, at("03-27", "00:00"))
    force = first(gulf, 4, at("10-18", "00:00"))
    fell = eased(aegean, FIRST_STORY)
    a_day = len(raises(told.alerts, LEVEL)) / len(found.days)
    return {
        "aegean_in_two_hours": float(display is not None and display <= TWO_HOURS_ON),
        "aegean_never_force": float(max((p.level for p in aegean), default=0) < 4),
        "aegean_eases_by_30_march": float(fell is not None and fell < at("03-31", "00:00")),
        "aegean_eases_by_1_april": float(fell is not None and fell < at("04-02", "00:00")),
        "gulf_in_time": float(force is not None and NETWORKS <= force <= PENTAGON),
        "at_most_one_raise_a_day": float(a_day <= 1.0),
        "raises_a_day": round(a_day, 3),
        "verified": float(not told.unverified),
    }


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.quality.aegean", description=__doc__)
    parser.add_argument("--coded", type=Path, help="coded reports: read if there, else written")
    found = coded(parser.parse_args(argv).coded)
    told = run(found)
    print(f"{found.articles:,} stories of {len(found.days)} days, {len(told.alerts)} revisions")
    for dyad, since, until in ((AEGEAN, "03-26", "04-15"), (GULF, "10-18", "10-31")):
        print(f"\n{dyad}")
        before = 0
        for point in told.points.get(dyad, ()):
            inside = at(since, "00:00") <= point.at < at(until, "00:00")
            if inside and point.level != before:
                print(f"  {point.at:%d %B %H:%M}  level {point.level}")
            before = point.level
    print()
    for name, value in measure(found).items():
        print(f"{name:26} {value:g}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
