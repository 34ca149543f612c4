"""Speed, latency and memory of the whole path, embedded and on Apache Kafka, in one run.

`make bench` runs this, then `tests.bench.coder`, or `python -m tests.bench [--articles 2000] [--json]`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psutil

from services.ingest.app import Intake
from services.ingest.replay import Plan, replay
from services.ingest.seen import Seen
from services.ingest.sources.files import index, read_all
from services.ingest.stories import Stories
from tests.bench import feed
from tests.e2e.flow import Flow
from tests.support.kafka import KafkaServer
from tests.support.redis import RedisServer
from tests.support.wait import wait_for
from tocsin import bus, settings, topics
from tocsin.local.broker import Broker
from tocsin.messages import Alert, EnrichedArticle, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RELEVANT = 0.25
LATENCY_ARTICLES = 60


class Figures(msgspec.Struct, kw_only=True):
    """What was measured on one broker. Rates in articles (alert: reports) a second, memory in MiB."""

    broker: str
    articles: int
    ingest_per_s: float
    enrich_per_s: float
    alert_per_s: float
    end_to_end_per_s: float
    latency_p50_ms: float
    latency_p95_ms: float
    memory_mib: dict[str, int]


def measure(name: str, bootstrap: str, redis: RedisServer, folder: Path, count: int) -> Figures:
    """All figures on one broker, which nobody else uses."""
    file = folder / "feed.jsonl"
    feed.write(file, count, relevant=RELEVANT)
    flow = Flow(bootstrap, redis.url, folder)
    try:
        say(f"{name}: ingest alone, {count} articles")
        ingest = rate(count, lambda: take(flow, redis, file, "alone"))
        say(f"{name}: enrich alone")
        enrich = drained(flow, "enrich", topics.ENRICHED.name, count)
        reports = sum(len(each.dyads) for each in enriched(flow))
        say(f"{name}: alert alone, {reports} reports")
        alert = drained(flow, "alert", topics.LEVELS.name, reports)
        say(f"{name}: end to end")
        for service in ("enrich", "alert"):
            flow.processes[service].terminate()
        flow.start()
        whole = rate(count, lambda: through(flow, redis, file, count, 2 * reports))
        say(f"{name}: latency of {LATENCY_ARTICLES} alerts")
        waits = latencies(flow, redis)
        memory = {each: resident(flow.processes[each].pid) for each in flow.processes}
    finally:
        flow.close()
    return Figures(
        broker=name,
        articles=count,
        ingest_per_s=round(ingest, 1),
        enrich_per_s=round(enrich, 1),
        alert_per_s=round(alert, 1),
        end_to_end_per_s=round(whole, 1),
        latency_p50_ms=round(statistics.median(waits) * 1000, 1),
        latency_p95_ms=round(statistics.quantiles(waits, n=20)[18] * 1000, 1),
        memory_mib=memory,
    )


def rate(count: int, work: Callable[[], Any]) -> float:
    """Articles a second that `work` makes of `count`."""
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


@contextlib.contextmanager
def intake(flow: Flow, redis: RedisServer) -> Iterator[Intake]:
    """Ingest's own path, in this process."""
    at = settings.Redis(url=settings.Secret(redis.url))
    seen, stories = Seen(at, days=1), Stories(at, days=3, texts=30_000)
    producer = bus.Producer(flow.kafka, service="bench")
    yield Intake(producer, seen, stories)
    producer.close()
    stories.close()
    seen.close()


def take(flow: Flow, redis: RedisServer, file: Path, run: str) -> None:
    """Reads, cleans, checks and publishes the whole file, acknowledged by the broker."""
    with intake(flow, redis) as taking:
        replay(index([file]), taking, Plan(run=run), stop=threading.Event())


def drained(flow: Flow, service: str, topic: str, count: int) -> float:
    """Records a second that a service makes of its backlog, start-up not counted."""
    flow.start(service)
    reader = bus.Reader(flow.kafka, [topic], from_beginning=True)
    times: list[float] = []

    def done() -> bool:
        found = reader.poll(0.05)
        times.extend([time.perf_counter()] * len(found))
        return len(times) >= count

    wait_for(done, 600, f"{count} records in {topic}", interval_s=0.0)
    reader.close()
    later = [each for each in times if each > times[0]]
    return len(later) / (times[-1] - times[0]) if later else float("nan")


