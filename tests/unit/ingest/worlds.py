"""A web, a broker and a Redis in memory, with a clock that is set by hand, to poll feeds in."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from services.ingest.app import Intake
from services.ingest.fetch.result import Failed, Fetched, NotModified, Trouble
from services.ingest.parse.result import Feed, FeedEntry, Page
from services.ingest.sources.config import FeedSource
from services.ingest.sources.feeds import Feeds
from services.ingest.sources.reader import Reader
from services.ingest.sources.taking import Limits, Taking
from tests.support.fake_bus import FakeBus
from tests.unit.ingest.fakes import FakeFeedState, FakeSeen, FakeStories
from tocsin import topics
from tocsin.errors import BadMessage
from tocsin.messages import Article, decode
from tocsin.settings import Secret

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://wire.example/feed.xml"
SOURCE = FeedSource(name="wire", url=URL, family="wire", tier="known", country="GBR", language="en")
WORDS = "Iran fired missiles at a base in Iraq on Sunday, the army said in a statement"


def entry(number=1, text=None, **fields):
    """An entry with its whole text."""
    told = {
        "guid": f"g{number}",
        "link": f"https://wire.example/{number}",
        "title": f"Title {number}",
        "text": text or f"{WORDS} {number}, {number * 17} people said in town {number * 31}.",
        "is_summary": False,
        "published_at": NOW - timedelta(minutes=number),
    }
    return FeedEntry(**{**told, **fields})


def feed(*entries, **fields):
    return Feed(entries=entries, kind="rss20", **fields)


def page(text="", **fields):
    return Page(text=text or f"{WORDS}. " + "And a great deal more was said of it. " * 9, **fields)


class World:
    """What the web answers is in `web`, by URL; a list is answered in turn, its last one on."""

    def __init__(self, source=SOURCE, **limits):
        self.now = NOW
        self.source = source
        self.web = {}
        self.asked = []
        self.rests = {}
        self.bus = FakeBus()
        self.bus.create_topics()
        self.seen = FakeSeen()
        self.state = FakeFeedState()
        self.limits = Limits(**limits)
        self.reader = Reader(
            lambda _: self, self, self, authorization={"TOKEN": Secret("Bearer x")}
        )
        self.restart()

    def restart(self):
        """Another process: what was only in memory is gone."""
        self.intake = Intake(self.bus.producer(), self.seen, FakeStories(), clock=self.clock)
        taking = Taking(self.state, self.intake, self.seen, self.limits, clock=self.clock)
        self.feeds = Feeds(self.reader, self.state, taking, self.limits, clock=self.clock)

    def clock(self):
        return self.now

    # the web, the hosts' turns and the sandbox, as Reader asks for them

    async def get(
        self, url, *, etag=None, last_modified=None, headers=None, accept=None, max_bytes=None
    ):
        self.asked.append((url, etag, dict(headers or {})))
        told = self.web.get(url, Failed(trouble=Trouble.REFUSED, detail="404"))
        if isinstance(told, list):
            told = told.pop(0) if len(told) > 1 else told[0]
        return told if isinstance(told, Failed | NotModified | Fetched) else fetched(told, url)

    @asynccontextmanager
    async def turn(self, host):
        yield self.rests.get(host, 0.0)

    def back_off(self, host, seconds):
        self.rests[host] = seconds

    async def run(self, function, body, *_):
        if isinstance(found := BODIES[body], BadMessage):
            raise found
        return found

    # what a test does

    def poll(self, *, later=None, source=None):
        """Polls once, when it is due or `later`; what became of it."""
        cursor = self.state.cursors([self.source.name]).get(self.source.name)
        if later is not None:
            self.now += later
        elif cursor:
            self.now = max(self.now, cursor.health.next_at)
        lease = self.claim()
        return asyncio.run(self.feeds.poll(source or self.source, lease))

    def claim(self):
        (lease,) = self.state.claim([self.source.name], 1, now=self.now, lease_s=60)
        return lease

    @property
    def published(self):
        """The articles in the order of their publication, repeats too."""
        return [
            decode(each.value, Article)
            for each in self.bus.published
            if each.topic == topics.ARTICLES.name
        ]

    @property
    def titles(self):
        return [each.title for each in self.published]


BODIES = {}


def fetched(told, url=URL, **fields):
    """An answer that is parsed to this feed or page."""
    body = str(len(BODIES)).encode()
    BODIES[body] = told
    return Fetched(**{"url": url, "body": body, "etag": '"1"', **fields})
