from __future__ import annotations

import gzip
import io
import time
import zipfile
import zlib
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.domain.items import Held, Item, Refused
from services.ingest.sources.files import index, read_all
from services.ingest.sources.formats.detect import Format, detect
from services.ingest.sources.formats.gdelt import day_in
from services.ingest.sources.formats.given import Given
from services.ingest.sources.formats.packed import unzip, unzip_gz
from services.ingest.sources.formats.read import DOCUMENTS, LINES, Unfinished, document, line
from services.ingest.sources.opened import bounded_lines, unpacked
from tests.support.paths import ROOT
from tocsin.errors import BadMessage, Reason
from tocsin.messages import PublishedBasis

SAMPLES = ROOT / "tests" / "unit" / "ingest" / "samples"
NOW = datetime(2025, 9, 1, tzinfo=UTC)
GIVEN = Given(origin="x", name="x", source="s", now=NOW)
SENTENCE = "The two governments met on Monday."


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def found(name):
    """The articles of a sample file in its index's order, and what was refused of it."""
    seen = index([SAMPLES / name], now=NOW)
    return read_all(seen.entries), seen.refused


def one(name):
    (item,), refused = found(name)
    assert not refused
    return item


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "item.newsml.xml",
            {
                "guid": "urn:newsml:wire.example:20250812:N1",
                "title": "Ferry line to the islands opens again",
                "text": "The ferry line to the islands opened again on Tuesday, a year after the storm."
                "\nNew boats\nTwo boats sail each day & carry 300 people.",
                "published_at": utc(2025, 8, 12, 12, 30),
                "outlet": "Example Wire",
                "byline": "Ana Writer",
                "dateline": "Lisbon",
                "language": "en-GB",
                "version": 1,
            },
        ),
        (
            "article.nitf.xml",
            {
                "guid": "exw-20250813-0042",
                "title": "Mine in the north reopens",
                "text": "The mine reopened on Wednesday, its owner said."
                "\nIt had been closed since January 2024.\nEight hundred work there.",
                "published_at": utc(2025, 8, 13, 7, 15),
                "outlet": "The Example Gazette",
                "byline": "José Pérez",
                "dateline": "Mérida",
                "version": 2,
            },
        ),
        (
            "item.newsml1.xml",
            {
                "guid": "wire.example:20250814:TX-77",
                "title": "Harbour to be dredged",
                "text": "The harbour will be dredged in spring.\nWork takes a month.",
                "published_at": utc(2025, 8, 14, 10),
                "outlet": "Example Wire",
                "byline": "Tomás Ortega",
                "dateline": "PORTO",
                "language": "en",
            },
        ),
        (
            "newsletter.eml",
            {
                "guid": "<brief-0813@gazette.example>",
                "title": "Morning brief: the bridge — and the river",
                "text": "The bridge over the river opens today, the café beside it tomorrow. The city"
                " paid for both.\nThe river is low.",
                "published_at": utc(2025, 8, 13, 5, 5),
                "published_basis": PublishedBasis.FEED,
                "outlet": "gazette.example",
                "byline": "The Gazétte",
            },
        ),
        (
            "forward.eml",
            {
                "title": "Ministry statement on the strait",
                "text": "The ministry has read the reports about the strait.",
                "byline": "Press Office",
                "outlet": None,
                "published_at": utc(2025, 8, 13, 12),
                "flags": ("forwarded", "day_only"),
            },
        ),
        (
            "page.eml",
            {
                "title": "Market prices",
                "text": "Prices rose & fell.\nBread costs more.",
                "published_at": None,
                "flags": ("bad_date",),
            },
        ),
    ],
)
def test_a_file_of_a_newsroom_gives_its_article_with_all_it_says_of_itself(name, expected):
    item = one(name)

    assert {field: getattr(item, field) for field in expected} == expected


