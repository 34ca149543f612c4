"""Entries of a feed: each is taken once, again when edited, and remembered within bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.ingest.domain.entries import (
    Remembered,
    changes,
    content_of,
    kept,
    keyed,
    waiting,
)
from services.ingest.parse.result import FeedEntry

NOW = 1_800_000_000
DAY = 86_400


def entry(guid="1", text="Iran fired missiles.", **fields):
    return FeedEntry(guid=guid, text=text, **{"link": f"https://example.org/{guid}", **fields})


def taken(each, **fields):
    return Remembered(**{"content": content_of(each), "url": each.link, "taken_s": NOW, **fields})


def remembered(*entries, **fields):
    return {key: taken(each, **fields) for key, each in keyed(entries).items()}


def guids(found):
    return [each.entry.guid for each in found]


def changed(entries, memory, now_s=NOW):
    return changes(keyed(entries), memory, now_s=now_s, days=30)


def test_what_was_never_seen_is_new_in_the_feeds_order():
    assert guids(changed([entry("b"), entry("a")], {})) == ["b", "a"]


def test_what_was_taken_and_says_the_same_is_not_taken_again():
    one = entry()

    assert changed([replace(one, link="https://example.org/moved")], remembered(one)) == []


def test_an_edit_is_taken_again_and_knows_what_it_was():
    one = entry()

    (found,) = changed([replace(one, title="Corrected")], remembered(one))

    assert found.before.url == "https://example.org/1"


def test_what_was_only_about_to_be_taken_is_taken_under_the_same_url():
    one = entry()

    (found,) = changed(
        [one], {next(iter(keyed([one]))): Remembered(url="https://example.org/real")}
    )

    assert found.before.url == "https://example.org/real"


def test_an_edit_after_its_article_was_forgotten_is_not_followed():
    one = entry()
    edited = [replace(one, text="Other words.")]

    assert guids(changed(edited, remembered(one), now_s=NOW + 28 * DAY)) == ["1"]
    assert changed(edited, remembered(one), now_s=NOW + 29 * DAY) == []


def test_a_feed_that_gives_all_entries_one_guid_has_them_all():
    same = [entry("x", link=f"https://example.org/{n}", text=f"Text {n}.") for n in range(3)]

    assert len(keyed(same)) == 3
    assert len(keyed([same[0], same[0]])) == 1


def test_those_with_most_tries_left_get_their_page_first():
    first, second, done = entry("1"), entry("2"), entry("3")
    memory = {
        **remembered(first, waiting=first, tries=1),
        **remembered(second, waiting=second, tries=3),
        **remembered(done, waiting=done, tries=0),
    }

    assert guids(waiting(memory)) == ["2", "1"]


@given(
    st.sets(st.text(max_size=3), max_size=30),
    st.dictionaries(st.text(max_size=3), st.integers(0, 40), max_size=30),
    st.integers(0, 10),
)
def test_nothing_that_stands_in_the_feed_is_forgotten_and_the_rest_is_bounded(
    present, left_days_ago, departed
):
    memory = {
        key: Remembered(content="x", left_s=NOW - days * DAY if days else 0)
        for key, days in left_days_ago.items()
    }

    new, forgotten = kept(memory, sorted(present), now_s=NOW, days=30, departed=departed)

    after = {key: each for key, each in {**memory, **new}.items() if key not in forgotten}
    assert not present & set(forgotten)
    assert all((each.left_s == 0) == (key in present) for key, each in after.items())
    assert sum(1 for each in after.values() if each.left_s) <= departed
    assert kept(after, sorted(present), now_s=NOW, days=30, departed=departed) == ({}, [])
