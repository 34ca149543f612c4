"""What no service can use: a line or a dead letter with its reason, and the rest flows."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.e2e.test_seeds import LADDER, SEEDS, usa_ven
from tests.support.wait import wait_for
from tocsin import bus, topics

GARBAGE = [
    (b"\x00\xff\xfegarbage", "not_json"),
    (b'{"id": "cut', "not_json"),
    (b"null", "wrong_shape"),
    (b"[]", "wrong_shape"),
    (b"NaN", "not_json"),
    (b"[" * 10_000, "wrong_shape"),
    (b"{}", "wrong_shape"),
    (None, "tombstone"),
    (b"", "empty"),
]
READ = [(topics.ARTICLES, "enrich"), (topics.EVENTS, "alert")]


def test_files_that_are_no_articles_are_told_one_line_each_and_the_rest_flows(flow, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    for seed in SEEDS.glob("*.t*"):
        (folder / seed.name).write_bytes(seed.read_bytes())
    (folder / "empty.txt").write_bytes(b"")
    (folder / "binary.txt").write_bytes(bytes(range(256)))
    (folder / "broken.jsonl").write_text('{"text": "cut\n[1]\n{"title": "no text"}\n')
    flow.start()

    done = flow.tocsin("replay", "--json", "--run-id", "mixed", str(folder))
    outcome = flow.outcome("mixed", 5)

    assert done.returncode == 1
    assert json.loads(done.stdout)["published"] == 5
    assert json.loads(done.stdout)["refused"] == 5
    assert usa_ven(outcome) == LADDER
    told = done.stderr.splitlines()
    for name in ("empty.txt", "binary.txt", "broken.jsonl:1", "broken.jsonl:2", "broken.jsonl:3"):
        assert sum(name in line for line in told) == 1, done.stderr
    assert "Traceback" not in done.stderr
    letters = letters_in(flow, topics.ARTICLES.dead_letters("ingest"), 5)
    assert {each.value for each in letters} >= {b"", bytes(range(256)), b"[1]\n"}


def test_a_folder_that_is_not_there_is_a_misuse_told_in_one_line(flow, tmp_path):
    done = flow.tocsin("replay", str(tmp_path / "nowhere"))

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "nowhere: no such file or folder" in done.stderr


@pytest.mark.parametrize(("topic", "service"), READ)
def test_garbage_on_a_topic_is_a_dead_letter_with_its_bytes_and_reason_and_the_rest_flows(
    flow, topic, service
):
    flow.start()
    producer = bus.Producer(flow.kafka, service="test")
    before = letters_in(flow, topic.dead_letters(service), 0)
    newer = bus.Outgoing(
        topic=topic.name, key="k", value=b"{}", headers=(("ce_type", b"tocsin.thing.v2"),)
    )

    producer.publish(
        [*(bus.Outgoing(topic=topic.name, key="k", value=value) for value, _ in GARBAGE), newer]
    )
    producer.close()
    told = flow.replay(SEEDS, run=f"after-{service}")
    outcome = flow.outcome(f"after-{service}", told["published"])

    letters = letters_in(flow, topic.dead_letters(service), len(before) + len(GARBAGE) + 1)
    found = [(each.value, each.header("tocsin_reason")) for each in letters[len(before) :]]
    assert found == [*GARBAGE, (b"{}", "unknown_version")]
    assert usa_ven(outcome) == LADDER
    log = flow.processes[service].tail(1000)
    assert "Traceback" not in log


def test_a_dead_letter_replayed_is_refused_again_and_a_good_one_flows(flow):
    flow.start()
    name = topics.ARTICLES.dead_letters("enrich")
    before = len(letters_in(flow, name, 0))
    producer = bus.Producer(flow.kafka, service="test")
    producer.publish([bus.Outgoing(topic=topics.ARTICLES.name, key="k", value=b"garbage")])
    producer.close()
    letters_in(flow, name, before + 1)

    listed = flow.tocsin("dlq", "list", name, "--json")
    replayed = flow.tocsin("dlq", "replay", name)

    assert listed.returncode == replayed.returncode == 0, listed.stderr + replayed.stderr
    assert json.loads(listed.stdout.splitlines()[-1])["reason"] == "not_json"
    letters = letters_in(flow, name, 2 * (before + 1))
    assert letters[-1].value == b"garbage"


def letters_in(flow, name, at_least):
    """The dead letters of a topic once there are that many, oldest first."""
    reader = bus.Reader(flow.kafka, [name], from_beginning=True)
    found = []

    def enough():
        batches = iter(lambda: reader.poll(0.3), [])
        found.extend(itertools.chain.from_iterable(batches))
        return len(found) >= at_least

    wait_for(enough, 60, f"{at_least} dead letters in {name}")
    reader.close()
    return found