@pytest.mark.parametrize(
    ("header", "at", "flags"),
    [
        ("Wed, 13 Aug 2025 07:05:00 +0200 (CEST)", utc(2025, 8, 13, 5, 5), ()),
        ("13 Aug 2025 07:05 GMT", utc(2025, 8, 13, 7, 5), ()),
        ("Wed, 13 Aug 2025 07:05:00", None, ("bad_date",)),
        ("yesterday", None, ("bad_date",)),
        ("", None, ()),
    ],
)
def test_a_mail_is_dated_by_a_header_that_names_its_zone_or_not_at_all(header, at, flags):
    (item,) = document(Format.MAIL, f"Subject: x\nDate: {header}\n\nwords".encode(), GIVEN)

    assert (item.published_at, item.flags) == (at, flags)


def test_the_entries_of_a_feed_that_was_saved_are_articles():
    items, refused = found("saved.rss.xml")

    assert not refused
    assert [(i.guid, i.url, i.published_at, i.outlet) for i in items] == [
        ("h1", "https://harbour.example/1", utc(2025, 8, 14, 8), "Harbour News"),
        ("h2", "https://harbour.example/2", None, "Harbour News"),
    ]


def test_of_a_message_with_many_items_the_texts_are_articles_in_their_own_right():
    items, refused = found("message.newsml.xml")

    told = {item.guid: (item.version, item.published_at, item.flags) for item in items}
    assert told == {
        "urn:late": (7, utc(2025, 6, 1, 9), ("late_version",)),
        "urn:story": (2, utc(2025, 8, 12, 15), ()),
        "urn:killed": (3, utc(2025, 8, 12, 15, 40), ("withdrawn",)),
    }
    assert [(type(each), each.error.reason) for each in refused] == [
        (Held, Reason.EMBARGOED),
        (Refused, Reason.EMPTY),
    ]
    assert refused[0].until == utc(2030, 1, 1, 6)


def test_an_item_that_was_killed_says_nothing_of_what_it_said():
    (killed,) = [item for item in found("message.newsml.xml")[0] if item.guid == "urn:killed"]

    assert killed.title is None
    assert killed.text == "Withdrawn by its publisher: urn:killed, version 3."


def test_an_item_is_published_when_its_embargo_ends_not_when_it_was_written():
    data = (SAMPLES / "message.newsml.xml").read_bytes()
    later = Given(origin="x", name="x", source="s", now=utc(2031, 1, 1))

    items = {
        each.guid: each for each in document(Format.NEWSML, data, later) if isinstance(each, Item)
    }

    assert items["urn:embargo"].published_at == utc(2030, 1, 1, 6)


