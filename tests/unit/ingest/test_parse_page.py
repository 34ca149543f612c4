from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.parse.page import parse_page
from tocsin.errors import BadMessage, Reason

URL = "https://www.example.org/world/talks-resume?utm_source=rss"
HTML = "text/html; charset=utf-8"
MORNING = datetime(2026, 11, 22, 8, 15, 30, tzinfo=UTC)
EVENING = datetime(2026, 11, 22, 20, 15, 30, tzinfo=UTC)
LINES = [
    "The two governments met on Monday in the border town, officials of both sides said in turn.",
    "Their envoys had not sat in one room since the crossing was closed in the spring of last year.",
    "A spokesman for the foreign ministry called the talks frank and said that they would go on.",
    "Trucks have waited for weeks on both banks of the river, drivers told reporters at the bridge.",
    "The next round is to be held in the capital, though neither side would name a day for it.",
]
TEXT = "\n".join(LINES)
BODY = "".join(f"<p>{line}</p>" for line in LINES)


def page(head: str = "", body: str = BODY, root: str = 'lang="en"') -> bytes:
    return (
        f"<!DOCTYPE html><html {root}><head><meta charset='utf-8'>{head}</head><body>"
        "<nav><a href='/'>Home</a> <a href='/world'>World</a></nav>"
        f"<main><article><h1>Talks resume at the border</h1>{body}</article></main>"
        "<footer>All rights reserved.</footer></body></html>"
    ).encode()


def ld(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f'<script type="application/ld+json">{text}</script>'


ARTICLE = {"@type": "NewsArticle", "headline": "H", "datePublished": "2026-11-22T08:15:30Z"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"%PDF-1.7", Reason.NOT_TEXT),
        (b'{"a": 1}', Reason.NOT_TEXT),
        (b"plain words", Reason.NOT_TEXT),
        (b"\x00" * 500, Reason.NOT_TEXT),
    ],
)
def test_what_is_no_page_is_refused(body, reason):
    with pytest.raises(BadMessage) as caught:
        parse_page(body, HTML, URL)

    assert caught.value.reason is reason


def test_the_text_is_the_articles_paragraphs_and_nothing_else():
    assert parse_page(page(), HTML, URL).text == TEXT


NOISE = [
    "<figure><img src=x><figcaption>A soldier stands guard at the bridge on May 9, 2019.</figcaption></figure>",
    "<div class='wp-caption'><img src=x><p class='wp-caption-text'>A soldier on May 9, 2019.</p></div>",
    "<p class='image-caption'>A soldier stands guard at the bridge on May 9, 2019, before dawn.</p>",
    "<span class='photo-credit'>Ann Lee for the Example Times, taken on May 9, 2019 at the bridge.</span>",
    "<div style='display: none'>Subscribe to our newsletter and read the news of May 9, 2019 first.</div>",
    "<aside><p>Read the news of May 9, 2019 in our archive, which is open to subscribers only.</p></aside>",
    "<amp-img alt='May 9, 2019'></amp-img>",
]  # fmt: skip


@pytest.mark.parametrize("noise", NOISE)
def test_a_caption_is_neither_text_nor_date(noise):
    body = f"<p>{LINES[0]}</p>{noise}" + "".join(f"<p>{line}</p>" for line in LINES[1:])

    found = parse_page(page(body=body), HTML, URL)

    assert "2019" not in found.text
    assert all(line in found.text for line in LINES)
    assert (found.published_at, found.flags) == (None, ())


