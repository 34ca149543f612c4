from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from services.ingest.setup.opml import subscriptions
from services.ingest.setup.written import slug, written
from services.ingest.sources.file import parse_sources, read_sources
from services.ingest.sources_command import main
from tocsin.errors import SettingsError, UsageError

LIST = b"""<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0">
  <head><title>What we follow</title></head>
  <body>
    <outline text="Asia">
      <outline text="East">
        <outline type="rss" text="Korea Post" title="The Korea Post" language="en-us"
          xmlUrl="https://korea.example/rss.xml?a=1&amp;b=2" htmlUrl="https://korea.example/"
          category="/World/Asia,conflict"/>
      </outline>
      <outline text="\xe6\x96\xb0\xe8\x81\x9e" xmlURL="https://www.taipei.example/feed"/>
    </outline>
    <outline text="&quot;Top\\Line&quot; &#x202e;News]]" xmlUrl="https://top.example/atom" language="unknown"/>
    <outline text="not a feed" url="https://plain.example/"/>
  </body>
</opml>
"""
BOMB = b"""<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;">
<!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;"><!ENTITY h "&g;&g;&g;&g;&g;&g;&g;&g;">]>
<opml version="2.0"><body><outline text="&h;" xmlUrl="https://a.example/"/></body></opml>"""


def listed(*outlines):
    body = "".join(f"<outline {each}/>" for each in outlines)
    return f'<opml version="1.0"><body>{body}</body></opml>'.encode()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nested_outlines_become_sources_with_where_they_stood():
    made = written(subscriptions(LIST, "list.opml"))

    korea, taipei, top = parse_sources(made.text, "sources.toml")
    assert made.names == ("the-korea-post", "taipei-example", "top-line-news")
    assert korea.url == "https://korea.example/rss.xml?a=1&b=2"
    assert (korea.outlet, korea.language) == ("The Korea Post", "en-us")
    assert "# Asia / East\n# World/Asia, conflict\n# https://korea.example/\n" in made.text
    assert (taipei.outlet, taipei.language) == ("新聞", None)
    assert (top.outlet, top.language) == ('"Top\\Line" News]]', None)
    assert made.skipped == ()


@pytest.mark.parametrize(
    ("outline", "why"),
    [
        ('xmlUrl="https://a.example/feed/"', "the same feed as a-example"),
        ('xmlUrl="http://www.a.example/feed?utm_source=x"', "the same feed as a-example"),
        ('xmlUrl="ftp://a.example/feed"', "url: is not a web address"),
        ('xmlUrl="news.xml"', "url: is not a web address"),
        ('xmlUrl="javascript:alert(1)"', "url: is not a web address"),
        ('xmlUrl="https://[bad/feed"', "url: no web address that can be read"),
        ('xmlUrl="https://me:canary@b.example/"', "url: no user or password in the file"),
        ('xmlUrl="https://b.example/?token=canary"', "url: no secret in the file (token)"),
    ],
)
def test_what_is_no_new_feed_is_skipped_with_a_word(outline, why):
    made = written(subscriptions(listed('xmlUrl="https://a.example/feed"', outline), "list.opml"))

    (skipped,) = made.skipped
    assert skipped.why.startswith(why)
    assert made.names == ("a-example",)


@pytest.mark.parametrize(
    ("told", "url"),
    [
        ("feed://a.example/x", "http://a.example/x"),
        ("feed:https://a.example/x", "https://a.example/x"),
    ],
)
def test_the_scheme_of_old_browsers_is_taken_off(told, url):
    (found,) = subscriptions(listed(f'xmlUrl="{told}"'), "list.opml")

    assert found.url == url


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "list.opml:1: not XML"),
        (b"not xml", "list.opml:1: not XML"),
        (b"<opml><body>\n<outline xmlUrl='a&b'/></body></opml>", "list.opml:2: not XML"),
        (b'<?xml version="1.0" encoding="no-such"?><opml/>', "list.opml:1: not XML"),
        (b"<rss><channel/></rss>", "no OPML"),
        (b"<opml/>", "no OPML"),
        (BOMB, "list.opml"),
        (
            b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///x">]><opml><body>&x;</body></opml>',
            "declares entities",
        ),
        (b"<opml><body>" + b"<outline>" * 5000, "list.opml:1: not XML"),
        (b" " * 10_000_001, "over 10,000,000 bytes"),
        (listed(*['xmlUrl="https://a.example/"'] * 5001), "more than 5,000 feeds"),
    ],
)
def test_what_is_no_list_is_refused_in_one_line(data, why):
    with pytest.raises(UsageError) as refused:
        subscriptions(data, "list.opml")

    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_names_are_unlike_each_other_and_unlike_those_that_are_there():
    there = parse_sources('[[source]]\nname = "asia-news"\nurl = "https://x.example/"\n', "s.toml")
    told = [f'text="News" xmlUrl="https://{each}.example/"' for each in "abc"]

    made = written(subscriptions(listed(*told), "list.opml"), prefix="asia-", there=there)

    assert made.names == ("asia-news-2", "asia-news-3", "asia-news-4")


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, st.from_regex(r"[a-z]{1,8}", fullmatch=True)), max_size=8), TEXTS)
def test_any_list_becomes_a_file_with_each_feed_once(feeds, around):
    root = etree.Element("opml")
    group = etree.SubElement(etree.SubElement(root, "body"), "outline", text=around)
    for title, host in feeds:
        etree.SubElement(group, "outline", text=title, xmlUrl=f"https://{host}.example/rss")
    found = subscriptions(etree.tostring(root), "list.opml")

    made = written(found)

    sources = parse_sources(made.text, "sources.toml") if made.names else []
    assert [each.name for each in sources] == list(made.names)
    assert {each.url for each in sources} == {f"https://{host}.example/rss" for _, host in feeds}
    assert len(sources) + len(made.skipped) == len(feeds)
    again = written(found, there=sources)
    assert again.names == ()
    assert all(each.why.startswith("the same feed as") for each in again.skipped)


