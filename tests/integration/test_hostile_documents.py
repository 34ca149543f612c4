"""Documents made to choke a parser, through the real parsers in the sandbox: the next one is read.

What is cheap must come back whole; what is not may be refused for time or memory, and for nothing
else. Deadlines here are short, so that what hangs does not hang the tests.
"""

from __future__ import annotations

import asyncio

import pytest

from services.ingest.parse.feed import parse_feed
from services.ingest.parse.page import parse_page
from services.ingest.sandbox import Sandbox
from tests.support.bad_feeds import deep, item, rss, text_of
from tocsin.errors import BadMessage, Reason

URL = "https://news.example/a"
STORY = "<article>" + "".join(f"<p>{text_of(part)}</p>" for part in "abcde") + "</article>"
ATTRIBUTES = " ".join(f"a{number}='1'" for number in range(300_000))
TOO_MUCH = (Reason.TIMED_OUT, Reason.CRASHED, Reason.RAISED)


def page(body, head=""):
    return f"<!doctype html><html><head><title>T</title>{head}</head><body>{body}</body></html>"


def in_markup(html):
    return rss(item("a", f"<![CDATA[{html}]]>"), item("b"))


# What comes back, in part of it: None where it may be refused.
PAGES = {
    "1e6 nested divs": (page("<div>" * 1_000_000 + STORY), None),
    "1e6 nested divs, closed": (page("<div>" * 1_000_000 + STORY + "</div>" * 1_000_000), None),
    "300,000 attributes": (
        page(f"<div {' '.join(f'a{n}=1' for n in range(300_000))}>{STORY}"),
        None,
    ),
    "1e6 line breaks": (page(f"<article>{text_of('a')}{'<br>' * 1_000_000}</article>"), None),
    "200,000 links": (page(STORY + "<a href='/x'>more</a> " * 200_000), None),
    "100,000 rows": (page(STORY + f"<table>{'<tr><td>1</td></tr>' * 100_000}</table>"), None),
    "50,000 nested tables": (page(STORY + "<table><tr><td>" * 50_000), None),
    "10 MB": (
        page(f"<article>{''.join(f'<p>{text_of(str(n), 16)}</p>' for n in range(9000))}</article>"),
        None,
    ),
    "a token of 1e6 characters": (page(STORY + f"<p>{'x' * 1_000_000}</p>"), text_of("a")),
    "100,000 emoji": (page(f"{STORY}<p>{'😀' * 100_000}</p>"), text_of("a")),
    "1e6 NUL": (page("\0" * 1_000_000 + STORY), text_of("a")),
    "3 MB of blanks": (page(STORY + " " * 3_000_000), text_of("a")),
    "500,000 comments that do not end": (page(STORY + "<!--" * 500_000), text_of("a")),
    "5 MB of script": (page(f"<script>{'var x=1;' * 600_000}</script>{STORY}"), text_of("a")),
    "metadata 1e6 deep": (
        page(STORY, f"<script type='application/ld+json'>{'[' * 1_000_000}</script>"),
        text_of("a"),
    ),
}
FEEDS = {
    "an entry of 1e6 nested divs": (in_markup("<div>" * 1_000_000), text_of("b")),
    "300,000 attributes": (rss(f"<item {ATTRIBUTES}/>"), None),
    "5 MB of new lines": ("<rss><channel>" + "\n" * 5_000_000, None),
    "100,000 entities": ("<!DOCTYPE rss [" + "<!ENTITY a 'b'>" * 100_000 + "]>" + rss(item("b")), None),
    "1e6 ampersands": (rss(item("a", "&" * 1_000_000), item("b")), None),
    "200,000 elements deep": (deep(), "What b is about"),
    "a token of 1e6 characters": (rss(item("a", "x" * 1_000_000), item("b")), text_of("b")),
    "1e6 angle brackets": (in_markup("<" * 1_000_000), text_of("b")),
    "1e6 blanks": (rss(item("a", "x" + " " * 1_000_000 + "x"), item("b")), text_of("b")),
    "a date of 100,000 digits": (rss(item("a", date="9" * 100_000), item("b")), text_of("b")),
}  # fmt: skip


@pytest.fixture(scope="module")
def loop():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def sandbox():
    found = Sandbox(1, deadline_s=6.0)
    yield found
    found.close()


def read(loop, sandbox, parser, text):
    """What the parser makes of it, or why it is refused."""
    kind = "text/html" if parser is parse_page else "application/rss+xml"

    async def run():
        try:
            return await sandbox.run(parser, text.encode("utf-8"), kind, URL)
        except BadMessage as error:
            return error

    return loop.run(run())


@pytest.mark.parametrize(
    ("parser", "cases", "name"),
    [(parse_page, PAGES, each) for each in PAGES] + [(parse_feed, FEEDS, each) for each in FEEDS],
)
def test_a_hostile_document_costs_itself_alone(loop, sandbox, parser, cases, name):
    text, part = cases[name]

    found = read(loop, sandbox, parser, text)
    honest = read(loop, sandbox, parser, page(STORY) if parser is parse_page else rss(item("b")))

    if isinstance(found, BadMessage):
        assert part is None
        assert found.reason in TOO_MUCH
    elif part is not None:
        texts = [found.text] if parser is parse_page else [each.text for each in found.entries]
        texts += [] if parser is parse_page else [each.title for each in found.entries]
        assert any(part in each for each in texts)
    assert text_of("b") in (honest.text if parser is parse_page else honest.entries[0].text)