@pytest.mark.parametrize(
    ("name", "rows", "refused"),
    [
        (
            "sample.gkg.csv",
            [
                ("https://daily.example/a", "Talks resume & go on", "daily.example", "en",
                 utc(2025, 8, 12, 14, 15), ("headline_only",)),
                ("https://daily.example/b", "Old and new: a page seen today", "daily.example", "en",
                 None, ("headline_only",)),
                ("https://diario.example/2025/08/11/nota.html", "Vuelven las conversaciones",
                 "diario.example", "es", utc(2025, 8, 11, 12), ("headline_only", "day_only")),
            ],
            ["sample.gkg.csv:4: a page without a title", "sample.gkg.csv:5: not of a web page"],
        ),
        (
            "artlist.json",
            [
                ("https://daily.example/world/2025/08/12/talks-resume.html",
                 "Talks resume, envoy says: U.S. delegation's visit", "daily.example", "en",
                 utc(2025, 8, 12, 12), ("headline_only", "day_only")),
                ("https://diario.example/nota-55", "Vuelven las conversaciones", "diario.example",
                 "es", None, ("headline_only",)),
            ],
            ["artlist.json#3: no web address", "artlist.json#4: Expected `str`, got `int` - at `$.url`"],
        ),
        (
            "artlist.csv",
            [
                ("https://daily.example/a", "Talks resume, envoy says", "daily.example", None, None,
                 ("headline_only",)),
                ("https://diario.example/2025/ago/x", "Prices rise", "diario.example", None, None,
                 ("headline_only",)),
            ],
            [],
        ),
    ],
)  # fmt: skip
def test_what_gdelt_has_seen_is_dated_by_the_page_or_its_address_or_not_at_all(name, rows, refused):
    items, no = found(name)

    said = [(i.url, i.text, i.outlet, i.language, i.published_at, i.flags) for i in items]
    assert sorted(said, key=lambda row: row[0]) == rows
    assert {i.published_basis for i in items if i.published_at} <= {PublishedBasis.PAGE}
    assert [each.error.detail.rsplit("/", 1)[-1] for each in no] == refused


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://a.example/2025/08/12/x", (2025, 8, 12)),
        ("https://a.example/news/2025-8-2-x.html", (2025, 8, 2)),
        ("https://a.example/2025/aug/12/x", (2025, 8, 12)),
        ("https://a.example/20250812/x", (2025, 8, 12)),
        ("https://a.example/x_2025_08_12.html", (2025, 8, 12)),
        ("https://a.example/2025/08/x", None),
        ("https://a.example/2025/13/12/x", None),
        ("https://a.example/2025/02/30/x", None),
        ("https://a.example/article-120250812", None),
        ("https://a.example/2025/08/12/in-2024-05-06-words", None),
        ("https://a.example/x?d=2025/08/12", None),
        ("https://2025-08-12.example/x", None),
    ],
)
def test_an_address_gives_a_day_if_its_path_names_one_in_full_and_no_other(url, day):
    assert day_in(url) == (date(*day) if day else None)


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"\x1f\x8b\x08", "a.txt", Format.GZIP),
        (b"PK\x03\x04", "a.csv", Format.ZIP),
        (b"<nitf>", "a.txt", Format.TEXT),
        (b"[[[", "a.jsonl", Format.LINES),
        (
            b"<?xml version='1.0'?>\n<!-- x --><!DOCTYPE nitf SYSTEM 'x'>\n<nitf>",
            "a.xml",
            Format.NITF,
        ),
        (b"\xef\xbb\xbf<newsMessage xmlns='x'>", "a.xml", Format.NEWSML),
        ("<?xml version='1.0'?><n:newsItem xmlns:n='x'>".encode("utf-16"), "a", Format.NEWSML),
        (b"<NewsML Version='1.2'>", "a.nitf", Format.NEWSML1),
        (b"<html><body>", "a.xml", None),
        (b'{"text": "x"}\n{"text": "y"}\n', "a", Format.LINES),
        (b'{"articles": [', "a.json", Format.LISTED_JSON),
        (b'{\n "text": "x"\n}\n', "a.json", None),
        (b'{"name": "x", "version": "1"}', "package.json", None),
        (b"Received: from x\nFrom: a@b\nSubject: x\n\nhi", "a", Format.MAIL),
        (b"Subject: peace\nand war", "a", None),
        (b"no headers here", "a.eml", Format.MAIL),
        (b"URL,MobileURL,Date,Title\n", "a.csv", Format.LISTED_CSV),
        (b"name,age\n", "a.csv", None),
        (b"", "a.xml", None),
    ],
)
def test_a_format_is_told_by_the_bytes_where_they_say_it(head, name, kind):
    assert detect(head, name) is kind


LAUGHS = (
    '<!DOCTYPE newsItem [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
).encode()
XML = {
    "entities by the billion": LAUGHS + b"<newsItem guid='g'>&a9;</newsItem>",
    "entities by the billion in an attribute": LAUGHS + b"<newsItem guid='&a9;'/>",
    "an entity of another file": b"<!DOCTYPE nitf [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
    b"<nitf><body><body.content><p>a &x;</p></body.content></body></nitf>",
    "entities of another site": b"<!DOCTYPE nitf [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/'> %x;]>"
    b"<nitf><body><body.content><p>a</p></body.content></body></nitf>",
    "a depth of 200,000": b"<nitf>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</nitf>",
    "a text of 16 MB": b"<nitf><p>" + b"x " * 8_000_000 + b"</p></nitf>",
    "21 MB": b"<nitf><p>" + b"<p>x</p>" * 2_700_000 + b"</p></nitf>",
}


@pytest.mark.parametrize("case", XML)
def test_hostile_xml_is_refused_at_once_with_a_clear_line(case):
    began = time.process_time()

    (refused,) = document(detect(XML[case][:60_000], "a.xml"), XML[case], GIVEN)

    assert time.process_time() - began < 1
    assert type(refused) is Refused
    assert refused.error.detail.startswith("x: ")
    assert "\n" not in refused.error.detail