DATES = [
    # head, body, published, updated, flags
    (ld(ARTICLE), "", MORNING, None, ()),
    (ld([{"@type": "Organization", "foundingDate": "1990-01-01"}, ARTICLE]), "", MORNING, None, ()),
    (ld({"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, ARTICLE]}), "", MORNING, None, ()),
    (ld({"@type": ["ReportageNewsArticle", "Article"], **{k: v for k, v in ARTICLE.items() if k != "@type"}}), "", MORNING, None, ()),
    (ld({**ARTICLE, "dateModified": "2026-11-22T20:15:30Z"}), "", MORNING, EVENING, ()),
    (ld({"@type": "WebPage", "mainEntity": ARTICLE}), "", MORNING, None, ()),
    (ld("<!-- " + json.dumps(ARTICLE) + " -->"), "", MORNING, None, ()),
    (ld("//<![CDATA[\n" + json.dumps(ARTICLE) + "\n//]]>"), "", MORNING, None, ()),
    (ld(json.dumps(ARTICLE)[:-1] + ",}"), "", MORNING, None, ()),
    (ld('{"@type": "NewsArticle", "description": "He said "no"", "datePublished": "2026-11-22T08:15:30Z"}'), "", MORNING, None, ()),
    (ld('{"@type": "NewsArticle", "description": "a\nb", "datePublished": "2026-11-22T08:15:30Z"}'), "", MORNING, None, ()),
    (ld([{**ARTICLE, "datePublished": "2020-01-01", "url": "https://www.example.org/other"}, {**ARTICLE, "mainEntityOfPage": {"@id": "http://example.org/world/talks-resume/#article"}}]), "", MORNING, None, ()),
    (ld({"@type": "VideoObject", "uploadDate": "2026-11-22T08:15:30Z"}), "", None, None, ()),
    (ld({"@type": "ItemList", "itemListElement": [ARTICLE]}), "", None, None, ()),
    (ld("[" * 100_000), "", None, None, ()),
    ("<meta property='article:published_time' content='2026-11-22T08:15:30Z'>", "", MORNING, None, ()),
    ("<meta name='article:published_time' content='2026-11-22T08:15:30Z'>", "", MORNING, None, ()),
    ("<meta name='DC.date.issued' content='2026-11-22'>", "", MORNING.replace(hour=12, minute=0, second=0), None, ("day_only",)),
    ("<meta name='parsely-pub-date' content='2026-11-22T08:15:30Z'>", "", MORNING, None, ()),
    ("<meta name='sailthru.date' content='2026-11-22 08:15:30'>", "", MORNING, None, ("zone_assumed",)),
    ("<meta itemprop='datePublished' content='2026-11-22T08:15:30Z'>", "", MORNING, None, ()),
    ("", "<time itemprop='datePublished' datetime='2026-11-22T08:15:30Z'>today</time>", MORNING, None, ()),
    ("", "<time pubdate datetime='2026-11-22T08:15:30Z'>today</time>", MORNING, None, ()),
    ("", "<time class='entry-date published' datetime='2026-11-22T08:15:30Z'>today</time>", MORNING, None, ()),
    ("", "<time class='entry-date' datetime='2026-11-22T08:15:30Z'>a</time><time class='entry-date' datetime='2026-11-21T08:15:30Z'>b</time>", None, None, ()),
    ("", "<time datetime='2026-11-22T08:15:30Z'>today</time>", None, None, ()),
    ("", "<p>Published on 22 November 2026.</p>", None, None, ()),
    ("<meta property='article:modified_time' content='2026-11-22T20:15:30Z'>", "", EVENING, EVENING, ("updated_only",)),
    ("<meta property='article:published_time' content='soon'><meta property='article:modified_time' content='2026-11-22T20:15:30Z'>", "", None, EVENING, ("bad_date",)),
    (ld({**ARTICLE, "datePublished": "soon"}) + "<meta property='article:published_time' content='2026-11-22T08:15:30Z'>", "", MORNING, None, ()),
    ("", "", None, None, ()),
]  # fmt: skip


@pytest.mark.parametrize(("head", "body", "published", "updated", "flags"), DATES)
def test_a_date_comes_from_metadata_alone(head, body, published, updated, flags):
    found = parse_page(page(head, BODY + body), HTML, URL)

    assert (found.published_at, found.updated_at, found.flags) == (published, updated, flags)


ADDRESSES = [
    ("<link rel='canonical' href='https://www.example.org/world/talks-resume'>", "https://www.example.org/world/talks-resume", ()),
    ("<link rel='canonical' href='/world/talks-resume'>", "https://www.example.org/world/talks-resume", ()),
    ("<link rel='canonical' href='https://example.org/a?utm_medium=x'>", "https://example.org/a", ()),
    ("<meta property='og:url' content='https://news.example.org/a'>", "https://news.example.org/a", ()),
    (ld({**ARTICLE, "mainEntityOfPage": {"@id": "https://www.example.org/a"}}), "https://www.example.org/a", ()),
    ("<link rel='canonical' href='https://other.org/a'>", None, ("canonical_elsewhere",)),
    ("<link rel='canonical' href='https://other.org/a'><meta property='og:url' content='https://www.example.org/a'>", "https://www.example.org/a", ("canonical_elsewhere",)),
    ("<link rel='canonical' href='https://www.example.org/'>", None, ()),
    ("<link rel='canonical' href='javascript:alert(1)'>", None, ()),
    ("<link rel='canonical' href='http://[bad'>", None, ()),
    ("", None, ()),
]  # fmt: skip


@pytest.mark.parametrize(("head", "address", "flags"), ADDRESSES)
def test_a_page_names_its_address_but_not_another_sites(head, address, flags):
    found = parse_page(page(head), HTML, URL)

    assert (found.canonical, found.flags) == (address, flags)


TITLES = [
    ("<meta property='og:title' content='Talks resume | Example Times'><meta property='og:site_name' content='Example Times'>", "Talks resume"),
    ("<meta property='og:title' content='Talks resume at the border - The Example'>", "Talks resume at the border"),
    ("<meta property='og:title' content='Talks &amp;amp; tea'>", "Talks & tea"),
    ("<meta property='og:title' content='Talks - and tea'>", "Talks - and tea"),
    (ld({**ARTICLE, "headline": "Talks go on"}), "Talks go on"),
    ("<title>Something else | Example</title>", "Talks resume at the border"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "title"), TITLES)
def test_the_title_comes_without_the_name_of_the_site(head, title):
    assert parse_page(page(head), HTML, URL).title == title


def test_author_outlet_and_language_are_the_pages_own():
    said = {**ARTICLE, "author": [{"@type": "Person", "name": "Jane Doe"}, {"name": "John Roe"}]}
    head = ld({**said, "publisher": {"@type": "Organization", "name": "Example Times"}})

    found = parse_page(page(head, root='lang="en-GB"'), HTML, URL)

    assert (found.byline, found.outlet, found.language) == (
        "Jane Doe, John Roe",
        "Example Times",
        "en-GB",
    )


@pytest.mark.parametrize(
    ("head", "byline"),
    [
        ("<meta name='author' content='By Jane Doe'>", "Jane Doe"),
        ("<meta property='article:author' content='https://social.example/jane'>", None),
        ("<meta name='author' content='Example'><meta property='og:site_name' content='Example'>", None),
        (ld({**ARTICLE, "author": "Jane Doe"}), "Jane Doe"),
        (ld({**ARTICLE, "author": {"name": ["Jane Doe", "John Roe"]}}), "Jane Doe, John Roe"),
    ],
)  # fmt: skip
def test_a_byline_is_a_person_or_nobody(head, byline):
    assert parse_page(page(head), HTML, URL).byline == byline


def test_a_body_in_json_ld_stands_in_for_a_text_that_is_built_by_scripts():
    said = {**ARTICLE, "articleBody": "\n\n".join(LINES)}

    found = parse_page(page(ld(said), body="<div id=app></div>"), HTML, URL)

    assert found.text == TEXT


def test_a_teaser_before_a_paywall_is_flagged():
    found = parse_page(page(ld({**ARTICLE, "isAccessibleForFree": "False"})), HTML, URL)

    assert found.flags == ("paywall",)


def test_a_page_laid_out_in_tables_has_its_text():
    cells = "".join(f"<p>{line}</p>" for line in LINES)
    body = (
        "<html><body><table><tr><td><a href=x>Home</a></td><td>"
        f"<table><tr><td><b>Talks resume</b>{cells}</td></tr></table></td></tr></table></body></html>"
    )

    text = parse_page(body.encode(), HTML, URL).text

    assert all(line in text for line in LINES)
    assert "Home" not in text


CHARSETS = [
    ("utf-8", "", ""),
    ("windows-1251", "", "<meta charset='windows-1251'>"),
    ("windows-1251", "windows-1251", ""),
    ("windows-1251", "iso-8859-1", "<meta http-equiv='Content-Type' content='text/html; charset=windows-1251'>"),
    ("utf-8", "windows-1251", "<meta charset='windows-1251'>"),
    ("koi8-r", "", "<meta charset='koi8-r'>"),
    ("utf-16", "", ""),
    ("windows-1251", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("charset", "header", "meta"), CHARSETS)
def test_the_bytes_decide_the_charset(charset, header, meta):
    line = "Представители двух правительств встретились в понедельник в приграничном городе."
    body = f"<html><head>{meta}</head><body>{f'<p>{line}</p>' * 6}</body></html>".encode(charset)

    assert line in parse_page(body, f"text/html; charset={header}" if header else "", URL).text


HOSTILE = {
    "nested": "<div>" * 100_000 + BODY,
    "nested spans": "<span>" * 100_000 + BODY,
    "wrongly closed": "<b>" * 100_000 + "</i>" * 100_000 + BODY,
    "tables": "<table><tr><td>" * 30_000 + BODY,
    "cells": "<table>" + "<tr><td>x</td></tr>" * 50_000 + "</table>" + BODY,
    "attributes": "<div " + "a=b " * 100_000 + ">" + BODY,
    "one word": "<p>" + "a" * 1_000_000 + "</p>" + BODY,
    "entities": "&amp;" * 200_000 + BODY,
    "many paragraphs": BODY + "<p>And so it went on for a long while, he said.</p>" * 5_000,
    "brackets": "<" * 200_000 + BODY,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_ends_in_little_time(name):
    begun = time.process_time()

    found = parse_page(page(body=HOSTILE[name]), HTML, URL)

    assert time.process_time() - begun < 10
    assert LINES[0] in found.text


@given(st.binary() | st.text().map(lambda text: page(ld(text), text)))
def test_no_bytes_raise_anything_but_a_bad_message(body):
    with suppress(BadMessage):
        parse_page(body, HTML, URL)