def enriched(flow: Flow) -> list[EnrichedArticle]:
    """All that enrich has published so far."""
    reader = bus.Reader(flow.kafka, [topics.ENRICHED.name], from_beginning=True)
    found = [decode(each.value, EnrichedArticle) for each in iter_all(reader)]
    reader.close()
    return found


def iter_all(reader: bus.Reader) -> Iterator[bus.Record]:
    """Every record until nothing comes."""
    while batch := reader.poll(1.0):
        yield from batch


def through(flow: Flow, redis: RedisServer, file: Path, count: int, levels: int) -> None:
    """From the files to the last level, all services at work."""
    reader = bus.Reader(flow.kafka, [topics.ENRICHED.name, topics.LEVELS.name], from_beginning=True)
    found = {topics.ENRICHED.name: 0, topics.LEVELS.name: 0}
    take(flow, redis, file, "whole")

    def done() -> bool:
        for each in reader.poll(0.05):
            found[each.topic] += 1
        return found[topics.ENRICHED.name] >= 2 * count and found[topics.LEVELS.name] >= levels

    wait_for(done, 600, "the last level", interval_s=0.0)
    reader.close()


def latencies(flow: Flow, redis: RedisServer) -> list[float]:
    """Seconds from the broker's word for an article to its alert at a subscriber, one at a time."""
    waits = []
    reader = bus.Reader(flow.kafka, [topics.ALERTS.name], from_beginning=False)
    with intake(flow, redis) as taking, tempfile.TemporaryDirectory() as folder:
        for number, (a, b) in enumerate(feed.pairs()[: LATENCY_ARTICLES + 1]):
            file = Path(folder, f"{number}.jsonl")
            text = f"Warplanes of {a} bombed a base in {b} today, both governments said."
            line = {"id": f"l{number}", "text": text, "published_at": f"{datetime.now(UTC)}"}
            file.write_text(json.dumps(line) + "\n")
            entries = index([file]).entries
            taking.take(read_all(entries), run=None)
            began = time.perf_counter()
            wait_for(lambda n=number: rang(reader, f"l{n}"), 60, f"alert {number}", interval_s=0.0)
            waits.append(time.perf_counter() - began)
    reader.close()
    return waits[1:]  # the first one opens connections


def rang(reader: bus.Reader, guid: str) -> bool:
    """Whether an alert that cites this article has come."""
    alerts = [decode(each.value, Alert) for each in reader.poll(0.05)]
    return any(cited.article.guid == guid for alert in alerts for cited in alert.citations)


def resident(pid: int) -> int:
    """MiB of a service and its workers."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return sum(each.memory_info().rss for each in family) // 2**20


def say(line: str) -> None:
    """Progress, on standard error."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Measures on both brokers and prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as base:
        for name in ("embedded", "apache"):
            folder = Path(base, name)
            folder.mkdir()
            redis = RedisServer(folder / "redis")
            server: Any = (
                Broker(folder=folder) if name == "embedded" else KafkaServer(folder / "kafka")
            )
            try:
                redis.start()
                server.start()
                found.append(measure(name, server.bootstrap, redis, folder, options.articles))
                if name == "embedded":
                    found[-1].memory_mib["broker"] = resident(server.child.pid)
            finally:
                server.stop()
                redis.stop()
    show(found, as_json=options.json)
    return 0


def show(found: list[Figures], *, as_json: bool) -> None:
    """The figures side by side."""
    if as_json:
        print(json.dumps([msgspec.to_builtins(each) for each in found]))
        return
    print(f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}")
    print(f"articles of 2 kB, {RELEVANT:.0%} of them relevant; alert counts reports\n")
    rows = [name for name in Figures.__struct_fields__ if name not in ("broker", "memory_mib")]
    table = [["", *(each.broker for each in found)]]
    table += [[row, *(f"{getattr(each, row):g}" for each in found)] for row in rows]
    for part in found[0].memory_mib:
        cells = [str(each.memory_mib.get(part, "-")) for each in found]
        table.append([f"memory_{part}_mib", *cells])
    for row in table:
        print(f"{row[0]:<22}" + "".join(f"{cell:>12}" for cell in row[1:]))


if __name__ == "__main__":
    sys.exit(main())