@given(TEXTS)
def test_a_name_is_one_that_the_file_takes(title):
    (found,) = subscriptions(listed('xmlUrl="https://a.example/"'), "list.opml")
    name = slug(type(found)(url=found.url, line=1, title=title), "x-")

    assert parse_sources(f'[[source]]\nname = "{name}"\nurl = "https://a.example/"', "s.toml")


def test_the_tables_go_to_standard_output_and_the_words_to_standard_error(folder, capsys):
    (folder / "list.opml").write_bytes(LIST)

    assert main(["import", "list.opml"]) == 0

    out, err = capsys.readouterr()
    assert len(parse_sources(out, "sources.toml")) == 3
    assert err == "3 added, 0 skipped\n"


def test_a_list_comes_by_standard_input_too(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LIST)))

    assert main(["import", "-"]) == 0
    assert len(parse_sources(capsys.readouterr().out, "sources.toml")) == 3


@pytest.mark.parametrize(
    "there",
    [
        "",
        "# ours\n",
        '[defaults]\ntier = "known"\n',
        '[[source]]\r\nname = "a"\r\nurl = "https://a.example/"',
        '# über\n[[source]]\nname = "a"\nurl = "https://a.example/"\n\n',
    ],
)
def test_into_a_file_adds_at_its_end_and_leaves_what_is_there(folder, capsys, there):
    (folder / "list.opml").write_bytes(LIST)
    file = folder / "sources.toml"
    file.write_bytes(there.encode())
    file.chmod(0o640)

    assert main(["import", "list.opml", "--into", "sources.toml"]) == 0
    first = file.read_bytes()
    assert main(["import", "list.opml", "--into", "sources.toml"]) == 0

    assert first.startswith(there.encode())
    assert file.read_bytes() == first
    assert len(read_sources(file)) == (4 if "source" in there else 3)
    assert file.stat().st_mode & 0o777 == 0o640
    out, err = capsys.readouterr()
    assert out == ""
    assert "0 added into sources.toml, 3 skipped" in err
    assert sorted(each.name for each in folder.iterdir()) == ["list.opml", "sources.toml"]


def test_into_a_new_file_makes_it(folder):
    (folder / "list.opml").write_bytes(LIST)

    assert main(["import", "list.opml", "--into", "new.toml"]) == 0
    assert len(read_sources(folder / "new.toml")) == 3


@pytest.mark.parametrize(
    ("there", "why"),
    [
        ('[[source]]\nname = "a"\n', "sources.toml:1: source a: kind: missing"),
        ('[defaults]\ninterval = "2h"\n', "interval: 2h is longer than longest_interval"),
        ("[defaults\n", "line 1"),
    ],
)
def test_a_file_that_would_not_be_read_stays_as_it_is(folder, there, why):
    (folder / "list.opml").write_bytes(LIST)
    (folder / "sources.toml").write_text(there)

    with pytest.raises(SettingsError, match=why):
        main(["import", "list.opml", "--into", "sources.toml"])

    assert (folder / "sources.toml").read_text() == there


def test_a_list_without_a_feed_is_a_failure(folder, capsys):
    (folder / "list.opml").write_bytes(listed('text="nothing"'))

    assert main(["import", "list.opml"]) == 1
    assert "no feed in it" in capsys.readouterr().err


def test_a_file_that_is_not_there_and_a_bad_prefix_are_misuse(folder):
    with pytest.raises(UsageError, match=r"none\.opml: No such file"):
        main(["import", "none.opml"])
    with pytest.raises(SystemExit) as end:
        main(["import", "none.opml", "--name-prefix", "Asia "])
    assert end.value.code == 2


def test_words_of_a_hostile_list_cannot_reach_the_terminal(folder, capsys):
    (folder / "list.opml").write_bytes(
        listed('text="&#x9b;31m &#x202e;red" xmlUrl="ftp://a.example/"')
    )

    main(["import", "list.opml"])

    err = capsys.readouterr().err
    assert "skipped 31m red: url: is not a web address" in err
    assert all(each.isprintable() for each in err.replace("\n", ""))
