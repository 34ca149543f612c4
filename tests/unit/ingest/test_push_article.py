from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.app import agencies
from services.ingest.domain.address import canonical
from services.ingest.domain.clean import clean
from services.ingest.push.article import _PUBLISHED, _WEB_ADDRESS, _WORD, item, read_article
from services.ingest.sources.config import PushSource
from tocsin.errors import BadMessage, Reason
from tocsin.messages import PublishedBasis

SOURCE = PushSource(
    name="wire",
    token_env="WIRE",
    family="Wire",
    tier="known",
    outlet="The Wire",
    country="VEN",
    language="es",
)
TEXT = "Troops crossed the border."


def read(**fields):
    return read_article(json.dumps({"text": TEXT, **fields}).encode())


def test_an_item_carries_what_the_article_and_its_source_say():
    pushed = read(title=" Troops ", id="7", byline="Ana", published_at="2025-08-12T10:30:00-04:00")

    found = item(pushed, SOURCE, "line 3")

    assert (found.guid, found.source, found.title, found.byline) == ("7", "wire", "Troops", "Ana")
    assert (found.family, found.tier, found.country) == ("Wire", "known", "VEN")
    assert (found.outlet, found.language, found.fresh) == ("The Wire", "es", True)
    assert found.published_at == datetime(2025, 8, 12, 14, 30, tzinfo=UTC)
    assert found.published_basis is PublishedBasis.FEED


def test_an_article_says_its_own_outlet_and_language():
    found = item(read(outlet="Paper", language="pt-BR"), SOURCE, "article")

    assert (found.outlet, found.language) == ("Paper", "pt-BR")


def test_an_article_is_known_by_its_id_else_its_url_else_its_text():
    guids = [
        item(read(**fields), SOURCE, "article").guid
        for fields in (
            {"id": "7", "url": "https://a.example/b"},
            {"url": "https://a.example/b"},
            {},
        )
    ]

    assert guids[:2] == ["7", "https://a.example/b"]
    assert guids[2] == item(read(title="Other"), SOURCE, "article").guid
    assert guids[2] != item(read(text="Other words."), SOURCE, "article").guid


def test_of_html_the_paragraphs_are_kept():
    html = (
        "<h1>Border</h1><script>x()</script><p>Troops &amp; tanks<br>crossed.</p><p>It rained.</p>"
    )

    found = item(read(text=html, format="html"), SOURCE, "article")

    assert found.text.split("\n")[1:] == ["Troops & tanks crossed.", "It rained."]
    assert item(read(text=html), SOURCE, "article").text == html


def test_html_without_text_is_refused():
    with pytest.raises(BadMessage, match="HTML") as refused:
        item(read(text='<p><img src="a1.png"></p>', format="html"), SOURCE, "article")

    assert refused.value.reason is Reason.EMPTY


def test_what_has_no_date_stays_undated():
    found = item(read(), SOURCE, "article")

    assert (found.published_at, found.published_basis) == (None, PublishedBasis.NONE)


