from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.address import canonical, same_page, same_site

CANONICAL = [
    # as it came, as it is kept
    ("HTTPS://Example.ORG/World/Talks-Resume", "https://example.org/World/Talks-Resume"),
    ("https://example.org:443/a", "https://example.org/a"),
    ("http://example.org:80/a", "http://example.org/a"),
    ("http://example.org:8080/a", "http://example.org:8080/a"),
    ("https://example.org", "https://example.org/"),
    ("https://example.org/a#top", "https://example.org/a"),
    ("https://example.org/#!/story/5", "https://example.org/#!/story/5"),
    ("  https://example.org/a\n ", "https://example.org/a"),
    ("https://example.org/a\n/b", "https://example.org/a/b"),
    ("https://example.org/x/../y/./z", "https://example.org/y/z"),
    ("https://user:word@example.org/a", "https://example.org/a"),
    ("https://example.org/a?utm_source=rss&utm_medium=feed&id=5", "https://example.org/a?id=5"),
    ("https://example.org/a?fbclid=Iw9&gclid=2&msclkid=3&yclid=1", "https://example.org/a"),
    ("https://example.org/a?at_medium=RSS&at_campaign=KARANGA", "https://example.org/a"),
    ("https://example.org/a?maca=en-rss-en-all-1573-rdf", "https://example.org/a"),
    ("https://example.org/a?source=rss", "https://example.org/a"),
    ("https://example.org/a?ref=rss&partner=feed", "https://example.org/a"),
    # what may name the article stays
    ("https://example.org/story?12345", "https://example.org/story?12345"),
    ("https://example.org/view?cid=AEN20261122", "https://example.org/view?cid=AEN20261122"),
    ("https://example.org/a?gallery=5&reference=7", "https://example.org/a?gallery=5&reference=7"),
    ("https://example.org/a?source=12&uid=4&eid=9", "https://example.org/a?source=12&uid=4&eid=9"),
    ("https://example.org/a?ref=2026-114", "https://example.org/a?ref=2026-114"),
    ("https://example.org/a?q=%EF%F0", "https://example.org/a?q=%EF%F0"),
    ("https://example.org/a?id=&p=", "https://example.org/a?id=&p="),
    ("https://example.org/@user/x;id=5", "https://example.org/@user/x;id=5"),
    ("https://example.org/x;jsessionid=0A1B?id=2", "https://example.org/x?id=2"),
    ("https://example.org/go?url=https://other.org/x", "https://example.org/go?url=https://other.org/x"),
    ("https://web.archive.org/web/2020/https://x.org/y", "https://web.archive.org/web/2020/https://x.org/y"),
    # other scripts
    ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
    ("https://xn--bcher-kva.example/%C3%A4", "https://xn--bcher-kva.example/%C3%A4"),
    ("https://example.org/новости/5", "https://example.org/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8/5"),
    ("https://example.org/a b", "https://example.org/a%20b"),
    ("https://example.org/100%", "https://example.org/100%25"),
    # a cache shows another site's page
    ("https://www-example-org.cdn.ampproject.org/c/s/www.example.org/a", "https://www.example.org/a"),
    ("https://www.google.com/amp/s/www.example.org/a/amp", "https://www.example.org/a/amp"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "kept"), CANONICAL)
def test_an_address_keeps_what_names_the_page_and_nothing_else(url, kept):
    assert canonical(url) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,<p>x",
        "mailto:desk@example.org",
        "ftp://example.org/a",
        "file:///etc/passwd",
        "/a/b",
        "//example.org/a",
        "https://",
        "https://[::1",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://a..b/",
        "https://" + "a" * 70 + ".org/",
        "https://example.org/" + "a" * 5_000,
        "https://exa<mple>.org/",
    ],
)
def test_what_is_no_web_address_is_none(url):
    assert canonical(url) is None


@given(
    st.one_of(
        st.text(),
        st.builds(
            "{}://{}{}/{}?{}#{}".format,
            st.sampled_from(["http", "HTTPS", "https"]),
            st.sampled_from(
                ["example.org", "Bücher.example", "[::1]", "1.2.3.4", "x@y.org", "a.b."]
            ),
            st.sampled_from(["", ":80", ":443", ":8080", ":", ":x"]),
            st.text(),
            st.text(),
            st.text(),
        ),
    )
)
def test_the_canonical_address_of_a_canonical_address_is_itself(url):
    once = canonical(url)

    assert once is None or canonical(once) == once
    assert isinstance(same_page(url), str)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://example.org/a", "https://example.org/a", True),
        ("https://www.example.org/a", "https://example.org/a", True),
        ("https://m.example.org/a", "https://www.example.org/a", True),
        ("https://example.org/a/", "https://example.org/a", True),
        ("https://example.org/a/amp/", "https://example.org/a", True),
        ("https://example.org/a.amp.html", "https://example.org/a.html", True),
        ("https://amp.example.org/a?amp=1", "https://example.org/a", True),
        ("https://example.org/a?outputType=amp", "https://example.org/a", True),
        ("https://example.org/a?x=1&y=2", "https://example.org/a?y=2&x=1", True),
        ("https://example.org/a?id=1", "https://example.org/a?id=2", False),
        ("https://example.org/a", "https://example.org/A", False),
        ("https://example.org/a", "https://news.example.org/a", False),
        ("https://example.org/camp", "https://example.org/c", False),
        ("https://m.org/a", "https://org/a", False),
        ("https://example.org/?12", "https://example.org/?13", False),
    ],
)
def test_spellings_of_one_page_are_one_article_and_others_are_not(one, other, same):
    assert (same_page(one) == same_page(other)) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.example.org/a", "https://example.org/b", True),
        ("https://news.example.org/a", "https://www.example.org/b", True),
        ("https://example.org/a", "https://other.org/a", False),
        ("https://example.org/a", "https://badexample.org/a", False),
        ("https://a.example.org/a", "https://b.example.org/a", False),
        ("https://example.org/", "https://org/", False),
    ],
)
def test_an_address_is_of_the_same_site_or_of_another(one, other, same):
    assert same_site(one, other) is same
