from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.clean import clean
from services.ingest.domain.dates.dating import resolve
from services.ingest.domain.dates.relative import mentions
from services.ingest.domain.items import Item, article
from tests.support.paths import ROOT
from tests.unit.ingest.date_cases import AGENCIES, answer, cases
from tocsin.messages import PublishedBasis

GOLD = json.loads((ROOT / "tests/quality/seed_gold.json").read_text("utf-8"))["articles"]
BODY = "The two governments met in Geneva.\nThey agreed to meet again."
NOW = datetime(2025, 8, 20, 20, tzinfo=UTC)
CAPTION = "(FILE) - Soldiers on parade in Caracas. Apr. 13, 2019. EFE/ Ana Ruiz"
VAGUE = {"within weeks", "the past few weeks"}  # any span that meets the gold's is right


def seed(name):
    return clean((ROOT / "seeds" / name).read_text("utf-8"), AGENCIES)


def dated(text, at=None, *, fetched_at=NOW, fresh=False):
    return resolve(
        clean(text, AGENCIES),
        given=at,
        basis=PublishedBasis.FEED,
        fetched_at=fetched_at,
        fresh=fresh,
    )


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.how} {case.text[:50]}")
def test_a_dateline_or_weekday_is_the_day_it_means(case):
    assert answer(case) == case.expected


@pytest.mark.parametrize("name", GOLD)
@pytest.mark.parametrize("late_days", [0, 1, 2])
def test_a_seed_fetched_within_days_is_dated_within_the_bounds_of_the_gold(name, late_days):
    gold = GOLD[name]["publication"]
    fetched_at = datetime.fromisoformat(gold["best"] + "T20:00+00:00") + timedelta(days=late_days)

    dating = resolve(seed(name), fetched_at=fetched_at, fresh=True)

    assert gold["earliest"] <= dating.at.date().isoformat() <= gold["latest"]
    assert dating.basis is PublishedBasis.TEXT


@pytest.mark.parametrize("name", GOLD)
def test_a_seed_from_an_archive_stays_undated(name):
    dating = resolve(seed(name), fetched_at=NOW + timedelta(days=365))

    assert (dating.at, dating.confidence) == (None, None)
    assert dating.hint == ("--12-06" if name.startswith("001") else None)


@pytest.mark.parametrize("name", GOLD)
def test_the_relative_dates_of_a_seed_are_those_of_the_gold(name):
    best = date.fromisoformat(GOLD[name]["publication"]["best"])
    cleaned = seed(name)
    removed = "\n".join(each.text for each in cleaned.removed)
    found = list(mentions(f"{cleaned.text}\n{removed}", best))

    for said, expected in GOLD[name]["relative_dates"].items():
        bare = said.removeprefix("on ").removeprefix("On ")
        bare = bare.removeprefix("Friday (").removesuffix(")") if "September" in bare else bare
        spans = [each for each in found if each.text in (said, bare)]
        assert spans, said
        if said in VAGUE:
            first, _, last = expected.partition("/")
            assert spans[0].first.isoformat()[:7] <= (last or first)
            assert spans[0].last.isoformat()[:7] >= first[:7]
        else:
            assert {each.iso for each in spans} == {expected}


@pytest.mark.parametrize(
    ("at", "text", "flags", "confidence"),
    [
        ("2025-08-19T09:00+00:00", "LONDON, Aug 19 (Reuters) - ", (), 0.99),
        ("2025-08-19T09:00+00:00", "", (), 0.95),
        ("2025-08-19T09:00+00:00", "LONDON, Aug 17 (Reuters) - ", (), 0.99),
        ("2025-08-19T09:00+00:00", "LONDON, Aug 12 (Reuters) - ", ("date_contradicted",), 0.5),
        ("2025-08-19T09:00+00:00", "LONDON, 3 May 2010 (Reuters) - ", ("date_contradicted",), 0.5),
        ("2025-08-12T09:00+00:00", "On August 18, 2025 they met. ", ("date_contradicted",), 0.5),
        ("2025-08-12T09:00+00:00", "They will meet on August 18, 2025. ", (), 0.95),
    ],
)
def test_the_text_only_validates_a_date_of_the_feed(at, text, flags, confidence):
    at = datetime.fromisoformat(at)

    dating = dated(text + BODY, at)

    assert (dating.at, dating.basis) == (at, PublishedBasis.FEED)
    assert (dating.flags, dating.confidence) == (flags, confidence)


@pytest.mark.parametrize("given_at", ["1970-01-01T00:00+00:00", "2099-01-01T00:00+00:00"])
def test_a_date_of_the_feed_that_is_impossible_gives_way_to_the_text(given_at):
    dating = dated("LONDON, 3 May 2010 (Reuters) - " + BODY, datetime.fromisoformat(given_at))

    assert dating.at == datetime(2010, 5, 3, 12, tzinfo=UTC)
    assert dating.basis is PublishedBasis.TEXT
    assert "given_impossible" in dating.flags


