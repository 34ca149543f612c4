"""kill -9 in mid-file: a drop folder, a replay, a stream; nothing lost, nothing under two revisions."""

from __future__ import annotations

import json
import random
import shlex
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.e2e.flow import Flow, articles_in
from tests.support.processes import Process
from tests.support.wait import wait_for
from tocsin import bus, topics

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = 5_000
BATCH = 20  # small, so that there is a middle to be killed in
KILLS = 3
SEED = 20251122
DEADLINE_S = 120.0


@pytest.fixture
def flow(kafka_of_flows, redis_server, tmp_path) -> Iterator[Flow]:
    flow = Flow(kafka_of_flows.bootstrap, redis_server.url, tmp_path)
    try:
        yield flow
    finally:
        flow.close()


class Published:
    """The articles of one source or run, as they come to Kafka."""

    def __init__(self, flow, *, source=None, run=None):
        self._reader = bus.Reader(flow.kafka, [topics.ARTICLES.name], from_beginning=True)
        self._wanted = (source, run)
        self.counts: Counter[tuple[str, int]] = Counter()
        self.guids: set[str] = set()

    def count(self):
        """How many different ones by now, or a little before."""
        self._poll()
        return len(self.guids)

    def all(self):
        """How many different ones, when nothing more comes."""
        while self._poll():
            pass
        return len(self.guids)

    def _poll(self):
        found = self._reader.poll(0.3)
        for article in articles_in(found):
            if self._wanted in ((article.source, None), (None, article.run)):
                self.counts[article.id, article.revision] += 1
                self.guids.add(article.guid)
        return len(found)

    def close(self):
        self._reader.close()


@pytest.fixture
def published(flow):
    opened = []

    def of(**wanted):
        opened.append(Published(flow, **wanted))
        return opened[-1]

    yield of
    for each in opened:
        each.close()


def lines(start, end):
    return "".join(
        json.dumps(
            {"id": f"n{n}", "text": f"The ministers met for the {n}. time, in room {n * 7}."}
        )
        + "\n"
        for n in range(start, end)
    )


def kill_points(name):
    """Seeded: after how many articles each kill comes, well before the end."""
    chance = random.Random(f"{SEED} {name}")
    points = sorted(chance.sample(range(BATCH, LINES * 2 // 3), KILLS))
    print(f"{name}: kills at {points} of seed {SEED}")
    return points


def strike(told, points, start):
    """Starts the work again and again, and kills it when it has come so far."""
    for point in points:
        far = max(point, told.all() + 2 * BATCH)  # each gets on by itself before it is killed
        process = start()
        wait_for(lambda far=far: told.count() >= far, DEADLINE_S, f"{far} are published")
        assert process.exit_code is None, process.tail()
        process.kill()
        assert told.all() < LINES, "the kill came too late to hit anything"


def check(told):
    """All are there, each under one revision; again came at most a batch for each kill."""
    assert told.guids == {f"n{n}" for n in range(LINES)}
    assert len(told.counts) == LINES
    assert {revision for _, revision in told.counts} == {1}
    assert sum(told.counts.values()) - LINES <= KILLS * BATCH


@pytest.mark.timeout(400)
def test_a_killed_worker_goes_on_in_the_middle_of_a_dropped_file(flow, published, tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    env = {
        "TOCSIN_INGEST_INBOX": str(folder),
        "TOCSIN_INGEST_INBOX_POLL_S": "0.2",
        "TOCSIN_INGEST_BATCH": str(BATCH),
    }
    (folder / "feed.jsonl.part").write_text(lines(0, LINES - 500))
    (folder / "feed.jsonl.part").rename(folder / "feed.jsonl")
    told = published(source="inbox")

    def start():
        flow.start("ingest", env=env)
        return flow.processes["ingest"]

    strike(told, kill_points("inbox"), start)
    start()
    wait_for(lambda: told.count() == LINES - 500, DEADLINE_S, "the file is taken")
    with (folder / "feed.jsonl").open("a") as feed:
        feed.write(lines(LINES - 500, LINES))
    wait_for(lambda: told.count() == LINES, DEADLINE_S, "what was added is taken")

    check(told)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("replay", "replay --run-id killed-file feed.jsonl"),
        ("replay-stream", "replay --run-id killed-stream - < feed.jsonl"),
        ("ingest", "ingest --source killed-file feed.jsonl"),
        ("ingest-stream", "ingest --source killed-stream - < feed.jsonl"),
    ],
)
def test_a_killed_command_goes_on_where_it_was(flow, published, tmp_path, name, command):
    (tmp_path / "feed.jsonl").write_text(lines(0, LINES))
    wanted = command.split()[2]
    told = published(**({"run": wanted} if name.startswith("replay") else {"source": wanted}))
    shell = f"exec {shlex.quote(sys.executable)} -m tocsin.cli {command}"
    started = []

    def start():
        log = tmp_path / f"{name}.log"
        env = {**flow.env, "TOCSIN_INGEST_BATCH": str(BATCH)}
        process = Process(["sh", "-c", shell], log, env=env, cwd=tmp_path)
        started.append(process)
        return process

    try:
        strike(told, kill_points(name), start)
        last = start()
        wait_for(lambda: last.exit_code is not None, DEADLINE_S, "the command is over")
    finally:
        for each in started:
            each.close()

    assert last.exit_code == 0, last.tail()
    told.all()
    check(told)
