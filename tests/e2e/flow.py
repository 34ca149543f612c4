"""The three services as processes on a real broker and Redis, and what comes out of them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import msgspec

from tests.support.processes import Process, free_ports
from tests.support.wait import wait_for
from tocsin import bus, settings, topics
from tocsin.errors import BadMessage
from tocsin.local.demo import Ladder
from tocsin.messages import Alert, Article, EnrichedArticle, LevelReport, decode

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

SERVICES = ("ingest", "enrich", "alert")
_READY_S = 90.0
_ANSWER_S = 120.0


class Outcome(msgspec.Struct, frozen=True):
    """What a replay came to: the ladder as (article, dyad, level, state), and its alerts' ids."""

    ladder: tuple[tuple[str, str, int, str], ...]
    alerts: frozenset[str]


class Flow:
    """The services of one test; `close` ends them, whatever happened."""

    def __init__(self, bootstrap: str, redis_url: str, folder: Path) -> None:
        self.kafka = settings.Kafka(bootstrap=bootstrap)
        self._folder = folder
        self.ports = dict(zip(SERVICES, free_ports(3), strict=True))
        self.env = {
            **{name: value for name, value in os.environ.items() if "TOCSIN_" not in name},
            "TOCSIN_KAFKA_BOOTSTRAP": bootstrap,
            "TOCSIN_REDIS_URL": redis_url,
            "TMPDIR": str(folder),
        }
        self.processes: dict[str, Process] = {}
        self._replays: list[Process] = []
        bus.create_topics(self.kafka)

    def start(self, *names: str, env: Mapping[str, str] | None = None) -> None:
        """Starts services, all three if none is named, and returns when they are ready."""
        for name in names or SERVICES:
            self.processes[name] = Process(
                [sys.executable, "-m", f"services.{name}"],
                self._folder / f"{name}.log",
                env={**self.env, "TOCSIN_HTTP_PORT": str(self.ports[name]), **(env or {})},
                cwd=self._folder,
            )
        for name in names or SERVICES:
            wait_for(lambda name=name: self.ready(name), _READY_S, f"{name} is ready")

    def ready(self, name: str) -> bool:
        """Whether a service says so; fails if it has ended."""
        self.processes[name].check()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def tocsin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "tocsin.cli", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self._folder,
        )

    def start_replay(self, path: Path, *, run: str, speed: float) -> Process:
        """Starts a paced replay; `close` ends it if it still runs."""
        options = ["--run-id", run, "--speed", str(speed), "--max-gap", "0.05s", str(path)]
        process = Process(
            [sys.executable, "-m", "tocsin.cli", "replay", *options],
            self._folder / f"replay-{run}.log",
            env=self.env,
            cwd=self._folder,
        )
        self._replays.append(process)
        return process

    def replay(self, *paths: Path, run: str) -> dict[str, int]:
        """Replays to the end of publishing; the summary that the command prints."""
        done = self.tocsin("replay", "--json", "--run-id", run, *map(str, paths))
        assert done.stdout, done.stderr
        told: dict[str, int] = json.loads(done.stdout)
        return told

    def records(self, run: str) -> Generator[bus.Record | None]:
        """What a run gave so far and gives from now on, None when nothing is there; never ends."""
        names = [topics.ENRICHED.name, topics.LEVELS.name, topics.ALERTS.name]
        reader = bus.Reader(self.kafka, names, from_beginning=True)
        try:
            while True:
                found = reader.poll(0.3)
                yield from (each for each in found if _run(each) == run)
                if not found:
                    yield None  # a breath, so that the caller can look around
        finally:
            reader.close()

    def outcome(self, run: str, articles: int) -> Outcome:
        """The ladder of a run when every article is answered, and the ids of its alerts."""
        ladder = Ladder(articles)
        alerts: set[str] = set()
        records = self.records(run)

        def complete() -> bool:
            for process in self.processes.values():
                process.check()
            for record in records:
                if record is None:
                    break
                if record.topic == topics.ALERTS.name:
                    alerts.add(decode(record.value, Alert).id)
                else:
                    ladder.take(record)
            return ladder.complete()

        wait_for(complete, _ANSWER_S, f"every article of {run} is answered", interval_s=0.0)
        complete()  # alerts are published after their levels: what is on its way comes in this poll
        records.close()
        rows = tuple((r.article, r.dyad, r.level, r.state) for r, _ in ladder.steps())
        self.last = ladder
        return Outcome(rows, frozenset(alerts))

    def close(self) -> None:
        """Ends the services at once, and all they started."""
        for process in [*self._replays, *self.processes.values()]:
            process.close()


def _run(record: bus.Record) -> str | None:
    if record.topic == topics.ENRICHED.name:
        return decode(record.value, EnrichedArticle).article.run
    if record.topic == topics.LEVELS.name:
        return decode(record.value, LevelReport).run
    return decode(record.value, Alert).run


def articles_in(records: Sequence[bus.Record]) -> Iterator[Article]:
    """The articles among records of the topic; others put garbage there on purpose."""
    for record in records:
        with contextlib.suppress(BadMessage):
            yield decode(record.value, Article)
