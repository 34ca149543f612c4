"""Articles of 2 kB a second that the push API accepts and Apache Kafka acknowledges.

`python -m tests.bench.push [--articles 20000] [--json]`: a Kafka and a Redis of its own, ingest as
its own process, the callers as another, on the cores there are. Two runs: lines, 100 a request, and
articles one a request. Afterwards the topic holds each article once. Exit 1 below the floor.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import psutil

from tests.e2e.flow import Flow
from tests.support.kafka import KafkaServer
from tests.support.processes import free_ports
from tests.support.redis import RedisServer
from tocsin import bus, topics
from tocsin.messages import Article, decode

FLOOR_PER_S = 1_000  # of lines, on two cores
LINES = 100  # a request
CALLERS = {"warm": 6, "lines": 6, "singles": 64}  # requests at once
TOKEN = "a-token-of-enough-length"


class Figures(msgspec.Struct, kw_only=True):
    """What one run came to. Seconds of CPU are ingest's own, an article in milliseconds."""

    kind: str
    articles: int
    requests: int
    per_s: float
    request_p50_ms: float
    request_p95_ms: float
    ingest_cpu_ms: float
    ingest_cores: float
    memory_mib: int


def article(number: int, kind: str) -> dict[str, Any]:
    """An article of about 2 kB unlike all others; each tenth is another outlet's copy of one."""
    copied = number % 10 == 1
    chance = random.Random(f"{kind} {number - 1 if copied else number}")
    lines = []
    for _ in range(6):
        words = [
            "".join(
                chance.choice("bcdfglmnprst") + chance.choice("aeiou")
                for _ in range(chance.choice((1, 2, 2, 3, 3, 4)))
            )
            for _ in range(58)
        ]
        lines.append(f"{' '.join(words).capitalize()} {chance.randrange(10, 999)} times.")
    return {
        "id": f"{kind}-{number}",
        "title": f"{lines[0][:60]} as told",
        "text": "\n".join(lines),
        "outlet": f"o{number % 40}",
        "published_at": "2025-08-12T10:30:00Z",
    }


async def call(port: int, kind: str, count: int) -> dict[str, Any]:
    """Sends all and waits for all answers; what the callers saw."""
    size = 1 if kind == "singles" else LINES
    bodies = [
        b"".join(
            json.dumps(article(number, kind)).encode() + b"\n"
            for number in range(start, min(start + size, count))
        )
        for start in range(0, count, size)
    ]
    media = "application/json" if kind == "singles" else "application/x-ndjson"
    head = {"authorization": f"Bearer {TOKEN}", "content-type": media}
    waits: list[float] = []
    accepted = 0
    left = iter(bodies)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        f"http://127.0.0.1:{port}", headers=head, connector=connector
    ) as client:

        async def caller() -> None:
            nonlocal accepted
            for body in left:
                began = time.perf_counter()
                async with client.post("/v1/articles", data=body) as answer:
                    told = await answer.read()
                    assert answer.status == 202, told
                waits.append(time.perf_counter() - began)
                accepted += told.count(b'"outcome":"published"')

        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(CALLERS[kind])))
        took = time.perf_counter() - began
    return {"accepted": accepted, "took_s": took, "waits": waits}


def run(flow: Flow, port: int, kind: str, count: int) -> Figures:
    """One run by callers in a process of their own."""
    ingest = psutil.Process(flow.processes["ingest"].pid)
    before = sum(ingest.cpu_times()[:2])
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.push", "--call", str(port), kind, str(count)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["accepted"] == count, f"{told['accepted']} of {count} accepted"
    cpu_s = sum(ingest.cpu_times()[:2]) - before
    waits = told["waits"]
    return Figures(
        kind=kind,
        articles=count,
        requests=len(waits),
        per_s=round(count / told["took_s"], 1),
        request_p50_ms=round(statistics.median(waits) * 1000, 1),
        request_p95_ms=round(statistics.quantiles(waits, n=20)[18] * 1000, 1),
        ingest_cpu_ms=round(cpu_s / count * 1000, 3),
        ingest_cores=round(cpu_s / told["took_s"], 2),
        memory_mib=ingest.memory_info().rss // 2**20,
    )


def in_topic(flow: Flow) -> tuple[int, int]:
    """Records in the topic, and how many ids they have."""
    reader = bus.Reader(flow.kafka, [topics.ARTICLES.name], from_beginning=True)
    ids: list[str] = []
    while records := reader.poll(2.0):
        ids += [decode(each.value, Article).id for each in records]
    reader.close()
    return len(ids), len(set(ids))


def measure(folder: Path, count: int) -> list[Figures]:
    """Both runs, and the topic held to what was accepted."""
    (port,) = free_ports(1)
    sources = folder / "sources.toml"
    sources.write_text(
        '[[source]]\nkind = "push"\nname = "bench"\ntoken_env = "BENCH_TOKEN"\n'
        "per_s = 100000\nburst = 100000\n"
    )
    env = {
        "TOCSIN_INGEST_SOURCES": str(sources),
        "TOCSIN_INGEST_PUSH_PORT": str(port),
        "BENCH_TOKEN": TOKEN,
    }
    kafka, redis = KafkaServer(folder / "kafka"), RedisServer(folder / "redis")
    kafka.start()
    redis.start()
    flow = Flow(kafka.bootstrap, redis.url, folder)
    try:
        flow.start("ingest", env=env)
        run(flow, port, "warm", 10 * LINES)  # the broker's own start, above all
        found = [run(flow, port, "lines", count), run(flow, port, "singles", count // 4)]
        records, ids = in_topic(flow)
        whole = 10 * LINES + count + count // 4
        assert (records, ids) == (whole, whole), f"{records} records of {ids} ids, not {whole}"
        return found
    finally:
        flow.close()
        redis.stop()
        kafka.close()


def main() -> int:
    """Prints the figures; exit 1 below the floor."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.push", description=__doc__)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--call", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.call:
        port, kind, count = options.call
        print(json.dumps(asyncio.run(call(int(port), kind, int(count)))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.articles)
    if options.json:
        print(json.dumps([msgspec.to_builtins(each) for each in found]))
    else:
        print("kind     articles/s  request p50 ms  p95 ms  ingest CPU ms an article  cores  MiB")
        for each in found:
            print(
                f"{each.kind:<8} {each.per_s:>10,.0f} {each.request_p50_ms:>15,.1f} "
                f"{each.request_p95_ms:>7,.1f} {each.ingest_cpu_ms:>25.3f} "
                f"{each.ingest_cores:>6.2f} {each.memory_mib:>4}"
            )
    return int(found[0].per_s < FLOOR_PER_S)


if __name__ == "__main__":
    sys.exit(main())
