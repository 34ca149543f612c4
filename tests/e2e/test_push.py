"""Articles pushed to ingest as a process: what was answered 202 is in Kafka, whatever is killed."""

from __future__ import annotations

import http.client
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.flow import Flow, articles_in
from tests.support.processes import free_ports
from tests.support.wait import wait_for
from tocsin import bus, topics
from tocsin.messages import Article

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "a-token-of-enough-length"
LINES = "application/x-ndjson"
JSON = "application/json"


class Door:
    """Where ingest takes articles of a source named for the test, and what came of them."""

    def __init__(self, folder: Path, source: str) -> None:
        (self.port,) = free_ports(1)
        self.source = source
        file = folder / "sources.toml"
        file.write_text(
            f'[[source]]\nkind = "push"\nname = "{source}"\nfamily = "Wire"\n'
            'token_env = "WIRE_TOKEN"\nper_s = 100000\nburst = 100000\n'
        )
        self.env = {
            "TOCSIN_INGEST_SOURCES": str(file),
            "TOCSIN_INGEST_PUSH_PORT": str(self.port),
            "WIRE_TOKEN": TOKEN,
        }

    def send(
        self, body: bytes, kind: str, *, timeout_s: float = 30, **headers: str
    ) -> tuple[int, bytes]:
        """Status and body of the answer; OSError or HTTPException if there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        head = {"Content-Type": kind, "Authorization": f"Bearer {TOKEN}", **headers}
        try:
            connection.request("POST", "/v1/articles", body, head)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def sent(self, stories: list[dict[str, Any]], **headers: str) -> list[dict[str, Any]] | None:
        """What became of each; None if there was no answer, or it was 503."""
        single = len(stories) == 1
        body = b"".join(json.dumps(each).encode() + b"\n" for each in stories)
        try:
            status, told = self.send(body, JSON if single else LINES, **headers)
        except (OSError, http.client.HTTPException):
            return None
        if status == 503:
            return None
        assert status == 202, told
        return [json.loads(line) for line in told.splitlines()]

    def published(self, flow: Flow, count: int, *, wait_s: float = 60) -> list[Article]:
        """The articles of this source in the topic, repeats too, when there are so many ids."""
        reader = bus.Reader(flow.kafka, [topics.ARTICLES.name], from_beginning=True)
        found: list[Article] = []

        def complete() -> bool:
            records = reader.poll(0.5)
            found.extend(each for each in articles_in(records) if each.source == self.source)
            return not records and len({each.id for each in found}) >= count

        try:
            wait_for(complete, wait_s, f"{count} articles are in the topic", interval_s=0)
        finally:
            reader.close()
        return found


def story(number: int) -> dict[str, Any]:
    """An article of a few sentences unlike all others."""
    chance = random.Random(number)
    words = " ".join(f"w{chance.randrange(10**6)}" for _ in range(60))
    return {"id": f"a{number}", "text": f"Report {number} said on Monday: {words}."}


def test_what_was_answered_202_can_be_read_from_the_topic(flow, tmp_path):
    door = Door(tmp_path, "answered")
    flow.start("ingest", env=door.env)

    (one,) = door.sent([story(1)])
    many = door.sent([story(number) for number in range(2, 700)])

    found = {each.id: each for each in door.published(flow, 699, wait_s=5)}
    assert [each["outcome"] for each in (one, *many)] == ["published"] * 699
    assert {each["id"] for each in (one, *many)} == set(found)
    assert {each.family for each in found.values()} == {"Wire"}
    assert flow.processes["ingest"].terminate(deadline_s=10) == 0


@pytest.fixture
def apache(kafka_of_flows, redis_server, tmp_path):
    """A flow on Apache Kafka alone."""
    flow = Flow(kafka_of_flows.bootstrap, redis_server.url, tmp_path)
    yield flow
    flow.close()


class Load:
    """Callers that send everything until it is answered, singles and batches, some under a key."""

    def __init__(self, door: Door, stories: list[dict[str, Any]], seed: int) -> None:
        self.door = door
        chance = random.Random(seed)
        self.parts: list[list[dict[str, Any]]] = []
        while stories:
            size = 1 if chance.random() < 0.6 else chance.randrange(5, 40)
            self.parts.append(stories[:size])
            stories = stories[size:]
        self.answered: list[dict[str, Any]] = []
        self.unanswered = 0
        self._lock = threading.Lock()

    def run(self) -> None:
        """Returns when all is answered."""
        with ThreadPoolExecutor(8) as callers:
            list(callers.map(self._send, range(len(self.parts)), self.parts))

    def _send(self, number: int, part: list[dict[str, Any]]) -> None:
        key = {"Idempotency-Key": f"part-{number}"} if number % 3 == 0 else {}
        told: list[dict[str, Any]] | None = None

        def answered() -> bool:
            nonlocal told
            try:
                told = self.door.sent(part, **key)
            except AssertionError as error:
                # The first is under way for the server that was killed: its key frees itself.
                if '"status":409' not in str(error):
                    raise
                key.clear()
                told = None
            if told is None:
                with self._lock:
                    self.unanswered += 1
            return told is not None

        wait_for(answered, 120, "it is answered", interval_s=0.2)
        with self._lock:
            self.answered += told or []


@pytest.mark.timeout(400)
def test_kill_9_under_load_loses_nothing_that_was_answered_and_repeats_only_whole(apache, tmp_path):
    seed, count = 20, 6000
    door = Door(tmp_path, "struck")
    apache.start("ingest", env=door.env)
    load = Load(door, [story(number) for number in range(count)], seed)
    sending = threading.Thread(target=load.run)
    sending.start()

    chance = random.Random(seed)
    for share in (0.1, 0.3, 0.5, 0.7):
        at = int(count * (share + chance.random() / 10))
        wait_for(lambda at=at: len(load.answered) >= at, 120, f"{at} answered", interval_s=0.01)
        assert sending.is_alive(), "the fault came too late to hit anything"
        apache.processes["ingest"].kill()
        apache.start("ingest", env=door.env)
    sending.join(120)

    found = door.published(apache, count)
    assert load.unanswered > 0, f"no kill hit a request, seed {seed}"
    assert {(each["id"], each["revision"]) for each in load.answered} == {
        (each.id, each.revision) for each in found
    }
    assert len(load.answered) == count
    assert {each.revision for each in found} == {1}
    texts: dict[str, set[str]] = {}
    for each in found:
        texts.setdefault(each.id, set()).add(each.text)
    assert {len(each) for each in texts.values()} == {1}


def test_broker_away_is_a_503_and_sigterm_ends_ingest_all_the_same(
    redis_server, own_kafka, tmp_path
):
    door = Door(tmp_path, "away")
    flow = Flow(own_kafka.bootstrap, redis_server.url, tmp_path)
    try:
        flow.start("ingest", env=door.env)
        assert door.sent([story(1)])
        own_kafka.kill()

        status, told = door.send(json.dumps(story(2)).encode(), JSON)
        sending = threading.Thread(target=door.sent, args=([story(3)],))
        sending.start()
        code = flow.processes["ingest"].terminate(deadline_s=10)
        sending.join()
    finally:
        flow.close()

    assert (status, json.loads(told)["status"]) == (503, 503)
    assert code == 0
    assert "Traceback" not in flow.processes["ingest"].tail(1000)


def test_a_port_without_a_pushing_source_stops_ingest_with_clear_words(apache, tmp_path):
    with pytest.raises(AssertionError, match="TOCSIN_INGEST_PUSH_PORT is set, but no"):
        apache.start("ingest", env={"TOCSIN_INGEST_PUSH_PORT": "0"})

    assert apache.processes["ingest"].exit_code == 2