def test_a_date_zero_of_the_feed_without_one_in_the_text_is_undated():
    dating = dated(BODY, datetime(1970, 1, 1, tzinfo=UTC))

    assert (dating.at, dating.basis, dating.flags) == (
        None,
        PublishedBasis.NONE,
        ("given_impossible",),
    )


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("2025-08-12T10:15:00Z", "2025-08-12T10:15+00:00"),
        ("Tue, 12 Aug 2025 14:00:00 GMT", "2025-08-12T14:00+00:00"),
        ("Published Aug. 12, 2025, 10:15 p.m. EDT", "2025-08-13T02:15+00:00"),
        ("12 August 2025 14:30 +02:00", "2025-08-12T12:30+00:00"),
    ],
)
def test_a_stamp_with_a_time_gives_the_time(stamp, at):
    assert dated(f"{stamp}\n{BODY}").at == datetime.fromisoformat(at)


def test_a_sentence_of_the_past_bounds_the_publication_from_below():
    dating = dated("The treaty of 3 May 2010 was signed.\nThey met on 5 June 2011.\n" + BODY)

    assert (dating.at, dating.not_before) == (None, date(2011, 6, 5))


def test_an_article_without_a_date_of_its_source_is_dated_by_its_dateline():
    item = Item(guid="1", source="a", origin="a:1", text="LONDON, 3 May 2010 (Reuters) - " + BODY)

    made = article(item, AGENCIES, run=None, now=NOW)

    assert made.published_at == datetime(2010, 5, 3, 12, tzinfo=UTC)
    assert (made.published_basis, made.published_confidence) == (PublishedBasis.TEXT, 0.95)
    assert "day_only" in made.flags


def test_a_day_without_a_year_is_kept_as_a_hint():
    item = Item(guid="1", source="a", origin="a:1", text="LONDON, Dec 6 (Reuters) - " + BODY)

    made = article(item, AGENCIES, run=None, now=NOW)

    assert (made.published_at, made.published_basis) == (None, PublishedBasis.NONE)
    assert made.flags == ("year_unknown", "day_hint:--12-06")


PIECES = st.sampled_from([
    "LONDON, 3 May 2010 (Reuters) - ", "PARIS, Aug 19 (AFP) - ", "on Tuesday", "yesterday", "in 2018",
    "12/08/2025", "2099-01-01", "Published 1 September 2025", "today, 21 August 2025,", "\n", ". ",
    "They met", "next Monday", "29 Feb", "31 April 2020", "31 December 9999",
])  # fmt: skip
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=10).map(" ".join))
TIMES = st.datetimes(datetime(1971, 1, 2), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(TEXTS, st.none() | TIMES, TIMES, st.booleans())
def test_no_article_is_of_after_its_fetch_and_the_same_text_has_the_same_date(
    text, at, fetched_at, fresh
):
    dating = dated(text, at, fetched_at=fetched_at, fresh=fresh)

    assert dating.at is None or dating.at <= fetched_at
    assert dating == dated(text, at, fetched_at=fetched_at, fresh=fresh)
    assert (dating.at is None) == (dating.basis is PublishedBasis.NONE)


@given(st.text(st.characters(exclude_categories=["Nd", "Nl", "No", "Cs"]), max_size=300), TIMES)
def test_a_text_without_a_digit_from_an_archive_is_undated(text, fetched_at):
    assert dated(text, fetched_at=fetched_at).at is None


@given(st.lists(PIECES, max_size=6).map(" ".join), st.booleans())
def test_a_caption_never_changes_the_date(text, fresh):
    plain = dated(f"{BODY}\n{text}\n{BODY}", fresh=fresh)

    assert dated(f"{BODY}\n{text}\n{CAPTION}\n{BODY}", fresh=fresh).at == plain.at


@pytest.mark.parametrize(
    "text",
    [
        "1" * 50_000,
        "1/" * 25_000,
        "May " * 12_500,
        "May 1" * 10_000,
        "Monday, " * 6_250,
        "A" * 50_000,
        "A-" * 25_000,
        "(" * 50_000,
        "will " * 10_000,
        "on Tuesday " * 4_500,
        "the past few " * 3_800,
        "AP/" * 16_000,
        "1.1.2000\n" * 5_500,
        "Reuters / " * 5_000,
    ],
    ids=lambda text: text[:12].strip(),
)
def test_no_hostile_text_of_50_kilobytes_holds_dating_up(text):
    cleaned = clean(text, AGENCIES)

    began = time.process_time()
    resolve(cleaned, fetched_at=NOW, fresh=True)
    assert time.process_time() - began < 0.1  # reliability.md 15
