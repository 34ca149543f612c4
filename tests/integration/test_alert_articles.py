"""Articles on a real Redis: what a revision withdraws, and days in which none came."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.alert.app import App, letters
from services.alert.articles import Articles
from services.alert.outbox import Outbox
from services.alert.store import Store, connect
from tests.integration.benches import on_bench
from tests.unit.alert.builders import CONFIG, event, report
from tocsin.bus import Record
from tocsin.errors import BadMessage
from tocsin.messages import Alert, EnrichedArticle, EventReport, LevelReport, decode, encode
from tocsin.settings import Redis, Secret
from tocsin.topics import ALERTS, ENRICHED, EVENTS

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


class Bench:
    """An app with its articles over one Redis, and a broker that gives back what it publishes."""

    def __init__(self, url):
        self.client = connect(Redis(url=Secret(url), timeout_s=1))
        self.articles = Articles(self.client, "t", DAY)
        self.app = App(Store(self.client, "t", letters), CONFIG, None, self.articles)
        self.outbox = Outbox(self.client, "t")
        self.offset = 0

    def record(self, topic, key, message):
        self.offset += 1
        return Record(
            topic=topic.name,
            partition=0,
            offset=self.offset,
            key=key.encode(),
            value=encode(message),
            cluster="c",
        )

    async def hear(self, dyads, *, article="a1", revision=1, run=None, coder="coder-1", at=NOW):
        """The reports that an enriched article with these pairs gives."""
        ref = report(article=article, revision=revision, run=run, at=at).article
        enriched = EnrichedArticle(article=ref, coder=coder, relevant=True, dyads=dyads)
        (result,) = await self.app.handle([self.record(ENRICHED, article, enriched)])
        assert all(each.topic == EVENTS.name for each in result)
        return [decode(each.value, EventReport) for each in result]

    async def tell(self, told):
        await self.app.handle([self.record(EVENTS, told.dyad, told)])

    async def said(self):
        entries = await self.outbox.unsent("test", 1000, 1)
        kinds = {ALERTS.name: Alert}
        return [
            decode(each.message.value, kinds.get(each.message.topic, LevelReport))
            for each in entries
        ]


on = functools.partial(on_bench, Bench)


def pairs(reports):
    return [(each.dyad, each.article.revision) for each in reports]


def test_a_revision_withdraws_the_pairs_that_it_drops(redis_server):
    async def work(bench):
        first = await bench.hear(("GRC-TUR", "USA-VEN"))
        second = await bench.hear(("USA-VEN",), revision=2)
        again = await bench.hear(("USA-VEN",), revision=2)
        third = await bench.hear((), revision=3)
        return first, second, again, third

    first, second, again, third = on(redis_server, work)

    assert pairs(first) == []
    assert pairs(second) == [("GRC-TUR", 2)]
    assert again == second
    assert pairs(third) == [("USA-VEN", 3)]


@pytest.mark.parametrize(
    ("before", "after", "withdrawn"),
    [
        ({"dyads": ("USA-VEN",)}, {"dyads": (), "coder": "coder-2"}, [("USA-VEN", 1)]),
        ({"dyads": (), "revision": 2}, {"dyads": ("USA-VEN",), "revision": 1}, [("USA-VEN", 2)]),
        ({"dyads": ("USA-VEN",)}, {"dyads": (), "article": "a2", "revision": 2}, []),
        ({"dyads": ("USA-VEN",), "run": "r1"}, {"dyads": (), "run": "r2", "revision": 2}, []),
        ({"dyads": ("USA-VEN",)}, {"dyads": (), "run": "r2", "revision": 2}, []),
    ],
)
def test_what_is_withdrawn_is_what_the_newest_reading_lacks(redis_server, before, after, withdrawn):
    async def work(bench):
        await bench.hear(**before)
        return await bench.hear(**after)

    assert pairs(on(redis_server, work)) == withdrawn


def test_a_withdrawn_article_retracts_its_alert(redis_server):
    async def work(bench):
        told = report(event("ASSAULT"), at=NOW, run=None)
        await bench.hear(("USA-VEN",))
        await bench.tell(told)
        for each in await bench.hear((), revision=2):
            await bench.tell(each)
        return [each.change for each in await bench.said() if isinstance(each, Alert)]

    assert on(redis_server, work) == ["raised", "retracted"]


def test_what_is_remembered_of_articles_expires(redis_server):
    async def work(bench):
        await bench.hear(("USA-VEN",))
        await bench.hear(("USA-VEN",), run="r1")
        await bench.hear((), article="a2")
        keys = ("t:live:article:a1", "t:run:r1:article:a1", "t:live:article:a2")
        return [await bench.client.ttl(key) for key in keys]

    live, run, none = on(redis_server, work)

    assert live > 40 * 24 * 3600
    assert 6 * 24 * 3600 < run <= 7 * 24 * 3600
    assert none == -2


def test_a_record_that_is_no_article_is_refused_and_the_rest_goes_on(redis_server):
    async def work(bench):
        good = bench.record(EVENTS, "USA-VEN", report(event("THREATEN"), at=NOW, run=None))
        wrong = EnrichedArticle(article=report().article, coder="c", relevant=True, dyads=("x",))
        bad = [
            msgspec.structs.replace(good, topic=ENRICHED.name, value=b"{"),
            bench.record(ENRICHED, "a", wrong),
        ]
        return await bench.app.handle([bad[0], good, bad[1]])

    first, second, third = on(redis_server, work)

    assert isinstance(first, BadMessage)
    assert second == ()
    assert isinstance(third, BadMessage)


def test_a_day_without_articles_makes_live_pairs_blind_and_the_next_one_ends_it(redis_server):
    async def work(bench):
        await bench.hear(("USA-VEN",), at=NOW - 3 * DAY)
        await bench.tell(report(event("MOBILIZE"), at=NOW - 3 * DAY, run=None))
        await bench.tell(report(event("MOBILIZE"), run="r1", at=NOW - 3 * DAY, dyad="GRC-TUR"))
        await bench.app.tick(NOW)
        await bench.app.tick(NOW + 30 * DAY)
        await bench.hear((), article="a2", at=NOW)
        await bench.app.tick(NOW + timedelta(seconds=5))
        said = [each for each in await bench.said() if isinstance(each, LevelReport)]
        return [(each.level, each.blind) for each in said if each.run is None]

    # The report itself comes in the third day of silence already.
    assert on(redis_server, work) == [(3, True), (3, False)]


def test_two_workers_see_one_sight(redis_server):
    async def work(bench):
        other = Bench(redis_server.url)
        times = [NOW - 9 * DAY, NOW - 5 * DAY, NOW - 4.5 * DAY, NOW]
        for n, at in enumerate(times):
            await (bench, other)[n % 2].hear((), article=f"a{n}", at=at)
        sights = await bench.articles.sight(), await other.articles.sight()
        await other.client.aclose()
        return sights

    one, two = on(redis_server, work)

    assert one == two
    assert one.pauses == ((NOW - 8 * DAY, NOW - 5 * DAY), (NOW - 3.5 * DAY, NOW))


def test_a_publication_of_the_future_does_not_make_sight_of_what_is_to_come(redis_server):
    async def work(bench):
        await bench.hear((), at=NOW + 400 * DAY)
        return await bench.articles.sight()

    assert on(redis_server, work).seen_until < NOW + DAY