HEADS = b"From: a@b.example\nSubject: s\n"
MAIL = {
    "a header of 2 MB": HEADS + b"Content-Type: text/plain; " + b"a=b; " * 400_000 + b"\n\nhi",
    "brackets in brackets": HEADS + b"Content-Type: " + b"(" * 100_000 + b"\n\nhi",
    "parts in parts": HEADS
    + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(99)
    )
    + b"x\n" * 1_000_000,
    "mails in mails": HEADS + b"Content-Type: message/rfc822\n\n" * 30_000 + b"\nhi",
    "tables in tables": HEADS + b"Content-Type: text/html\n\n" + b"<table><tr><td>" * 150_000,
    "dashes": HEADS + b"\n" + b"-" * 5_000_000,
    "lines of dashes": HEADS + b"\n" + b"--\n" * 500_000,
    "no such charset": HEADS + b"Content-Type: text/plain; charset=\x00\xff\n\nhi",
    "a date of no calendar": HEADS + b"Date: Tue, 99 Foo 99999 99:99:99 +9999\n\nhi",
}


@pytest.mark.parametrize("case", MAIL)
def test_hostile_mail_is_read_or_refused_within_two_seconds(case):
    began = time.process_time()

    (answer,) = document(Format.MAIL, MAIL[case], GIVEN)

    assert time.process_time() - began < 2
    assert isinstance(answer, Item | Refused)


def gz(*members):
    return b"".join(map(gzip.compress, members))


def test_gzip_of_several_members_is_one_file():
    with unzip_gz(io.BytesIO(gz(b"one\n", b"", b"two\n") + b"\0" * 512), "x") as file:
        assert file.read() == b"one\ntwo\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gz(b"\0" * 50_000_000), Reason.TOO_LARGE),
        (gz(gzip.compress(b"x" * 100_000))[:-20], Reason.UNREADABLE),
        (gz(b"x" * 100_000)[:-4] + b"\0\0\0\0", Reason.UNREADABLE),
        (gz(b"x") + b"rubbish", Reason.UNREADABLE),
    ],
)
def test_a_gzip_that_is_a_bomb_cut_or_broken_is_refused(data, reason):
    with pytest.raises(BadMessage) as refusal:
        unzip_gz(io.BytesIO(data), "x")

    assert refusal.value.reason is reason


def test_a_gzip_may_not_outgrow_its_limit_however_well_it_is_packed():
    chance = zlib.compress(bytes(range(256)) * 40)  # little to gain: no ratio would tell
    with pytest.raises(BadMessage, match="over 1000 bytes"):
        unzip_gz(io.BytesIO(gz(chance * 1000)), "x", limit=1000)


def zipped(*names, data=b"{}", **more):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("name", ["a.csv", "../../a.csv", "/etc/a.csv", "..\\a.csv", "x/../a.csv"])
def test_of_a_name_in_a_zip_only_the_last_part_is_read(name):
    found, file = unzip(io.BytesIO(zipped(name, data=b"abc")), "x")

    with file:
        assert (found, file.read()) == ("a.csv", b"abc")


@pytest.mark.parametrize(
    ("data", "reason", "told"),
    [
        (zipped("a", "b"), Reason.WRONG_SHAPE, "2 files"),
        (zipped("a", data=b"\0" * 50_000_000), Reason.TOO_LARGE, "200 times"),
        (zipped("a")[:-10], Reason.UNREADABLE, "before it is over"),
        (zipped(*(f"a{n}" for n in range(3000))), Reason.TOO_LARGE, "too many"),
        (zipped("a").replace(b"a", b"b", 1), Reason.UNREADABLE, "zip"),
    ],
)
def test_a_zip_of_many_files_a_bomb_or_half_of_one_is_refused(data, reason, told):
    with pytest.raises(BadMessage, match=told) as refusal:
        unzip(io.BytesIO(data), "x")

    assert refusal.value.reason is reason


def test_what_is_packed_over_and_over_is_refused():
    with pytest.raises(BadMessage, match="packed over 2 times"):
        unpacked(io.BytesIO(gz(gz(gz(gz(b"{}"))))), "a.jsonl.gz", "x")


