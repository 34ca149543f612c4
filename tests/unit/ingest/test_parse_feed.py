from __future__ import annotations

import socket
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.parse.feed import parse_feed
from services.ingest.parse.raw import MAX_ENTRIES
from tocsin.errors import BadMessage, Reason

URL = "https://example.org/feeds/world.xml"
XML = "application/rss+xml"
MORNING = datetime(2026, 11, 22, 8, 15, 30, tzinfo=UTC)
PARAGRAPH = "The two governments met on Monday in the border town, officials of both sides said."
WHOLE = f"<p>{PARAGRAPH}</p>" * 5


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a parser opened a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def rss(*items: str, channel: str = "", head: str = '<?xml version="1.0"?>') -> bytes:
    spaces = (
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:media="http://search.yahoo.com/mrss/"'
        ' xmlns:atom="http://www.w3.org/2005/Atom"'
        ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
        ' xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"'
    )
    listed = "".join(f"<item>{item}</item>" for item in items)
    return f'{head}<rss version="2.0" {spaces}><channel>{channel}{listed}</channel></rss>'.encode()


def one(item: str, channel: str = ""):
    (entry,) = parse_feed(rss(item, channel=channel), XML, URL).entries
    return entry


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", Reason.EMPTY),
        (b" \n", Reason.EMPTY),
        (b"\x1f\x8b\x08\x00", Reason.NOT_TEXT),
        (b"%PDF-1.7", Reason.NOT_TEXT),
        (b"<!DOCTYPE html><html><body><rss></body></html>", Reason.WRONG_SHAPE),
        (b"<!-- cached --><html lang=en><p>Not found", Reason.WRONG_SHAPE),
        (b"Service unavailable", Reason.WRONG_SHAPE),
        (b"<?xml version='1.0'?><sitemapindex/>", Reason.WRONG_SHAPE),
        (b"\x00" * 1000, Reason.WRONG_SHAPE),
        (b'{"items": []}', Reason.WRONG_SHAPE),
        (b"[1]", Reason.WRONG_SHAPE),
        (b"[" * 200_000, Reason.WRONG_SHAPE),
        (b'{"version": "https://jsonfeed.org/version/1.1"', Reason.WRONG_SHAPE),
    ],
)
def test_what_is_no_feed_is_refused_and_says_so(body, reason):
    with pytest.raises(BadMessage) as caught:
        parse_feed(body, "text/html", URL)

    assert caught.value.reason is reason
    assert reason is Reason.EMPTY or "not a feed" in caught.value.detail


def test_a_feed_without_entries_is_a_feed():
    assert parse_feed(rss(), XML, URL).entries == ()


LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "laugh " * 10}">' for n in range(12)
)
HOSTILE = {
    "billion laughs": rss(
        "<guid>1</guid><title>T &l11;</title>",
        head=f'<?xml version="1.0"?><!DOCTYPE rss [{LAUGHS}]>',
    ),
    "external entity": rss(
        "<guid>1</guid><title>T &x;</title>",
        head='<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ),
    "external parameter entity": rss(
        "<guid>1</guid><title>T</title>",
        head='<?xml version="1.0"?><!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>',
    ),
    "deep xml": rss("<guid>1</guid><title>T</title>" + "<a>" * 200_000 + "</a>" * 200_000),
    "deep xml, open": rss("<guid>1</guid><title>T</title>" + "<a>" * 200_000),
    "deep markup": rss(
        f"<guid>1</guid><title>T</title><description><![CDATA[{'<div>' * 200_000}]]></description>"
    ),
    "nuls": rss("<guid>1</guid><title>T\x00\x01\x1f</title>"),
    "bad references": rss("<guid>1</guid><title>T&#0;&#xFFFFFFFF;&#55296;</title>"),
    "undeclared entity": rss("<guid>1</guid><title>T&nbsp;</title>"),
    "undeclared prefix": rss("<guid>1</guid><title>T</title><x:y>z</x:y>"),
    "stray ampersand": rss("<guid>1</guid><title>T</title><link>https://e.org/?a=1&b=2</link>"),
    "1e6 of one letter": rss(f"<guid>1</guid><title>T</title><description>{'a' * 1_000_000}</description>"),
    "blanks": rss("<guid>1</guid><title>T</title>" + " " * 500_000),
    "blanks before it": b"\n" * 500_000 + rss("<guid>1</guid><title>T</title>"),
    "blanks in its head": rss(
        "<guid>1</guid><title>T</title>",
        head="<?xml version='1.0'?>\n<!DOCTYPE rss [\n" + "\n" * 300_000 + "]>" + "\n" * 300_000,
    ),
    "open comments": rss("<guid>1</guid><title>T &</title>" + "<!--" * 100_000),
    "open declarations": rss("<guid>1</guid><title>T &</title>" + "<!" * 100_000),
    "open tags": rss("<guid>1</guid><title>T &</title>" + "<a " * 100_000),
    "open quotes": rss("<guid>1</guid><title>T &</title>" + "<a b='" * 60_000),
    "half references": rss("<guid>1</guid><title>T &</title>" + "&#" * 100_000),
    "brackets": rss(f"<guid>1</guid><title>T</title><description><![CDATA[{'<' * 500_000}]]></description>"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_feed_gives_its_entry_in_little_time_and_fetches_nothing(name):
    begun = time.process_time()

    feed = parse_feed(HOSTILE[name], XML, URL)

    assert time.process_time() - begun < 5
    assert [entry.guid for entry in feed.entries] == ["1"]
    assert (feed.entries[0].title or "").startswith("T")
    assert "root:" not in (feed.entries[0].title or "")
    assert len(feed.entries[0].title or "") < 1_000


@given(st.binary() | st.text().map(lambda text: rss(f"<title>{text}</title>")))
def test_no_bytes_raise_anything_but_a_bad_message(body):
    try:
        feed = parse_feed(body, XML, URL)
    except BadMessage:
        return

    assert all(entry.guid for entry in feed.entries)


def test_a_feed_of_ten_thousand_entries_is_read_whole():
    items = [f"<guid isPermaLink='false'>{n}</guid><title>T</title>" for n in range(10_000)]

    feed = parse_feed(rss(*items), XML, URL)

    assert [entry.guid for entry in feed.entries] == [str(n) for n in range(10_000)]
    assert feed.flags == ()


def test_a_feed_without_end_is_read_up_to_a_bound_and_flagged():
    feed = parse_feed(rss(*["<guid>1</guid>"] * (MAX_ENTRIES + 1)), XML, URL)

    assert (len(feed.entries), feed.flags) == (MAX_ENTRIES, ("truncated",))


def test_of_a_feed_that_was_cut_off_the_half_entry_is_left():
    whole = rss("<guid>1</guid><title>One</title>", "<guid>2</guid><title>Two of the</title>")

    feed = parse_feed(whole[: whole.index(b"of the")], XML, URL)

    assert [entry.guid for entry in feed.entries] == ["1"]
    assert feed.flags == ("malformed", "truncated")


TITLE = "Президент прибыл в столицу"
CHARSETS = [
    # bytes in, header says, document says
    ("utf-8", "", "utf-8"),
    ("utf-8", "utf-8", None),
    ("utf-8", "ISO-8859-1", None),
    ("utf-8", "windows-1251", "windows-1251"),
    ("utf-8", "", "windows-1251"),
    ("utf-8-sig", "windows-1251", None),
    ("windows-1251", "", "windows-1251"),
    ("windows-1251", "windows-1251", None),
    ("windows-1251", "utf-8", "windows-1251"),
    ("windows-1251", "ISO-8859-1", "windows-1251"),
    ("windows-1251", "windows-1251", "utf-8"),
    ("windows-1251", "no-such-charset", "windows-1251"),
    ("koi8-r", "", "koi8-r"),
    ("utf-16", "", "utf-16"),
    ("utf-16-le", "", "utf-16"),
]


@pytest.mark.parametrize(("charset", "header", "document"), CHARSETS)
def test_the_bytes_decide_between_header_and_document(charset, header, document):
    declared = f' encoding="{document}"' if document else ""
    body = rss(
        f"<guid>1</guid><title>{TITLE}</title><description>{TITLE} утром во вторник</description>",
        head=f'<?xml version="1.0"{declared}?>',
    ).decode()

    feed = parse_feed(body.encode(charset), f"{XML}; charset={header}" if header else XML, URL)

    assert feed.entries[0].title == TITLE


def test_a_few_broken_bytes_do_not_change_the_charset():
    body = rss(f"<guid>1</guid><title>{TITLE}</title><description>{TITLE * 20}</description>")
    broken = body.replace("столицу</title>".encode(), "столиц".encode() + b"\xd1</title>", 1)

    assert "Президент прибыл" in parse_feed(broken, XML, URL).entries[0].title


LINKS = [
    ("<link>https://example.org/a?utm_source=rss</link>", "https://example.org/a"),
    ("<link>/a</link>", "https://example.org/a"),
    ("<link>\n https://example.org/a \n</link>", "https://example.org/a"),
    ("<link><![CDATA[https://example.org/a]]></link>", "https://example.org/a"),
    ("<link>https://example.org/a?x=1&amp;y=2</link>", "https://example.org/a?x=1&y=2"),
    ("<link>javascript:alert(1)</link>", None),
    ("<link>data:text/html,x</link>", None),
    ("<link>javascript:alert(1)</link><guid>https://example.org/g</guid>", "https://example.org/g"),
    ("<guid>https://example.org/g</guid>", "https://example.org/g"),
    ("<guid isPermaLink='true'>https://example.org/g</guid>", "https://example.org/g"),
    ("<guid isPermaLink='false'>https://example.org/g</guid>", None),
    ("<guid>12345</guid>", None),
    ("<link>https://feeds.example.com/~r/x</link><feedburner:origLink>https://example.org/a</feedburner:origLink>", "https://example.org/a"),
    ("<atom:link rel='alternate' href='https://example.org/a'/>", "https://example.org/a"),
    ("<link></link><guid>https://example.org/g</guid>", "https://example.org/g"),
]  # fmt: skip


@pytest.mark.parametrize(("links", "link"), LINKS)
def test_the_link_is_absolute_canonical_and_never_a_script(links, link):
    assert one(f"<title>T</title>{links}").link == link


def test_what_is_too_long_for_a_name_is_cut_or_digested():
    entry = one(
        f"<guid>{'g' * 5_000}</guid><title>{'t ' * 5_000}</title><link>https://e.org/a{' ' * 500_000}x</link>"
    )

    assert len(entry.guid) == 16
    assert len(entry.title or "") == 1_000
    assert entry.link is None


def test_an_entry_is_named_by_its_guid_or_its_link_or_its_title_and_date():
    assert one("<guid>12345</guid><link>https://example.org/a</link>").guid == "12345"
    assert one("<link>https://example.org/a?utm_source=x</link>").guid == "https://example.org/a"
    first = one("<title>T</title><pubDate>Sun, 22 Nov 2026 08:15:30 GMT</pubDate>").guid
    assert first
    assert first != one("<title>U</title><pubDate>Sun, 22 Nov 2026 08:15:30 GMT</pubDate>").guid
    assert first != one("<title>T</title><pubDate>Mon, 23 Nov 2026 08:15:30 GMT</pubDate>").guid


DATES = [
    ("<pubDate>Sun, 22 Nov 2026 08:15:30 GMT</pubDate>", MORNING, None, ()),
    ("<dc:date>2026-11-22T08:15:30Z</dc:date>", MORNING, None, ()),
    ("<atom:updated>2026-11-22T08:15:30Z</atom:updated>", MORNING, MORNING, ("updated_only",)),
    ("<pubDate>soon</pubDate><atom:updated>2026-11-22T08:15:30Z</atom:updated>", None, MORNING, ("bad_date",)),
    ("<pubDate>soon</pubDate><dc:date>2026-11-22T08:15:30Z</dc:date>", MORNING, None, ()),
    ("<pubDate>22 Nov 2026 08:15:30</pubDate>", MORNING, None, ("zone_assumed",)),
    ("<pubDate></pubDate>", None, None, ()),
    ("<atom:updated>soon</atom:updated>", None, None, ("bad_date",)),
    ("", None, None, ()),
]  # fmt: skip


@pytest.mark.parametrize(("dates", "published", "updated", "flags"), DATES)
def test_a_date_is_what_the_entry_says_of_its_publication_or_nothing(
    dates, published, updated, flags
):
    entry = one(f"<guid>1</guid>{dates}")

    assert (entry.published_at, entry.updated_at, entry.flags) == (published, updated, flags)


EXTENTS = [
    (f"<content:encoded><![CDATA[{WHOLE}]]></content:encoded>", False),
    (f"<content:encoded><![CDATA[{WHOLE}<p>More of it [&#8230;]</p>]]></content:encoded>", True),
    (f"<content:encoded><![CDATA[{WHOLE}<p><a href=x>Continue reading</a></p>]]></content:encoded>", True),
    (f"<content:encoded><![CDATA[{WHOLE}<p>The post <a>T</a> appeared first on <a>E</a>.</p>]]></content:encoded>", False),
    ("<content:encoded><![CDATA[<p>Short.</p>]]></content:encoded>", True),
    (f"<description><![CDATA[{WHOLE}]]></description>", True),
    (f"<description><![CDATA[{WHOLE * 4}]]></description>", False),
    (f"<description><![CDATA[{WHOLE * 4}<p>and then …</p>]]></description>", True),
    ("<description>One sentence.</description>", True),
    ("", True),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "is_summary"), EXTENTS)
def test_a_beginning_is_told_from_an_article(texts, is_summary):
    assert one(f"<guid>1</guid><title>T</title>{texts}").is_summary is is_summary


@pytest.mark.parametrize(
    "tail",
    [
        "<p>The post <a>Talks</a> appeared first on <a>Example</a>.</p>",
        "<p><a href=x>Continue reading Talks resume &rarr;</a></p>",
        "<p>Read more...</p>",
        "<p>[&hellip;]</p>",
        "<p>La entrada Talks se publicó primero en Example.</p>",
    ],
)
def test_what_a_feeds_maker_puts_below_an_entry_is_not_its_text(tail):
    assert one(f"<guid>1</guid><description><![CDATA[{WHOLE}{tail}]]></description>").text == (
        "\n".join([PARAGRAPH] * 5)
    )


def test_a_caption_is_not_the_text_even_where_it_is_the_longest():
    entry = one(
        f"<guid>1</guid><description>{PARAGRAPH}</description>"
        "<media:content url='x.jpg' medium='image'>"
        f"<media:description>{'A soldier stands guard. ' * 50}</media:description>"
        f"<media:credit>{'Ann Lee ' * 100}</media:credit><media:text>{'x ' * 900}</media:text>"
        "<media:title>Soldier</media:title></media:content>"
    )

    assert entry.text == PARAGRAPH


def test_a_video_is_described_by_its_own_words_if_there_are_no_others():
    entry = one(
        "<guid>1</guid><title>T</title><media:content url='x.mp4' type='video/mp4'>"
        f"<media:description>{PARAGRAPH}</media:description></media:content>"
    )

    assert entry.text == PARAGRAPH


OUTLETS = [
    ("Talks resume - The Example Times", "The Example Times", "Talks resume"),
    ("Talks resume - again", "The Example Times", "Talks resume - again"),
    ("Talks resume", "The Example Times", "Talks resume"),
]


@pytest.mark.parametrize(("title", "source", "kept"), OUTLETS)
def test_an_aggregators_source_is_the_outlet_and_not_the_titles_end(title, source, kept):
    entry = one(
        f"<title>{title}</title><source url='https://times.example'>{source}</source>"
        f"<description>&lt;a href='x'&gt;{title}&lt;/a&gt;&amp;nbsp;&lt;font&gt;{source}&lt;/font&gt;</description>"
    )

    assert (entry.title, entry.outlet) == (kept, source)


def test_a_description_that_is_the_title_again_is_no_text():
    entry = one(
        "<title>Talks resume - Times</title><source url='https://t.example'>Times</source>"
        "<description>&lt;a href='x'&gt;Talks resume&lt;/a&gt;&amp;nbsp;&amp;nbsp;&lt;font&gt;Times&lt;/font&gt;</description>"
    )

    assert (entry.text, entry.is_summary) == ("", True)


BYLINES = [
    ("<dc:creator>Jane Doe</dc:creator>", "Jane Doe"),
    ("<dc:creator>Jane Doe</dc:creator><dc:creator>John Roe</dc:creator>", "Jane Doe, John Roe"),
    ("<dc:creator>By Jane Doe</dc:creator>", "Jane Doe"),
    ("<author>jane@example.org (Jane Doe)</author>", "Jane Doe"),
    ("<author>Jane Doe &lt;jane@example.org&gt;</author>", "Jane Doe"),
    ("<author>noreply@example.org</author>", None),
    ("<dc:creator>admin</dc:creator>", None),
    ("", None),
]


@pytest.mark.parametrize(("authors", "byline"), BYLINES)
def test_the_byline_is_names_and_no_addresses(authors, byline):
    assert one(f"<guid>1</guid>{authors}").byline == byline


def test_the_language_is_the_entrys_or_else_the_feeds():
    channel = "<language>en_us</language>"

    assert one("<guid>1</guid>", channel).language == "en-US"
    assert one("<guid>1</guid><dc:language>es</dc:language>", channel).language == "es"


@pytest.mark.parametrize(
    ("channel", "ttl_s"),
    [
        ("<ttl>60</ttl>", 3600),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 1800),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", 86_400),
        ("<ttl>soon</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_feed_says_how_long_it_asks_to_be_left(channel, ttl_s):
    assert parse_feed(rss(channel=channel), XML, URL).ttl_s == ttl_s


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("Talks &amp;amp; tea", "Talks & tea"),
        ("They can&amp;apos;t agree", "They can't agree"),
        ("&lt;i&gt;Talks resume", "Talks resume"),
        ("Talks &amp;#8211; day two", "Talks – day two"),
        ("5 &lt; 6", "5 < 6"),
    ],
)
def test_a_title_of_rss_may_be_markup(given, title):
    assert one(f"<guid>1</guid><title>{given}</title>").title == title


def atom(entry: str):
    body = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id>{entry}</entry></feed>'
    (found,) = parse_feed(body.encode(), "application/atom+xml", URL).entries
    return found


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("<summary>Talks &lt;between two&gt; resume.</summary>", "Talks <between two> resume."),
        ("<summary>&lt;p&gt;Talks resume.&lt;/p&gt;</summary>", "Talks resume."),
        ("<summary type='html'>&lt;b&gt;Talks&lt;/b&gt; resume.</summary>", "Talks resume."),
        ("<content type='application/pdf' src='x.pdf'/><summary>Talks.</summary>", "Talks."),
        ("<content type='text'>One.\n\nTwo.</content>", "One.\nTwo."),
    ],
)
def test_plain_text_of_atom_is_plain_unless_its_maker_forgot_to_say(given, text):
    assert atom(given).text == text
