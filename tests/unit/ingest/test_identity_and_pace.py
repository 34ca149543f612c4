from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.domain.agencies import Agencies
from services.ingest.domain.identity import article_id, fingerprint
from services.ingest.domain.items import Item, article, published
from services.ingest.domain.pace import gap_s

NOON = datetime(2025, 8, 12, 12, tzinfo=UTC)


def test_an_article_is_known_by_its_url_or_else_by_source_and_guid():
    by_url = article_id(url="https://example.org/a", source="one", guid="1")

    assert by_url == article_id(url="https://example.org/a", source="two", guid="2")
    assert article_id(url=None, source="one", guid="1") != article_id(
        url=None, source="two", guid="1"
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Talks on Monday.", "talks  on\nMONDAY", True),
        ("“Talks” on Monday", '"Talks" on Monday', True),
        ("Talks on Monday", "Talks on Tuesday", False),
    ],
)
def test_a_fingerprint_sees_words_not_marks(one, other, same):
    assert (fingerprint(one) == fingerprint(other)) is same


@pytest.mark.parametrize(
    ("hours", "speed", "longest", "expected"),
    [(1, 0, None, 0), (1, 3600, None, 1), (1, 1, 5, 5), (-1, 1, None, 0), (1, 3600, 0.5, 0.5)],
)
def test_the_wait_is_the_gap_scaled_and_bounded(hours, speed, longest, expected):
    after = NOON + timedelta(hours=hours)

    assert gap_s(NOON, after, speed=speed, max_gap_s=longest) == expected


def test_an_undated_article_follows_at_once():
    assert gap_s(NOON, None, speed=1, max_gap_s=None) == 0


@pytest.mark.parametrize(
    ("said", "at", "flags"),
    [
        ("2025-08-12", NOON, ("day_only",)),
        ("2025-08-12T12:00:00", NOON, ("zone_assumed",)),
        ("2025-08-12T14:00:00+02:00", NOON, ()),
        ("2025-08-12T12:00:00Z", NOON, ()),
        (None, None, ()),
    ],
)
def test_a_publication_time_is_aware_and_says_what_was_assumed(said, at, flags):
    assert published(said) == (at, flags)


def test_an_article_has_one_id_and_one_address_however_its_link_is_spelt():
    links = ("http://www.example.org/a?utm_source=rss", "https://example.org/a/")
    one, other = (article(an_item(url=link), Agencies({}), run=None, now=NOON) for link in links)

    assert one.id == other.id
    assert one.url == "http://www.example.org/a"


def test_a_link_that_is_no_address_leaves_the_article_to_its_guid():
    one = article(an_item(url="javascript:alert(1)"), Agencies({}), run=None, now=NOON)

    assert one.url is None
    assert one.id == article_id(url=None, source="one", guid="1")


def an_item(**given: str) -> Item:
    return Item(guid="1", source="one", origin="here", text="Talks resumed on Monday.", **given)
