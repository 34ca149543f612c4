"""The service's own poller, many hosts at a time: whoever misbehaves holds nobody else."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager

import pytest

from services.ingest.app import Intake
from services.ingest.feed_state import FeedState
from services.ingest.seen import Seen
from services.ingest.settings import Settings
from services.ingest.sources.config import FeedSource
from services.ingest.stories import Stories
from services.ingest.watch import Watch
from tests.support import bad_site
from tests.support.bad_feeds import deep, feed, laughs
from tests.support.bad_site import BadSite, moved, ok, status
from tests.support.fake_bus import FakeBus
from tests.support.wait import wait_for
from tocsin import settings, topics
from tocsin.messages import Article, decode
from tocsin.observe import Health

DEADLINE_S = 60.0
GOOD = {name: ok(feed(f"{name}-1 {name}-2")) for name in ("ann", "bob", "cyd")}
HANGING = {
    "silent": bad_site.silent,
    "drip-headers": bad_site.drip_headers,
    "drip-body": bad_site.drip_body,
}
BAD = {
    "endless": (bad_site.endless, "failing too_large"),
    "bomb": (bad_site.bomb(100_000_000), "failing too_large"),
    "crumbs": (bad_site.crumbs, "failing broken"),
    "hangs-up": (bad_site.hang_up, "failing unreachable"),
    "errs": (status(500), "failing server_error"),
    "busy": (status(429, retry_after="600"), "failing rate_limited"),
    "gone": (status(410), "failing gone"),
    "circle": (moved("/feed"), "failing redirects"),
    "page": (ok("<!doctype html><html></html>"), "failing not_a_feed"),
    "laughs": (ok(laughs()), "fresh"),
    "deep": (ok(deep()), "fresh"),
    **{name: (answer, "failing timed_out") for name, answer in HANGING.items()},
}


class Room:
    """Sites, each on a host of its own, polled by `Watch` into a broker in memory."""

    def __init__(self, stack, redis_url, answers, **chosen):
        self.sites = {}
        for number, (name, answer) in enumerate(answers.items()):
            site = stack.enter_context(BadSite(address=f"127.0.1.{number + 1}"))
            site.on("/feed", answer)
            self.sites[name] = site
        self.bus = FakeBus()
        self.bus.create_topics()
        url = settings.Secret(redis_url)
        self._chosen = Settings(redis=settings.Redis(url=url), host_gap_s=0, parsers=1, **chosen)
        self.state = FeedState(self._chosen.redis, days=30)
        stack.callback(self.state.close)

    def run(self, stop):
        """Polls until it is told to stop."""
        seen = Seen(self._chosen.redis, days=30)
        stories = Stories(self._chosen.redis, days=3, texts=30_000)
        sources = [
            FeedSource(
                name=name, url=site.url("/feed"), interval="1s", longest_interval="1h",
                page="never", allow=("127.0.0.0/8",),
            )
            for name, site in self.sites.items()
        ]  # fmt: skip
        intake = Intake(self.bus.producer(), seen, stories)
        Watch(sources, {}, self._chosen, intake, seen, Health()).run(stop)
        seen.close()
        stories.close()

    def published(self):
        """Which entries, each as often as it came."""
        told = [each for each in self.bus.published if each.topic == topics.ARTICLES.name]
        return sorted(decode(each.value, Article).guid for each in told)

    def health(self):
        """How each feed was at its last poll, for those that came to an end."""
        cursors = self.state.cursors(list(self.sites))
        healths = {name: each.health for name, each in cursors.items()}
        return {name: f"{h.status} {h.trouble or ''}".strip() for name, h in healths.items()}


@pytest.fixture
def polled(redis_server):
    @contextmanager
    def polled(answers, **chosen):
        stop = threading.Event()
        with ExitStack() as stack:
            room = Room(stack, redis_server.url, answers, **chosen)
            thread = threading.Thread(target=room.run, args=(stop,))
            thread.start()
            try:
                yield room
            finally:
                stop.set()
                thread.join(30)
                assert not thread.is_alive()

    return polled


def test_hosts_that_hang_hold_no_other_and_not_the_end(polled):
    owed = [f"{name}-{n}" for name in GOOD for n in (1, 2)]
    with polled({**HANGING, **GOOD}, polls=4, fetch_s=1000.0) as room:
        wait_for(lambda: room.published() == owed, DEADLINE_S, "what was there is published")
        room.sites["ann"].on("/feed", ok(feed("ann-3 ann-1 ann-2")))
        wait_for(lambda: "ann-3" in room.published(), DEADLINE_S, "what is new is published")
        hanging = [len(room.sites[name].asked("/feed")) for name in HANGING]
        health = room.health()

    assert hanging == [1, 1, 1]
    assert health == dict.fromkeys(GOOD, "fresh")
    assert len(room.published()) == len(set(room.published()))


def test_each_feed_s_health_says_what_its_site_did_and_the_good_ones_are_read(polled):
    answers = {**{name: answer for name, (answer, _) in BAD.items()}, **GOOD}
    expected = {**{name: told for name, (_, told) in BAD.items()}, **dict.fromkeys(GOOD, "fresh")}
    with polled(answers, polls=8, fetch_s=3.0) as room:
        wait_for(lambda: room.health() == expected, DEADLINE_S, "every feed's health")
        published = room.published()

    assert [each for each in published if "-" in each] == [f"{n}-{k}" for n in GOOD for k in (1, 2)]
    assert len(room.sites["gone"].asked("/feed")) == len(room.sites["busy"].asked("/feed")) == 1