def test_packed_feeds_give_the_same_articles_as_the_feed_itself(tmp_path):
    feed = b"".join(b'{"text": "%s %d", "published_at": "2025-08-%02d"}\n' % (SENTENCE.encode(), n, n)
                    for n in range(28, 0, -1))  # fmt: skip
    (tmp_path / "plain.jsonl").write_bytes(feed)
    (tmp_path / "packed.jsonl.gz").write_bytes(gz(feed[:700], feed[700:]))
    (tmp_path / "packed.zip").write_bytes(zipped("feed.jsonl", data=feed))

    files = sorted(tmp_path.iterdir())
    texts = [[each.text for each in read_all(index([file]).entries)] for file in files]

    assert texts[0] == texts[1] == texts[2] == [f"{SENTENCE} {n}" for n in range(1, 29)]


def test_of_half_a_packed_feed_what_is_whole_is_taken_and_the_rest_is_refused(tmp_path):
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gz(b"".join(b'{"id": "%d", "text": "x"}\n' % n for n in range(50_000)))[:-50])

    seen = index([file])

    assert len(seen.entries) > 40_000
    assert isinstance(seen.refused[-1], Unfinished)
    assert "before it is over" in seen.refused[-1].error.detail


@pytest.mark.parametrize(
    ("name", "cut"), [("item.newsml.xml", -10), ("article.nitf.xml", 900), ("artlist.json", -40)]
)
def test_half_a_document_is_told_from_a_broken_one(name, cut):
    data = (SAMPLES / name).read_bytes()[:cut]

    (refused,) = document(detect(data, name), data, GIVEN)

    assert isinstance(refused, Unfinished)


def test_a_line_over_the_limit_is_refused_without_being_held_and_the_next_is_read(monkeypatch):
    monkeypatch.setattr("services.ingest.sources.opened.MAX_LINE_BYTES", 10)
    file = io.BytesIO(b"a\n" + b"b" * 200_000 + b"\n\nc\n" + b"d" * 11)

    lines = list(bounded_lines(file))

    assert lines == [
        (1, 0, 2, b"a\n"),
        (2, 2, 200_001, None),
        (4, 200_004, 2, b"c\n"),
        (5, 200_006, 11, None),
    ]


def test_a_folder_passes_over_files_of_other_kinds_and_a_named_one_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("name,age\n")
    (tmp_path / "page.xml").write_text("<html/>")
    (tmp_path / "a.txt").write_text(SENTENCE)

    folder, file = index([tmp_path]), index([tmp_path / "page.xml"])

    assert (len(folder.entries), folder.refused, folder.ignored) == (1, (), 2)
    assert [each.error.detail for each in file.refused] == [
        f"{tmp_path / 'page.xml'}: in no format that is known"
    ]


ANY = st.one_of(
    st.binary(max_size=2000),
    st.tuples(
        st.sampled_from([p.read_bytes() for p in sorted(SAMPLES.iterdir())]),
        st.integers(0, 4000), st.integers(0, 50), st.binary(max_size=30),
    ).map(lambda t: t[0][: t[1]] + t[3] + t[0][t[1] + t[2] :]),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(data=ANY, kind=st.sampled_from([*DOCUMENTS, *LINES]))
def test_any_bytes_in_any_format_give_articles_or_refusals(data, kind):
    answers = [line(kind, data, GIVEN, 1)] if kind in LINES else list(document(kind, data, GIVEN))

    assert all(isinstance(each, Item | Refused) for each in answers)


@settings(max_examples=100, deadline=None)
@given(data=ANY, wrap=st.sampled_from([bytes, gz, lambda data: gz(data)[:-9], lambda d: zipped("a", data=d)]),
       name=st.sampled_from(["a.xml", "a.jsonl", "a.csv.zip", "a", "a.eml", "a.json.gz", "a.gkg.csv"]))  # fmt: skip
def test_any_file_under_any_name_gives_articles_or_refusals(tmp_path_factory, data, wrap, name):
    file = tmp_path_factory.getbasetemp() / name
    file.write_bytes(wrap(data))

    seen = index([file])

    assert all(isinstance(each, Item | Refused) for each in read_all(seen.entries))
    assert seen.entries or seen.refused or not data.strip() or file.suffix == ".jsonl"
