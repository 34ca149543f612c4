"""Feeds on Apache Kafka and Redis: whatever is killed, each article comes, and none twice.

The oracle: an article that stood in a feed is an obligation; every (id, revision) that should come
does, none other does, and if one comes again it is the same.
"""

from __future__ import annotations

import os
import random
import sys
import time
import urllib.request
from collections import Counter

import pytest

from services.ingest.domain.address import canonical
from services.ingest.domain.identity import article_id
from tests.e2e.flow import articles_in
from tests.support.newsroom import Newsroom
from tests.support.processes import Process, free_ports
from tests.support.wait import wait_for
from tocsin import bus, settings, topics

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

ALL_S = 90.0
SECRET = "Bearer canary-4711"
QUICK = {
    "TOCSIN_INGEST_HOST_GAP_S": "0",
    "TOCSIN_INGEST_LEASE_S": "2",
    "TOCSIN_INGEST_BATCH": "10",
    "TOCSIN_INGEST_PAGES": "50",
    "TOCSIN_INGEST_PARSERS": "1",
}


class Missing(Exception):
    """So many articles did not come yet."""


class Workers:
    """Ingest processes on one broker, Redis and sources file, and what they published."""

    def __init__(self, kafka, redis, folder, newsroom):
        self.kafka = settings.Kafka(bootstrap=kafka.bootstrap)
        self.newsroom = newsroom
        self._folder = folder
        self._processes = {}
        self._ports = {}
        bus.create_topics(self.kafka)
        sources = folder / "sources.toml"
        sources.write_text(newsroom.sources())
        self._env = {
            **QUICK,
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": ":".join(sys.path),
            "TOCSIN_KAFKA_BOOTSTRAP": kafka.bootstrap,
            "TOCSIN_REDIS_URL": redis.url,
            "TOCSIN_INGEST_SOURCES": str(sources),
            "TMPDIR": str(folder),
            "NEWSROOM_TOKEN": SECRET,
        }
        self._reader = bus.Reader(self.kafka, [topics.ARTICLES.name], from_beginning=True)
        self._mine = f":{newsroom.site.port}/"
        self.published = []

    def start(self, name):
        self._ports[name] = free_ports(1)[0]
        self._processes[name] = Process(
            [sys.executable, "-m", "services.ingest"],
            self._folder / f"{name}.log",
            env={**self._env, "TOCSIN_HTTP_PORT": str(self._ports[name])},
            cwd=self._folder,
        )

    def kill(self, name):
        self._processes[name].check()
        self._processes[name].kill()

    def terminate(self, name):
        return self._processes[name].terminate(deadline_s=10)

    def log(self, name):
        return self._processes[name].tail(1000)

    def get(self, name, path):
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self._ports[name]}{path}", timeout=5
        ) as got:
            return got.read().decode()

    def polls(self, name):
        """How many polls a worker brought to an end."""
        lines = self.get(name, "/metrics").splitlines()
        told = [each for each in lines if each.startswith("tocsin_ingest_polls_total{")]
        return sum(float(each.rsplit(" ", 1)[1]) for each in told)

    def count(self):
        """How many records came so far."""
        for article in articles_in(self._reader.poll(0.1)):
            if self._mine in (article.url or ""):
                self.published.append(article)
        return len(self.published)

    def revisions(self):
        self.count()
        return {(each.id, each.revision) for each in self.published}

    def owed(self):
        """What should come: each article, and an edited one again."""
        news = self.newsroom
        edits = {self.id_of(each) for each in news.edited}
        ids = {self.id_of(each) for each in news.all()}
        return {(each, 1) for each in ids} | {(each, 2) for each in edits}

    def id_of(self, story):
        url = self.newsroom.url(story.path, story.feed)
        return article_id(url=canonical(url), source=story.feed, guid=url)

    def wait_for_all(self):
        def all_came():
            for each in self._processes.values():
                if each.exit_code not in (None, -9):
                    each.check()
            missing = self.owed() - self.revisions()
            if missing:
                raise Missing(len(missing), sorted(missing)[:3])
            return True

        wait_for(all_came, ALL_S, "every article came", interval_s=0.0, ignore=(Missing,))

    def check(self, *, repeats):
        """Nothing but what was owed; what came again was the same, and within the bound."""
        times = Counter((each.id, each.revision) for each in self.published)
        texts = {(each.id, each.revision, each.fingerprint) for each in self.published}
        assert set(times) == self.owed()
        assert len(texts) == len(times)
        assert sum(times.values()) - len(times) <= repeats
        by_id = {self.id_of(each): each for each in self.newsroom.all()}
        for each in self.published:
            assert f"{by_id[each.id].feed}-{by_id[each.id].number}-5" in each.text

    def close(self):
        self._reader.close()
        for each in self._processes.values():
            each.close()


@pytest.fixture
def newsroom():
    with Newsroom(feeds=4) as found:
        yield found


@pytest.fixture
def workers(kafka_of_flows, redis_server, tmp_path, newsroom):
    found = Workers(kafka_of_flows, redis_server, tmp_path, newsroom)
    yield found
    found.close()


@pytest.fixture
def chance(request):
    """Seeded; a failure prints the seed, and TOCSIN_TEST_SEED sets another."""
    seed = os.environ.get("TOCSIN_TEST_SEED", "1")
    print(f"TOCSIN_TEST_SEED={seed}")
    return random.Random(f"{request.node.name} {seed}")


