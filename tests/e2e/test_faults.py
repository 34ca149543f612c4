"""kill -9 in mid-replay: nothing lost, the same ladder, the same alerts."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.flow import Flow
from tests.e2e.test_seeds import SEEDS, published
from tests.support.wait import wait_for
from tocsin import topics

COUNTRIES = ["India", "Pakistan", "Greece", "Turkey", "Chile", "Argentina", "Kenya", "Somalia"]
DEEDS = [
    "{a} deployed {n} troops to its border with {b} on Monday.",
    "{a} accused {b} on Monday of breaking the agreement.",
    "{a} threatened to attack {b} if it does not withdraw.",
    "The foreign ministers of {a} and {b} met on Monday.",
    "{a} imposed sanctions on {b} on Monday.",
]
SPEED = 36_000  # half an hour in 0.05 s, so that the faults fall into the middle of the feed
SMALL_BATCHES = {"TOCSIN_ENRICH_BATCH": "8"}


def write_feed(file, count):
    """The seeds among `count` invented articles on other pairs, by a seeded generator."""
    chance = random.Random(7)
    lines = [
        {"id": name, "text": (SEEDS / name).read_text("utf-8"), "published_at": at}
        for name, at in published().items()
    ]
    start = datetime(2025, 8, 1, tzinfo=UTC)
    for number in range(count):
        a, b = chance.sample(COUNTRIES, 2)
        deed = chance.choice(DEEDS).format(a=a, b=b, n=chance.randrange(2, 90) * 100)
        at = start + timedelta(minutes=30 * number)
        text = f"{deed} Nobody was hurt, report {number} says."
        lines.append({"id": f"a{number}", "text": text, "published_at": at.isoformat()})
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return len(lines)


def so_far(flow, run):
    """What a run has given by now; a poll without news is the end."""
    with contextlib.closing(flow.records(run)) as records:
        return list(itertools.takewhile(lambda each: each is not None, records))


@pytest.mark.timeout(400)
def test_kill_9_of_enrich_and_alert_in_mid_replay_loses_nothing(flow, tmp_path):
    count = write_feed(tmp_path / "feed.jsonl", 700)
    flow.start(env=SMALL_BATCHES)
    flow.replay(tmp_path / "feed.jsonl", run="calm")
    expected = flow.outcome("calm", count)

    replaying = flow.start_replay(tmp_path / "feed.jsonl", run="struck", speed=SPEED)
    records = flow.records("struck")
    progress = dict.fromkeys((topics.ENRICHED.name, topics.LEVELS.name, topics.ALERTS.name), 0)

    def reached(topic, number):
        while progress[topic] < number and (record := next(records)):
            progress[record.topic] += 1
        return progress[topic] >= number

    for service, topic, at in (
        ("enrich", topics.ENRICHED.name, 40),
        ("alert", topics.LEVELS.name, 90),
        ("enrich", topics.ENRICHED.name, 160),
        ("alert", topics.LEVELS.name, 210),
    ):
        wait_for(lambda topic=topic, at=at: reached(topic, at), 120, f"{at} in {topic}")
        assert progress[topic] < count, "the fault came too late to hit anything"
        flow.processes[service].kill()
        flow.start(service, env=SMALL_BATCHES)

    records.close()
    outcome = flow.outcome("struck", count)
    wait_for(lambda: replaying.exit_code is not None, 60, "the replay ends")
    assert replaying.exit_code == 0, replaying.tail()
    assert outcome == expected
    assert len(expected.ladder) > 100


def test_sigterm_ends_every_service_with_0_and_repeats_nothing(flow, tmp_path):
    count = write_feed(tmp_path / "feed.jsonl", 60)
    flow.start()
    flow.replay(tmp_path / "feed.jsonl", run="term")
    flow.outcome("term", count)

    codes = {name: each.terminate(deadline_s=20) for name, each in flow.processes.items()}

    assert codes == dict.fromkeys(flow.processes, 0)
    flow.start()
    later = flow.replay(SEEDS, run="later")
    flow.outcome("later", later["published"])
    enriched = [each for each in so_far(flow, "term") if each.topic == topics.ENRICHED.name]
    assert len(enriched) == count


def test_sigterm_ends_every_service_with_0_when_broker_and_redis_are_gone(
    redis_server, own_kafka, tmp_path
):
    flow = Flow(own_kafka.bootstrap, redis_server.url, tmp_path)
    try:
        flow.start()
        own_kafka.kill()
        redis_server.kill()

        codes = {name: each.terminate(deadline_s=20) for name, each in flow.processes.items()}
    finally:
        flow.close()

    assert codes == dict.fromkeys(flow.processes, 0)
