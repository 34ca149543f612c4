"""How many reports a second one alert worker folds, with its states in a real Redis.

`python -m tests.bench.alert [--reports 3000] [--json]`: spread over many pairs, and all on one hot
pair at its bound. CPU time is this process's own; Faust costs about 0.2 ms a record beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import logging
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog

from services.alert.app import App, letters
from services.alert.store import Store, connect
from tests.support.redis import RedisServer
from tests.unit.alert.builders import CONFIG, event, report
from tocsin.bus import Record
from tocsin.messages import encode
from tocsin.settings import Redis, Secret
from tocsin.topics import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.messages import EventReport

BATCH = 64  # as in streams.Stage
_START = datetime(2025, 8, 1, tzinfo=UTC)
_CODES = "IND PAK GRC TUR CHL ARG KEN SOM EGY SDN JPN RUS NOR PER ECU KHM THA IRN".split()
_DEEDS = ("ACCUSE", "ACCUSE", "THREATEN", "MOBILIZE", "ASSAULT", "CONSULT", "AGREE")
_OUTLETS = ("Reuters", "AP", "AFP", "BBC", "CNN", *(f"Paper {n}" for n in range(120)))
_SENTENCE = "Officials said on Monday that {} had happened at the border, the second such report. "


class Figures(msgspec.Struct, kw_only=True):
    """What was measured of one mix."""

    mix: str
    reports: int
    per_s_wall: float
    per_s_cpu: float
    last_third_cpu_ms: float
    state_kb: float


def reports(pairs: list[tuple[str, str]], count: int, gap: timedelta) -> Iterator[EventReport]:
    """Invented reports, one every `gap`, each with one to three events."""
    chance = random.Random(7)
    for number in range(count):
        a, b = sorted(chance.choice(pairs))
        told = [
            event(
                deed,
                by=by,
                on=on,
                id=f"e{number}.{ordinal}",
                text=_SENTENCE.format(f"{deed.lower()} number {number}") * 2,
                counts=[(chance.randrange(2, 40) * 100, "troops")],
                telling=chance.choice(("main", "main", "mention")),
            )
            for ordinal, deed in enumerate(chance.choices(_DEEDS, k=chance.randrange(1, 4)))
            for by, on in [chance.sample((a, b), 2)]
        ]
        yield report(
            *told,
            article=f"n{number}",
            agency=None,
            outlet=chance.choice(_OUTLETS),
            at=_START + number * gap,
            dyad=f"{a}-{b}",
            run="bench",
            text=f"text {number if chance.random() > 0.3 else number // 9 * 9}",
        )


async def measure(mix: str, told: list[EventReport], url: str) -> Figures:
    """All reports through the app in batches, as the stream hands them over."""
    client = connect(Redis(url=Secret(url)))
    app = App(Store(client, f"bench:{mix}", letters), CONFIG)
    records = [
        Record(
            topic=EVENTS.name,
            partition=0,
            offset=offset,
            key=each.dyad.encode(),
            value=encode(each),
            cluster="bench",
        )
        for offset, each in enumerate(told)
    ]
    wall, cpu, third = time.perf_counter(), time.process_time(), 0.0
    for start in range(0, len(records), BATCH):
        if not third and start >= len(records) * 2 / 3:
            third = time.process_time()
            left = len(records) - start
        await app.handle(records[start : start + BATCH])
    ended = time.process_time()
    wall_s, cpu_s = time.perf_counter() - wall, ended - cpu
    sizes = [
        await client.hstrlen(key, "state") for key in await client.keys(f"bench:{mix}:run:*:dyad:*")
    ]
    await client.flushall()
    await client.aclose()
    return Figures(
        mix=mix,
        reports=len(told),
        per_s_wall=round(len(told) / wall_s),
        per_s_cpu=round(len(told) / cpu_s),
        last_third_cpu_ms=round((ended - third) / left * 1000, 3),
        state_kb=round(max(sizes) / 1000, 1),
    )


def mixes(count: int) -> dict[str, list[EventReport]]:
    """Many pairs over weeks; one pair with a report every ten minutes, and every minute."""
    spread = list(itertools.combinations(_CODES, 2))
    hot = spread[:1]
    return {
        "spread": list(reports(spread, count, timedelta(minutes=12))),
        "hot": list(reports(hot, count, timedelta(minutes=10))),
        "storm": list(reports(hot, count, timedelta(minutes=1))),
    }


def main() -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alert", description=__doc__)
    parser.add_argument("--reports", type=int, default=3000, help="of each mix (default: 3000)")
    parser.add_argument("--mix", choices=("spread", "hot", "storm"), help="only this one")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            found = [
                asyncio.run(measure(mix, told, server.url))
                for mix, told in mixes(options.reports).items()
                if options.mix in (None, mix)
            ]
        finally:
            server.stop()
    if options.json:
        print(json.dumps([msgspec.to_builtins(each) for each in found], indent=2))
        return 0
    print("mix      reports/s wall  /s CPU  ms CPU, last third  largest state kB")
    for each in found:
        print(
            f"{each.mix:<8} {each.per_s_wall:>14,.0f} {each.per_s_cpu:>7,.0f} "
            f"{each.last_third_cpu_ms:>19.3f} {each.state_kb:>17.1f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