def test_articles_of_feeds_come_once_with_their_pages_and_edits_as_revisions(workers, newsroom):
    newsroom.publish(20, thin_every=5)
    workers.start("one")
    workers.wait_for_all()
    newsroom.publish(5)
    workers.wait_for_all()
    newsroom.edit(every=4)
    workers.wait_for_all()
    polls = workers.polls("one")
    wait_for(lambda: workers.polls("one") > polls + 8, 30, "more polls, with nothing new in them")

    shown = workers.get("one", "/metrics")
    assert workers.terminate("one") == 0
    workers.count()
    workers.check(repeats=0)
    shown += workers.log("one")
    told = {(each.path, each.headers.get("authorization")) for each in newsroom.site.requests}
    assert {path for path, secret in told if secret} == {"/f0.xml"}
    assert ("/f0.xml", SECRET) in told
    assert "canary" not in shown


def test_kill_9_in_mid_fetch_loses_nothing_and_repeats_nothing(workers, newsroom):
    newsroom.publish(20)
    workers.start("one")
    workers.wait_for_all()
    for round_ in range(3):
        newsroom.hold(newsroom.names[round_])
        newsroom.publish(5)
        assert newsroom.held.wait(30), "no fetch was held"
        assert workers.owed() - workers.revisions(), "the kill came too late to hit anything"

        workers.kill("one")
        newsroom.go_on()
        workers.start("one")
        workers.wait_for_all()

    workers.check(repeats=3 * 10)


def test_sigterm_in_mid_fetch_ends_at_once_loses_nothing_and_repeats_nothing(workers, newsroom):
    newsroom.publish(10)
    workers.start("one")
    workers.wait_for_all()
    newsroom.hold(*newsroom.names)
    newsroom.publish(10)
    assert newsroom.held.wait(30), "no fetch was held"

    began = time.monotonic()
    code = workers.terminate("one")
    took_s = time.monotonic() - began

    assert (code, took_s < 5) == (0, True), took_s
    newsroom.go_on()
    workers.start("one")
    workers.wait_for_all()
    workers.check(repeats=0)


def test_redis_dead_and_a_broker_that_does_not_answer_lose_nothing(
    own_kafka, redis_server, tmp_path, newsroom
):
    workers = Workers(own_kafka, redis_server, tmp_path, newsroom)
    try:
        newsroom.publish(10)
        workers.start("one")
        workers.wait_for_all()

        redis_server.kill()
        newsroom.publish(10)
        wait_for(lambda: "waiting" in workers.log("one"), 30, "it waits for Redis")
        redis_server.start()
        workers.wait_for_all()

        own_kafka.process.suspend()
        newsroom.publish(10)
        time.sleep(3)  # a broker that hangs tells nobody that a record came
        own_kafka.process.resume()
        workers.wait_for_all()
        workers.check(repeats=4 * 10)

        own_kafka.process.suspend()
        newsroom.publish(10)
        asked = len(newsroom.site.requests)
        wait_for(lambda: len(newsroom.site.requests) > asked, 30, "it polls")
        redis_server.kill()
        began = time.monotonic()
        assert workers.terminate("one") == 0
        assert time.monotonic() - began < 10
    finally:
        workers.close()


def test_kill_9_in_mid_publishing_loses_nothing_and_repeats_only_the_same(
    workers, newsroom, chance
):
    hit = 0
    for _ in range(4):
        newsroom.publish(150)
        before, owed = workers.count(), len(workers.owed())
        workers.start("one")
        at = before + chance.randrange(1, (owed - before) * 3 // 4)
        wait_for(lambda at=at: workers.count() >= at, ALL_S, f"{at} articles", interval_s=0.0)
        workers.kill("one")
        hit += len(workers.revisions()) < owed

    workers.start("one")
    workers.wait_for_all()
    newsroom.edit(every=10)
    workers.wait_for_all()
    workers.check(repeats=4 * 10 * len(newsroom.names))
    assert hit >= 3, "the kills came too late to hit anything"


def test_two_workers_share_the_feeds_and_one_takes_over_from_the_other(workers, newsroom, chance):
    newsroom.publish(30, thin_every=6)
    for name in ("one", "two"):
        workers.start(name)
    workers.wait_for_all()
    wait_for(
        lambda: min(workers.polls("one"), workers.polls("two")) >= 3,
        30,
        "both poll",
        ignore=(OSError,),
    )
    workers.check(repeats=0)

    for victim, other in (("one", "two"), ("two", "one")):
        newsroom.hold(chance.choice(newsroom.names))
        newsroom.publish(10)
        assert newsroom.held.wait(30), "no fetch was held"
        workers.kill(victim)
        newsroom.go_on()
        workers.wait_for_all()
        workers._processes[other].check()
        workers.start(victim)

    newsroom.edit(every=5)
    workers.wait_for_all()
    workers.check(repeats=2 * 10)


def test_a_service_whose_feeds_all_fail_is_ready_and_says_so(workers, newsroom):
    newsroom.site.away()
    workers.start("one")

    wait_for(
        lambda: "all 4 are failing" in workers.get("one", "/readyz"),
        60,
        "it says that all fail",
        ignore=(OSError,),
    )

    assert 'tocsin_ingest_sources{status="failing"} 4.0' in workers.get("one", "/metrics")
    newsroom.publish(3)
    newsroom.site.back()
    workers.wait_for_all()
    wait_for(lambda: workers.get("one", "/readyz") == "ok\n", 30, "it is fine again")
