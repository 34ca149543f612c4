"""A poller on a real Redis against a site that misbehaves: nothing lost, nothing twice, health told.

Each case is a row: what the site answers to one poll after the other; which entries are published
then, an edited one with its revision; what health says afterwards.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from services.ingest.app import Intake
from services.ingest.feed_state import FeedState
from services.ingest.fetch.client import Fetcher
from services.ingest.fetch.hosts import Hosts
from services.ingest.sandbox import Sandbox
from services.ingest.seen import Seen
from services.ingest.sources.config import FeedSource
from services.ingest.sources.feeds import Feeds
from services.ingest.sources.reader import Reader
from services.ingest.sources.taking import Limits, Taking
from services.ingest.stories import Stories
from tests.support import bad_site
from tests.support.bad_feeds import (
    NOON,
    deep,
    external,
    feed,
    item,
    laughs,
    quadratic_laughs,
    rss,
    text_of,
)
from tests.support.bad_site import BadSite, conditional, moved, ok, status
from tests.support.fake_bus import FakeBus
from tocsin import settings, topics
from tocsin.guard import parse_networks
from tocsin.messages import Article, PublishedBasis, decode

if TYPE_CHECKING:
    from tests.support.bad_site import Answer

LOCAL = parse_networks(("127.0.0.1/32",), "X")
PATIENT_S, IMPATIENT_S = 20.0, 0.4  # total deadlines: of what answers, of what never does


class Desk:
    """One feed on one site, polled by the real parts but for the broker; its clock goes by polls."""

    def __init__(
        self, loop, sandbox, site, redis_url, *, total_s=PATIENT_S, path="/feed", **source
    ):
        self.now = NOON + timedelta(minutes=5)
        self.site = site
        self.source = FeedSource(name="post", url=site.url(path), **{"page": "never", **source})
        self.bus = FakeBus()
        self.bus.create_topics()
        self._loop = loop
        self._fetcher = Fetcher(LOCAL, total_s=total_s)
        chosen = settings.Redis(url=settings.Secret(redis_url))
        self._seen, self._stories = Seen(chosen, days=30), Stories(chosen, days=3, texts=30_000)
        self.state = FeedState(chosen, days=30)
        intake = Intake(self.bus.producer(), self._seen, self._stories, clock=self.clock)
        limits = Limits()
        taking = Taking(self.state, intake, self._seen, limits, clock=self.clock)
        self.hosts = Hosts(gap_s=0, clock=self._seconds)
        reader = Reader(lambda _: self._fetcher, self.hosts, sandbox)
        self._feeds = Feeds(reader, self.state, taking, limits, clock=self.clock)

    def clock(self):
        return self.now

    def _seconds(self):
        return self.now.timestamp()

    def poll(self):
        """Polls when it is due; the articles that were published then."""
        before = len(self.articles)
        if self.cursor:
            self.now = max(self.now, self.health.next_at)
        (lease,) = self.state.claim(["post"], 1, now=self.now, lease_s=60)
        self._loop.run(self._feeds.poll(self.source, lease))
        return self.articles[before:]

    @property
    def cursor(self):
        return self.state.cursors(["post"]).get("post")

    @property
    def health(self):
        return self.cursor.health

    @property
    def articles(self):
        """All that was published, in order."""
        told = [each for each in self.bus.published if each.topic == topics.ARTICLES.name]
        return [decode(each.value, Article) for each in told]

    def close(self):
        self._loop.run(self._fetcher.close())
        for each in (self._seen, self._stories, self.state):
            each.close()


@pytest.fixture(scope="module")
def loop():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def sandbox(loop):
    found = Sandbox(1, deadline_s=60.0)
    yield found
    found.close()


@pytest.fixture
def site():
    with BadSite() as found:
        yield found


@pytest.fixture
def desk(loop, sandbox, site, redis_server):
    made = []

    def make(**of):
        made.append(Desk(loop, sandbox, site, redis_server.url, **of))
        return made[-1]

    yield make
    for each in made:
        each.close()


def names(articles):
    """Entries that were published, in no order; `a.2` is the second revision of `a`."""
    told = [each.guid + (f".{each.revision}" if each.revision > 1 else "") for each in articles]
    return " ".join(sorted(told))


def told(health):
    """`fresh`, or `failing` with its trouble."""
    return f"{health.status} {health.trouble}" if health.trouble else str(health.status)


class Poll(NamedTuple):
    """What the site answers to a poll; what is published then, and what health says."""

    answer: Answer
    published: str
    health: str = "fresh"


A, AB, ABC = ok(feed("a")), ok(feed("a b")), ok(feed("c a b"))
EDITED = rss(item("a", f"{text_of('a')} The count was corrected later."), item("b"))


def says_less(body, length):
    """A Content-Length that is too small, with the validators of the whole."""
    return ok(body, etag='"v1"', Content_Length=str(length))


AGAIN = Poll(AB, "a b")  # the site has come to its senses: what it had is published then
NOTHING_MORE = Poll(AB, "")


def fails(answer, trouble):
    """A poll that comes to nothing, between two that do not."""
    return (Poll(A, "a"), Poll(answer, "", f"failing {trouble}"), Poll(ABC, "b c"), Poll(ABC, ""))


CASES = {
    "nothing new, by its validators": (
        Poll(conditional(feed("a b")), "a b"),
        Poll(conditional(feed("a b")), ""),
        Poll(conditional(feed("c a b"), etag='"v2"'), "c"),
    ),
    "nothing new, sent again": (AGAIN, NOTHING_MORE, NOTHING_MORE),
    "another order": (AGAIN, Poll(ok(feed("b a")), "")),
    "an entry twice": (Poll(ok(feed("a a b")), "a b"), NOTHING_MORE),
    "an edited entry": (AGAIN, Poll(ok(EDITED), "a.2"), Poll(ok(EDITED), ""), Poll(ABC, "a.3 c")),
    "another date is no edit": (
        AGAIN,
        Poll(ok(rss(item("a", date=NOON), item("b", date=NOON))), ""),
    ),
    "entries leave and come back": (AGAIN, Poll(ok(feed("c")), "c"), Poll(ABC, "")),
    "other guids for the same links": (
        AGAIN,
        Poll(ok(rss(item("x", text_of("a"), link="https://news.example/a"), item("b"))), ""),
    ),
    "no guids": (
        Poll(ok(rss(item("", text_of("a"), link="https://news.example/a"))), "https://news.example/a"),
        Poll(ok(rss(item("", text_of("a"), link="https://news.example/a"))), ""),
    ),
    "301 in a circle": fails(moved("/feed"), "redirects"),
    "302 to a private address": fails(moved("http://10.0.0.1/feed", 302), "forbidden"),
    "302 to its own machine": fails(moved("http://[::1]/feed", 302), "forbidden"),
    "302 to a file": fails(moved("file:///etc/passwd", 302), "redirects"),
    "500": fails(status(500), "server_error"),
    "503": fails(status(503), "server_error"),
    "429": fails(status(429, retry_after="90"), "rate_limited"),
    "403": fails(status(403), "refused"),
    "404": fails(status(404), "refused"),
    "410": fails(status(410), "gone"),
    "204": fails(ok(b"", code=204), "not_a_feed"),
    "hangs up": fails(bad_site.hang_up, "unreachable"),
    "cut off": fails(bad_site.cut(feed("c a b").encode(), 700), "unreachable"),
    "wrong chunks": fails(bad_site.wrong_chunks(feed("c a b").encode()), "broken"),
    "wrong gzip": fails(bad_site.wrong_gzip(feed("c a b").encode()), "broken"),
    "cut gzip": fails(bad_site.cut_gzip(feed("c a b").encode()), "broken"),
    "gzip bomb": fails(bad_site.bomb(100_000_000, feed("c a b").encode()), "too_large"),
    "endless": fails(bad_site.endless, "too_large"),
    "huge header": fails(bad_site.huge_header(1_000_000), "too_large"),
    "0 bytes": fails(ok(b""), "not_a_feed"),
    "blank": fails(ok(b" \r\n"), "not_a_feed"),
    "HTML for RSS": fails(ok("<!doctype html><html><p>We moved.</p></html>"), "not_a_feed"),
    "JSON for RSS": fails(ok('{"error": "quota"}', "application/json"), "not_a_feed"),
    "a picture for RSS": fails(ok(b"\x89PNG\r\n\x1a\n" + bytes(500)), "not_a_feed"),
    "gzip": (Poll(bad_site.gzipped(feed("a b").encode()), "a b"), NOTHING_MORE),
    # More is sent than was said: what was promised ends in the second entry, or before it.
    "a length that is too small": (
        Poll(says_less(feed("a b"), 1400), "a"),
        Poll(conditional(feed("a b")), "b"),
        NOTHING_MORE,
    ),
    "a length that ends with an entry": (
        Poll(says_less(feed("a b"), feed("a b").index("</item>") + 7), "a"),
        Poll(conditional(feed("a b")), "b"),
    ),
    "a billion laughs": (Poll(ok(laughs()), "a"), Poll(ABC, "b c")),
    "laughs squared": (Poll(ok(quadratic_laughs()), "a"), Poll(ABC, "b c")),
    "200,000 elements deep": (Poll(ok(deep()), "a b"), Poll(ABC, "b.2 c")),
    "no entries": (Poll(ok(rss()), "", "empty"), AGAIN, Poll(ok(rss()), "", "empty"), NOTHING_MORE),
    "old entries": (Poll(ok(rss(item("a", date=NOON - timedelta(days=30)))), "a", "stale"), Poll(AB, "b")),
}  # fmt: skip


def run(desk, site, polls):
    """Polls as the row says, and holds what comes to it."""
    for number, each in enumerate(polls):
        site.on("/feed", each.answer)
        published = desk.poll()

        assert (number, names(published)) == (number, each.published)
        assert (number, told(desk.health)) == (number, each.health)
    revisions = [(each.id, each.revision) for each in desk.articles]
    assert len(revisions) == len(set(revisions))


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_lost_and_nothing_comes_twice(desk, site, name):
    run(desk(), site, CASES[name])


# What one poll tells of the next.


def test_a_busy_site_is_left_alone_for_as_long_as_it_asks_and_so_is_its_host(desk, site):
    one = desk(interval="1m")
    site.on("/feed", status(429, retry_after="1800"))

    one.poll()

    assert told(one.health) == "failing rate_limited"
    assert (one.health.next_at - one.now).total_seconds() == 1800
    assert one.hosts.rest_s("127.0.0.1") == 1800
    site.on("/feed", AB)
    assert names(one.poll()) == "a b"


def test_a_site_that_is_dead_for_an_hour_loses_nothing_and_health_says_since_when(desk, site):
    one = desk(longest_interval="30m")
    site.on("/feed", A)
    one.poll()
    site.away()
    one.poll()
    began = one.now
    while (one.now - began).total_seconds() < 3600:
        assert one.poll() == []
        assert told(one.health) == "failing unreachable"
        assert one.health.since == began
        assert (one.health.next_at - one.now).total_seconds() <= 1800
    site.back()
    site.on("/feed", ABC)

    assert 3 <= one.health.failures <= 12
    assert names(one.poll()) == "b c"
    assert (told(one.health), one.health.failures) == ("fresh", 0)


def test_a_feed_that_moved_for_good_is_asked_where_it_is_until_it_is_not_there(desk, site):
    one = desk()
    site.on("/feed", moved("/new"))
    site.on("/new", AB)

    assert (names(one.poll()), one.health.moved_to) == ("a b", site.url("/new"))
    site.on("/new", ABC)
    assert names(one.poll()) == "c"
    assert len(site.asked("/feed")) == 1
    site.on("/new", status(404))
    site.on("/feed", ok(feed("d c a b")))
    while not (found := one.poll()):
        assert told(one.health) == "failing refused"
    assert names(found) == "d"


def test_a_feed_that_moved_for_a_while_is_asked_where_it_was(desk, site):
    one = desk()
    site.on("/feed", moved("/elsewhere", 302))
    site.on("/elsewhere", AB)

    for published in ("a b", ""):
        assert names(one.poll()) == published
    assert len(site.asked("/feed")) == 2


@pytest.mark.parametrize("how", [bad_site.silent, bad_site.drip_headers, bad_site.drip_body])
def test_a_site_that_is_slow_without_end_is_left_after_a_while(desk, site, how):
    one = desk(total_s=IMPATIENT_S)
    site.on("/feed", how)

    assert one.poll() == []
    assert told(one.health) == "failing timed_out"
    assert one.health.next_at > one.now


def test_health_tells_no_secret_of_an_address(desk, site):
    one = desk(path="/feed?key=canary")
    for number, answer in enumerate(
        (status(500), moved("/feed?key=canary"), bad_site.hang_up, ok("?"))
    ):
        site.on("/feed", answer)
        one.poll()

        assert one.health.failures == number + 1
        assert "canary" not in one.health.detail


# Dates and letters.


def test_without_dates_articles_are_published_undated_and_are_never_of_now(desk, site):
    site.on("/feed", ok(rss(item("a", date=None), item("b", date="some time ago"))))
    one = desk()

    found = {each.guid: each for each in one.poll()}

    assert {each.published_at for each in found.values()} == {None}
    assert {each.published_basis for each in found.values()} == {PublishedBasis.NONE}
    assert told(one.health) == "fresh"


def test_a_date_in_the_future_is_clamped_flagged_and_keeps_no_feed_fresh(desk, site):
    site.on("/feed", ok(rss(item("a", date=NOON + timedelta(days=400)))))
    one = desk(stale_after="1d")

    (found,) = one.poll()

    assert found.published_at == one.now
    assert "future_clamped" in found.flags
    assert told(one.health) == "fresh"
    one.now += timedelta(days=2)
    one.poll()
    assert told(one.health) == "stale"


RUSSIAN = "Посол покинул гавань ночью, сказал министр. Переговоры прерваны до пятницы, мост закрыт."


@pytest.mark.parametrize(
    ("head", "kind", "coded"),
    [
        ("", "application/rss+xml; charset=utf-8", "windows-1251"),
        ("", "application/rss+xml; charset=windows-1251", "utf-8"),
        ("<?xml version='1.0' encoding='utf-8'?>", "text/xml", "windows-1251"),
        ("<?xml version='1.0' encoding='windows-1251'?>", "text/xml", "utf-8"),
        ("<?xml version='1.0' encoding='windows-1251'?>", "text/xml", "windows-1251"),
        ("", "text/xml; charset=iso-8859-1", "utf-8"),
        ("<?xml version='1.0' encoding='none-such'?>", "text/xml; charset=nonsense", "utf-8"),
        ("<?xml version='1.0' encoding='utf-16'?>", "text/xml", "utf-8"),
    ],
)
def test_letters_are_right_whatever_header_and_document_say_of_them(desk, site, head, kind, coded):
    site.on("/feed", ok(rss(item("a", RUSSIAN), head=head).encode(coded), kind))

    (found,) = desk().poll()

    assert found.text == RUSSIAN


# What is hostile in a feed itself, and in the pages behind it.


def test_ten_thousand_entries_are_published_once(desk, site):
    everything = [item(f"n{number}", text_of(f"n{number}", 2)) for number in range(10_000)]
    one = desk()
    site.on("/feed", ok(rss(*everything)))
    first = one.poll()
    site.on("/feed", ok(rss(item("new"), *everything)))

    assert len({each.id for each in first}) == len(first) == 10_000
    assert names(one.poll()) == "new"


def test_no_entity_is_fetched_from_a_file_or_a_site(desk, site):
    secret = site.on("/secret", ok("root:x:0:0"))
    site.on("/feed", ok(external(secret)))

    (found,) = desk().poll()

    assert site.asked("/secret") == []
    assert "root:" not in found.text


THIN = "The envoy left the harbour before dawn and said that the talks of Friday would […]"
WHOLE = f"<![CDATA[{''.join(f'<p>{text_of(part, 9)}</p>' for part in 'bcd')}]]>"
PAGE = f"<!doctype html><html><head><title>x</title></head><body><article><p>{text_of('a', 9)}</p></article>"


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        (status(500), True),
        (status(429, retry_after="60"), True),
        (bad_site.hang_up, True),
        (bad_site.cut(PAGE.encode(), 300), True),
        (status(404), False),
        (status(410), False),
        (moved("http://169.254.169.254/latest/", 302), False),
        (bad_site.bomb(100_000_000), False),
        (ok("<div>" * 1_000_000 + text_of("a"), "text/html"), False),
        (ok(b"%PDF-1.7", "application/pdf"), False),
    ],
)
def test_a_page_that_misbehaves_costs_its_article_no_more_than_the_rest_of_its_text(
    desk, site, answer, again
):
    one = desk(page="auto")
    site.on("/feed", ok(rss(item("a", THIN, link=site.url("/a")), item("b", WHOLE))))
    site.on("/a", answer)

    first = {each.guid: each for each in one.poll()}
    site.on("/a", ok(PAGE, "text/html"))
    second = one.poll()

    assert first.keys() == {"a", "b"}
    assert ("summary_only" in first["a"].flags, "summary_only" in first["b"].flags) == (True, False)
    assert told(one.health) == "fresh"
    assert names(second) == ("a.2" if again else "")
    if again:
        assert second[0].text == text_of("a", 9)