@pytest.mark.parametrize(
    ("body", "reason", "says"),
    [
        (b"", Reason.NOT_JSON, "truncated"),
        (b"{", Reason.NOT_JSON, "truncated"),
        (b'{"text": "a"} x', Reason.NOT_JSON, "trailing"),
        (b'{"text": NaN}', Reason.NOT_JSON, "invalid"),
        (b'{"text": "a", "title": -Infinity}', Reason.NOT_JSON, "invalid"),
        (b'{"text": "\xff"}', Reason.NOT_JSON, "not UTF-8"),
        (b'{"text": "\xed\xa0\x80"}', Reason.NOT_JSON, "not UTF-8"),
        (b'{"text": "\\ud800"}', Reason.NOT_JSON, ""),
        (b'{"text": "\\udc00\\ud800"}', Reason.NOT_JSON, "surrogate"),
        (b'{"text": "a\x00b"}', Reason.NOT_JSON, "invalid"),
        (b"null", Reason.WRONG_SHAPE, "object"),
        (b"[]", Reason.WRONG_SHAPE, "object"),
        (b'"text"', Reason.WRONG_SHAPE, "object"),
        (b"[" * 1_000_000, Reason.WRONG_SHAPE, "object"),
        (b'{"text":' + b"[" * 1_000_000, Reason.WRONG_SHAPE, "text: "),
        (b'{"x":' * 100_000, Reason.WRONG_SHAPE, "unknown field x"),
        (b'{"text": 1' + b"0" * 5000 + b"}", Reason.WRONG_SHAPE, "text: "),
        (b'{"text": "a", "text": "b"}', Reason.WRONG_SHAPE, "twice"),
        (b'{"title": "a"}', Reason.WRONG_SHAPE, "text"),
        (b'{"text": null}', Reason.WRONG_SHAPE, "text: "),
        (b'{"text": ""}', Reason.WRONG_SHAPE, "text: "),
        (b'{"text": " \\n\\u200b_***"}', Reason.EMPTY, "text: "),
        (b'{"text": "' + b"a" * 1_000_001 + b'"}', Reason.WRONG_SHAPE, "text: "),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else None,
)  # fmt: skip
def test_what_is_no_article_is_refused_with_its_reason(body, reason, says):
    with pytest.raises(BadMessage) as refused:
        read_article(body)

    assert refused.value.reason is reason
    assert says in refused.value.detail
    assert len(refused.value.detail) < 300


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", "x"),
        ("title", ""),
        ("title", "a\nb"),
        ("title", "a\n"),
        ("title", "a" * 1001),
        ("title", 7),
        ("id", "a\x00b"),
        ("id", "i" * 501),
        ("url", "example.com/a"),
        ("url", "ftp://example.com/a"),
        ("url", "javascript:alert(1)"),
        ("url", "https://"),
        ("url", "https://user:secret@example.com/"),
        ("url", "https://example.com/a b"),
        ("url", "https://example.com/\n"),
        ("url", "https://example.com:99999/"),
        ("url", "https://example.com/" + "a" * 2000),
        ("outlet", "o" * 201),
        ("byline", "b\tc"),
        ("language", "english"),
        ("language", "EN"),
        ("language", "en\n"),
        ("format", "pdf"),
        ("published_at", ""),
        ("published_at", "yesterday"),
        ("published_at", "2025"),
        ("published_at", "2025-02-29"),
        ("published_at", "2025-13-01"),
        ("published_at", "2025-08-12\n"),
        ("published_at", "20250812"),
        ("published_at", "2025-W33-2"),
        ("published_at", "12/08/2025"),
        ("published_at", "2025-08-12 10:30"),
        ("published_at", "2025-08-12T10"),
        ("published_at", "2025-08-12T24:00:00Z"),
        ("published_at", "2025-08-12T10:30:60Z"),
        ("published_at", "2025-08-12T10:30:00+15:00"),
        ("published_at", "0001-01-01T00:00:00+14:00"),
        ("published_at", "２０２５-08-12"),
        ("published_at", 1754994600),
    ],
)
def test_a_field_that_is_wrong_is_named(field, value):
    with pytest.raises(BadMessage, match=field) as refused:
        read(**{field: value})

    assert refused.value.reason is Reason.WRONG_SHAPE
    assert "secret" not in refused.value.detail


@pytest.mark.parametrize(
    ("told", "at", "flags"),
    [
        ("2025-08-12", datetime(2025, 8, 12, 12, tzinfo=UTC), ("day_only",)),
        ("2024-02-29", datetime(2024, 2, 29, 12, tzinfo=UTC), ("day_only",)),
        ("2025-08-12T10:30Z", datetime(2025, 8, 12, 10, 30, tzinfo=UTC), ()),
        ("2025-08-12T10:30:00+05:30", datetime(2025, 8, 12, 5, 0, tzinfo=UTC), ()),
        ("2025-08-12T10:30:00", datetime(2025, 8, 12, 10, 30, tzinfo=UTC), ("zone_assumed",)),
        (
            "2025-08-12T10:30:00.123456789Z",
            datetime(2025, 8, 12, 10, 30, 0, 123456, tzinfo=UTC),
            (),
        ),
    ],
)
def test_a_time_is_read_strictly(told, at, flags):
    found = item(read(published_at=told), SOURCE, "article")

    assert (found.published_at, found.flags) == (at, flags)


@given(st.dates(date(1850, 1, 1), date(2250, 12, 31)))
def test_exactly_the_days_of_1900_to_2199_are_days(day):
    if 1900 <= day.year < 2200:
        assert item(read(published_at=day.isoformat()), SOURCE, "article").published_at
    else:
        with pytest.raises(BadMessage, match="published_at"):
            read(published_at=day.isoformat())


@given(st.from_regex(_PUBLISHED, fullmatch=True).filter(lambda told: not told.endswith("\n")))
def test_what_the_pattern_of_a_time_lets_through_is_a_time(told):
    assert item(read(published_at=told), SOURCE, "article").published_at


@given(st.from_regex(_WEB_ADDRESS, fullmatch=True).filter(lambda url: 12 < len(url) < 2000))
def test_what_the_pattern_of_an_address_lets_through_is_an_address(url):
    if not url.endswith("\n"):
        assert canonical(url)


AGENCIES = agencies()


@pytest.mark.parametrize(
    "text",
    [
        "Троиц",
        "ישראל",
        "العربية",
        "ไทย",
        "ქართული",
        "አማርኛ",
        "한국어",
        "日本",
        "ひらがな",
        "ελληνικά",
        "हिन्दी",
        "Ðơ",
        "7",
    ],
)
def test_an_article_may_be_in_any_script(text):
    assert read(text=text).text == text


def test_every_character_that_lets_a_text_through_is_left_by_cleaning():
    passing = [each for each in map(chr, range(0x10000)) if _WORD.search(each)]

    assert len(passing) > 50_000
    assert [each for each in passing if not clean(each, AGENCIES).text] == []
