"""A poll of a feed publishes what is new and edited, once, and loses nothing to what fails."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from services.ingest.domain.rhythm import Status
from services.ingest.feed_state import LeaseLost
from services.ingest.fetch.result import Failed, NotModified, Trouble
from tests.unit.ingest.fakes import FakeSeen
from tests.unit.ingest.worlds import NOW, SOURCE, URL, World, entry, feed, fetched, page
from tocsin.errors import BadMessage, Reason, Unavailable
from tocsin.messages import PublishedBasis

DAY = timedelta(days=1)
DOWN = Failed(trouble=Trouble.SERVER_ERROR, detail="500")
LINK = "https://wire.example/1"


def thin(number=1, **fields):
    return entry(number, **{"text": f"In short {number}.", "is_summary": True, **fields})


def test_articles_come_once_oldest_first_with_what_the_source_is():
    world = World()
    world.web[URL] = feed(entry(1), entry(2))

    first, second = world.poll(), world.poll()

    assert world.titles == ["Title 2", "Title 1"]
    one = world.published[1]
    assert (one.source, one.family, one.tier, one.country) == ("wire", "wire", "known", "GBR")
    assert (one.url, one.outlet, one.language) == (LINK, "wire", "en")
    assert (one.published_at, one.published_basis) == (
        NOW - timedelta(minutes=1),
        PublishedBasis.FEED,
    )
    assert (first.outcome, second.outcome) == ("news", "nothing_new")


def test_an_entry_that_is_edited_is_a_revision_of_its_article():
    world = World()
    world.web[URL] = [feed(entry(1)), feed(entry(1, title="Corrected: title"))]

    world.poll()
    world.poll()

    assert [(each.id, each.revision) for each in world.published] == [
        (world.published[0].id, 1),
        (world.published[0].id, 2),
    ]


def test_an_entry_whose_link_changes_stays_the_same_article():
    world = World()
    moved = entry(1, title="Edited", link="https://wire.example/other")
    world.web[URL] = [feed(entry(1)), feed(moved)]

    world.poll()
    world.poll()

    assert {(each.id, each.url) for each in world.published} == {(world.published[0].id, LINK)}


def test_what_has_not_changed_is_asked_for_by_its_validators_and_kept():
    world = World()
    world.web[URL] = [feed(entry(1)), NotModified()]

    world.poll()
    polled = world.poll()

    assert [etag for _, etag, _ in world.asked] == [None, '"1"']
    assert polled.outcome == "not_modified"
    assert polled.after.status is Status.FRESH
    assert world.state.renewed["wire"] >= 2


def test_only_what_appears_while_the_feed_is_watched_has_just_appeared():
    undated = {"published_at": None}
    dateline = "ROME, November {} - A treaty was signed."
    old, new = (entry(n, text=dateline.format(n + 17), **undated) for n in (1, 2))
    world = World()
    world.web[URL] = [feed(old), feed(new, old), feed(entry(3, dateline.format(20), **undated))]

    world.poll()
    world.poll()
    world.poll(later=3 * DAY)

    dates = [each.published_at and each.published_at.day for each in world.published]
    assert dates == [None, 19, None]


def test_an_edit_of_what_was_there_at_the_first_poll_is_no_more_fresh_than_it_was():
    undated = {"published_at": None}
    world = World()
    texts = [f"ROME, November 18 - A treaty was signed{end}." for end in ("", " by all")]
    world.web[URL] = [feed(entry(1, text, **undated)) for text in texts]

    world.poll()
    world.poll()

    assert [each.published_at for each in world.published] == [None, None]


FAILURES = [
    (DOWN, Trouble.SERVER_ERROR),
    (fetched(BadMessage(Reason.UNREADABLE, "it is HTML")), Trouble.NOT_A_FEED),
    (fetched(BadMessage(Reason.TIMED_OUT, "parse_feed: over 20 s")), Trouble.HOSTILE),
    (fetched(BadMessage(Reason.CRASHED, "parse_feed")), Trouble.HOSTILE),
]


@pytest.mark.parametrize(("answer", "trouble"), FAILURES, ids=[str(f[1]) for f in FAILURES])
def test_a_poll_that_fails_says_why_and_the_next_loses_nothing(answer, trouble):
    world = World()
    world.web[URL] = [feed(entry(1)), answer, feed(entry(2), entry(1))]

    world.poll()
    failed = world.poll()
    again = world.poll()

    assert (failed.after.status, failed.after.trouble) == (Status.FAILING, trouble)
    assert failed.outcome == trouble.value
    assert again.after.status is Status.FRESH
    assert world.titles == ["Title 1", "Title 2"]


def test_a_host_that_asks_to_be_left_alone_is_left_alone():
    world = World()
    world.web[URL] = Failed(trouble=Trouble.RATE_LIMITED, detail="429", retry_after_s=7200.0)

    polled = world.poll()

    assert world.rests == {"wire.example": 7200.0}
    assert polled.after.next_at == NOW + timedelta(hours=2)
    asked = len(world.asked)
    world.poll()
    assert len(world.asked) == asked


@pytest.mark.parametrize("away", ["bus", "seen", "state"])
def test_while_broker_or_redis_are_away_the_cursor_stays_and_then_all_comes(away):
    world = World()
    world.web[URL] = [feed(entry(1)), feed(entry(2), entry(1))]
    world.poll()
    world.now += timedelta(hours=1)
    lease = world.claim()
    getattr(world, away).away = True

    with pytest.raises(Unavailable):
        asyncio.run(world.feeds.poll(SOURCE, lease))
    getattr(world, away).away = False
    world.poll(later=timedelta(minutes=2))

    assert world.titles == ["Title 1", "Title 2"]


def test_a_worker_that_lost_its_lease_publishes_nothing():
    world = World()
    world.web[URL] = feed(entry(1))
    lost = world.claim()
    world.now += timedelta(minutes=2)
    world.claim()

    with pytest.raises(LeaseLost):
        asyncio.run(world.feeds.poll(SOURCE, lost))

    assert world.published == []


def test_a_thin_entry_brings_the_text_of_its_page():
    world = World()
    world.web |= {URL: feed(thin()), LINK: page(byline="Ann Reporter")}

    world.poll()

    (one,) = world.published
    assert "great deal more" in one.text
    assert one.byline == "Ann Reporter"
    assert "summary_only" not in one.flags


def test_a_page_that_fails_now_gives_the_summary_at_once_and_a_revision_later():
    world = World()
    world.web |= {URL: [feed(thin()), NotModified()], LINK: [DOWN, DOWN, page()]}

    for _ in range(5):
        world.poll()

    assert [each.revision for each in world.published] == [1, 2]
    assert [("summary_only" in each.flags) for each in world.published] == [True, False]
    assert len({each.id for each in world.published}) == 1
    assert sum(url == LINK for url, *_ in world.asked) == 3


def test_a_page_that_always_fails_is_tried_at_three_later_polls():
    world = World()
    world.web |= {URL: feed(thin()), LINK: DOWN}

    for _ in range(8):
        world.poll()

    assert sum(url == LINK for url, *_ in world.asked) == 4
    assert len(world.published) == 1


def test_a_page_that_is_not_there_is_not_tried_again():
    world = World()
    world.web |= {URL: feed(thin())}

    for _ in range(3):
        world.poll()

    assert sum(url == LINK for url, *_ in world.asked) == 1


def test_a_page_that_says_less_than_its_entry_is_left():
    world = World()
    world.web |= {URL: feed(thin()), LINK: page("Cookies?")}

    world.poll()
    world.poll()

    assert [each.text for each in world.published] == ["In short 1."]
    assert sum(url == LINK for url, *_ in world.asked) == 1


@pytest.mark.parametrize(
    ("told", "summary", "asked"),
    [("auto", True, 1), ("auto", False, 0), ("always", False, 1), ("never", True, 0)],
)
def test_pages_are_asked_for_as_the_source_is_told(told, summary, asked):
    world = World(replace(SOURCE, page=told))
    world.web |= {URL: feed(entry(1, is_summary=summary)), LINK: page()}

    world.poll()

    assert sum(url == LINK for url, *_ in world.asked) == asked


def test_a_poll_asks_for_so_many_pages_and_the_next_for_the_rest():
    world = World(pages=2)
    world.web[URL] = [feed(*(thin(n) for n in range(1, 6))), NotModified()]
    world.web |= {f"https://wire.example/{n}": page(f"Page {n}. " * 30) for n in range(1, 6)}

    counts = []
    for _ in range(4):
        world.poll()
        counts.append(sum(url != URL for url, *_ in world.asked))

    assert counts == [2, 4, 5, 5]
    texts = {}
    for each in world.published:
        texts[each.id] = each.text
    assert len(texts) == 5
    assert all("Page" in each for each in texts.values())


def test_a_summary_never_takes_the_place_of_a_text_that_was_published():
    world = World()
    world.web |= {
        URL: [feed(thin()), feed(thin(title="Edited title")), NotModified()],
        LINK: [page(), DOWN, page("Another text of the page. " * 30)],
    }

    world.poll()
    world.poll()
    assert len(world.published) == 1
    world.poll()

    assert [each.revision for each in world.published] == [1, 2]
    assert "Another text" in world.published[1].text


def test_a_summary_of_what_another_feed_published_in_full_adds_nothing():
    world = World()
    world.web |= {URL: [feed(entry(1)), feed(thin(2, link=LINK), entry(1))]}

    world.poll()
    world.poll()

    assert world.titles == ["Title 1"]


def test_an_article_behind_a_link_that_leads_on_has_its_own_address():
    world = World()
    proxied = thin(link="https://proxy.example/go/1")
    real = "https://daily.example/2026/a"
    world.web |= {URL: feed(proxied), "https://proxy.example/go/1": page(canonical=real)}

    world.poll()

    assert world.published[0].url == real


def killed_before_its_note(world):
    """Polls; the worker is killed when Kafka has what it published, and nobody noted it."""
    world.seen.mark = crash
    with pytest.raises(RuntimeError):
        world.poll(later=timedelta(hours=1))
    del world.seen.mark
    world.restart()


PROXIED = thin(link="https://proxy.example/go/1")
LEADS_TO = fetched(page(canonical="https://daily.example/2026/a"), PROXIED.link)


def test_a_crash_before_anything_is_remembered_repeats_only_the_same_id_and_revision():
    world = World()
    world.web |= {URL: feed(PROXIED, entry(2)), PROXIED.link: [LEADS_TO, DOWN, LEADS_TO]}

    killed_before_its_note(world)
    for _ in range(3):
        world.poll(later=timedelta(hours=1))

    assert len(world.published) == 4
    assert {each.revision for each in world.published} == {1}
    assert len({(each.id, each.fingerprint) for each in world.published}) == 2


def test_an_edit_between_a_crash_and_the_restart_is_the_next_revision():
    world = World()
    world.web[URL] = [feed(entry(1)), feed(entry(1, title="Edited")), feed(entry(1, title="Again"))]

    killed_before_its_note(world)
    killed_before_its_note(world)
    world.poll(later=timedelta(hours=1))

    assert [each.revision for each in world.published] == [1, 2, 3]


def test_an_edit_that_was_about_to_be_published_at_the_next_crash_keeps_its_number():
    world = World()
    edited = feed(entry(1, title="Edited"))
    world.web[URL] = [feed(entry(1)), edited, edited]
    killed_before_its_note(world)
    world.bus.away = True  # killed with its intent noted, before Kafka had anything

    with pytest.raises(Unavailable):
        world.poll(later=timedelta(hours=1))
    world.bus.away = False
    world.restart()
    world.poll(later=timedelta(hours=1))

    assert [each.revision for each in world.published] == [1, 2]


def test_a_text_that_a_killed_worker_may_have_published_waits_for_its_page_before_its_summary_comes():
    world = World()
    told = feed(PROXIED)
    world.web |= {URL: [told, told, NotModified()], PROXIED.link: [LEADS_TO, DOWN]}

    killed_before_its_note(world)
    counts = []
    for _ in range(6):
        world.poll(later=timedelta(hours=1))
        counts.append(len(world.published))

    assert counts == [1, 1, 1, 2, 2, 2]
    assert [each.revision for each in world.published] == [1, 2]
    assert len({each.id for each in world.published}) == 1


def test_a_crash_before_the_cursor_moves_repeats_nothing():
    world = World(batch=1)
    world.web[URL] = feed(entry(1), entry(2), entry(3))
    world.state.finish, finish = crash, world.state.finish

    with pytest.raises(RuntimeError):
        world.poll()
    world.state.finish = finish
    world.restart()
    world.now += timedelta(minutes=2)
    world.poll()

    assert sorted(world.titles) == ["Title 1", "Title 2", "Title 3"]


def test_what_has_stood_in_a_feed_for_a_year_does_not_come_again():
    world = World()
    world.web[URL] = [feed(entry(1)), NotModified()]
    world.poll()
    for _ in range(12):
        world.poll(later=30 * DAY)
    world.web[URL] = feed(entry(1))
    world.seen = FakeSeen()  # the intake has forgotten it by now
    world.restart()

    world.poll()

    assert world.titles == ["Title 1"]


def crash(*_, **__):
    raise RuntimeError("killed here")


def test_a_feed_that_moved_for_good_is_asked_there_and_where_it_was_if_that_fails():
    there = "https://new.example/feed"
    world = World()
    world.web |= {URL: fetched(feed(entry(1)), there, moved_to=there), there: [NotModified(), DOWN]}

    for _ in range(6):
        polled = world.poll()

    asked = [(url, etag) for url, etag, _ in world.asked]
    assert asked == [(URL, None), *[(there, '"1"')] * 4, (URL, None)]
    assert polled.after.moved_to == there


def test_a_secret_is_sent_to_the_feed_s_own_address_alone():
    there = "https://new.example/feed"
    world = World(replace(SOURCE, authorization_env="TOKEN", page="always"))
    moved = fetched(feed(entry(1)), there, moved_to=there)
    world.web |= {URL: moved, there: moved, LINK: page()}

    world.poll()
    world.poll()

    sent = {(url, headers.get("authorization")) for url, _, headers in world.asked}
    assert sent == {(URL, "Bearer x"), (LINK, None)}


def test_a_changed_url_begins_again_without_repeating_what_was_published():
    other = "https://wire.example/all.xml"
    world = World()
    world.web |= {URL: feed(entry(1)), other: feed(entry(2), entry(1))}
    world.poll()

    polled = world.poll(source=replace(SOURCE, url=other))

    assert polled.before.status is Status.NEW
    assert world.asked[-1][:2] == (other, None)
    assert world.titles == ["Title 1", "Title 2"]


def test_an_entry_with_nothing_to_say_is_refused_once():
    world = World()
    world.web[URL] = feed(entry(1, text=" ", title=None))

    world.poll()
    world.poll()

    (letter,) = world.bus.published
    assert letter.topic.endswith(".dlq")
    assert b"g1" in letter.value


def test_the_date_is_the_feed_s_then_the_page_s_and_never_now():
    at = NOW - timedelta(days=2)
    world = World(replace(SOURCE, page="always"))
    bad = {"published_at": None, "flags": ("bad_date",)}
    world.web |= {
        URL: feed(entry(1, **bad), entry(2, **bad), entry(3)),
        LINK: page(published_at=at),
    }
    world.web["https://wire.example/3"] = page("Other. " * 60, published_at=at)

    world.poll()

    found = {each.guid: (each.published_at, each.published_basis) for each in world.published}
    assert found == {
        "g1": (at, PublishedBasis.PAGE),
        "g2": (None, PublishedBasis.NONE),
        "g3": (NOW - timedelta(minutes=3), PublishedBasis.FEED),
    }
