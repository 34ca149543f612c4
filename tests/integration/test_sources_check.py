"""`tocsin sources check` against sites on the loopback: what would be published, and what not."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

import pytest

from services.ingest.sources_command import main
from tests.support.bad_site import RSS, BadSite, moved, ok, status
from tocsin.errors import SettingsError, UsageError

NOW = datetime.now(UTC)
CLASH = (
    "CARACAS - Venezuela moved two armoured brigades to the border with Colombia on Monday, the"
    " defence ministry said, after the neighbour had closed four crossings and recalled its envoy"
    " over what it called a raid on a village in which nobody was hurt but three houses burnt."
)
TALKS = (
    "The foreign ministers of Guyana and Suriname met in Georgetown to speak of the river that both"
    " of their countries claim, and agreed on a commission of eight to draw up maps by next summer,"
    " which neither of the two parliaments has been asked about so far."
)
SIGNED = f"{TALKS.replace('river', 'islands')} The commission has two years, reports EFE."


def entry(title, text, *, at=NOW, guid=None, link=None, summary=False):
    date = f"<pubDate>{format_datetime(at)}</pubDate>" if at else ""
    field = "description" if summary else "content:encoded"
    page = f"<link>{link}</link>" if link else ""
    return (
        f"<item><title>{escape(title)}</title><guid isPermaLink='false'>{guid or title}</guid>"
        f"{page}{date}<{field}>{escape(text)}</{field}></item>"
    )


def feed(*entries, title="The news"):
    return ok(
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>{title}</title><link>http://127.0.0.1/</link>{''.join(entries)}</channel></rss>",
        RSS,
    )


def page(text):
    told = "".join(f"<p>{each}.</p>" for each in text.split(". "))
    return ok(
        "<html><head><title>x</title></head><body><article><h1>x</h1>"
        f"{told}</article></body></html>",
        "text/html",
    )


@pytest.fixture
def site():
    with BadSite() as found:
        yield found


@pytest.fixture
def sources(site, tmp_path, monkeypatch):
    """A sources file of tables that the test names; feeds may be on the loopback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOCSIN_INGEST_HOST_GAP_S", "0")

    def written(*tables):
        text = '[defaults]\nallow = ["127.0.0.0/8"]\n'
        for name, told in tables:
            text += f'\n[[source]]\nname = "{name}"\n{told}\n'
        (tmp_path / "sources.toml").write_text(text)
        return "sources.toml"

    return written


def checked(capsys, *arguments):
    """Exit code, and the objects by the source's name."""
    code = main(["check", *arguments, "--json"])
    lines = capsys.readouterr().out.splitlines()
    return code, {each["name"]: each for each in map(json.loads, lines)}


def test_an_article_is_shown_as_it_would_be_published(site, sources, capsys):
    site.on("/feed", feed(entry("Brigades moved", CLASH), entry("Islands", SIGNED)))
    file = sources(
        (
            "wire",
            f'url = "{site.url("/feed")}"\nfamily = "The Wire"\ntier = "known"\nlanguage = "en"',
        )
    )

    code, found = checked(capsys, file)

    assert code == 0
    wire = found["wire"]
    clash, islands = wire["articles"]
    assert (wire["status"], wire["entries"], wire["thin"]) == ("fresh", 2, 0)
    assert clash["title"] == "Brigades moved"
    assert clash["published_basis"] == "feed"
    assert clash["published_confidence"] > 0.8
    assert abs(datetime.fromisoformat(clash["published_at"]) - NOW) < timedelta(seconds=2)
    assert (clash["counts_as"], clash["tier"], clash["language"]) == ("The Wire", "known", "en")
    assert clash["characters"] > 200
    assert (islands["counts_as"], islands["agency"]) == ("EFE", "EFE")
    assert islands["family"] == "The Wire"


def test_undated_stays_undated_and_a_future_date_is_flagged(site, sources, capsys):
    site.on(
        "/feed",
        feed(
            entry("Talks", TALKS, at=None),
            entry("Brigades", CLASH, at=NOW + timedelta(days=30)),
        ),
    )

    _, found = checked(capsys, sources(("a", f'url = "{site.url("/feed")}"')))

    talks, clash = found["a"]["articles"]
    assert talks["published_at"] is None
    assert talks["published_basis"] == "none"
    assert any("future" in each for each in clash["flags"])


def test_copies_show_between_sources_and_what_is_dropped_says_why(site, sources, capsys):
    site.on("/a", feed(entry("Brigades moved", CLASH), entry("Nothing", "")))
    site.on("/b", feed(entry("Venezuela sends armour", f"By our desk. {CLASH}")))
    site.on("/c", feed(entry("Brigades moved", CLASH, guid="c1")))
    file = sources(
        ("a", f'url = "{site.url("/a")}"\noutlet = "A"'),
        ("b", f'url = "{site.url("/b")}"\noutlet = "B"'),
        ("c", f'url = "{site.url("/c")}"'),
    )

    code, found = checked(capsys, file)

    assert code == 0
    (copy,) = found["b"]["articles"]
    assert (copy["dropped"], copy["copy_of"]) == (None, "a: Brigades moved")
    (same,) = found["c"]["articles"]
    assert same["dropped"] == "the same words as a: Brigades moved"


def test_a_thin_feed_is_read_from_its_pages(site, sources, capsys):
    site.on("/1", page(f"{CLASH} {TALKS}"))
    site.on("/2", status(403))
    site.on(
        "/feed",
        feed(
            entry("Brigades moved", "In short ...", link=site.url("/1"), summary=True),
            entry("Talks held", "Ministers met ...", link=site.url("/2"), summary=True),
        ),
    )

    code, found = checked(capsys, sources(("a", f'url = "{site.url("/feed")}"\noutlet = "A"')))

    one, two = found["a"]["articles"]
    assert code == 0
    assert found["a"]["thin"] == 2
    assert found["a"]["words"] == ["1 of 2 pages read, 1 refused"]
    assert one["characters"] > 400
    assert "summary_only" in two["flags"]


def test_a_source_that_nobody_stands_behind_is_told(site, sources, capsys):
    site.on("/feed", feed(entry("Talks", TALKS)))

    _, found = checked(capsys, sources(("a", f'url = "{site.url("/feed")}"')))

    assert found["a"]["words"][0].startswith("it names no family or outlet")
    assert found["a"]["articles"][0]["counts_as"] is None


def test_one_that_fails_says_why_and_does_not_hold_the_others(site, sources, capsys):
    site.on("/fine", feed(entry("Talks", TALKS)))
    site.on("/new", feed(entry("Brigades", CLASH)))
    site.on("/old", moved(site.url("/new")))
    site.on("/html", ok("<html><body>log in</body></html>", "text/html"))
    site.on("/empty", feed())
    site.on("/away", status(500))
    site.on("/busy", status(429, retry_after="120"))
    names = ("fine", "old", "html", "empty", "away")
    file = sources(
        *((each, f'url = "{site.url(f"/{each}")}"') for each in names),
        ("walled", f'url = "{site.url("/fine?x=1")}"\nauthorization_env = "NO_SUCH"'),
        ("inside", 'url = "http://10.0.0.1/"\nallow = []'),
        ("off", f'url = "{site.url("/fine?x=2")}"\nenabled = false'),
        ("busy", f'url = "{site.url("/busy", "localhost")}"'),
    )

    code, found = checked(capsys, file)

    assert code == 1
    assert {name: each["status"] for name, each in found.items()} == {
        "fine": "fresh",
        "old": "fresh",
        "html": "failing",
        "empty": "empty",
        "away": "failing",
        "walled": "failing",
        "inside": "failing",
        "busy": "failing",
    }
    assert found["old"]["moved_to"] == site.url("/new")
    assert found["html"]["words"][0].startswith("not_a_feed: ")
    assert found["away"]["words"][0].startswith("server_error: ")
    assert found["walled"]["words"][0].startswith("NO_SUCH: ")
    assert found["inside"]["words"][0].startswith("forbidden: ")
    assert found["busy"]["words"][0].startswith("rate_limited: ")


def test_a_limit_bounds_the_entries_that_are_looked_at(site, sources, capsys):
    site.on("/feed", feed(*(entry(f"Talks {n}", f"{TALKS} {n}.") for n in range(30))))

    _, found = checked(capsys, sources(("a", f'url = "{site.url("/feed")}"')), "--limit", "3")

    assert (found["a"]["entries"], found["a"]["looked_at"]) == (30, 3)
    assert [each["title"] for each in found["a"]["articles"]] == ["Talks 0", "Talks 1", "Talks 2"]


@pytest.mark.parametrize(
    ("token", "fine", "words"),
    [
        (None, False, "DESK_TOKEN is not set"),
        ("short", False, "DESK_TOKEN: must have 16 characters or more"),
        ("canary-of-the-tests-1", True, "DESK_TOKEN is set; 50 requests a second"),
    ],
)
def test_of_a_pushing_source_its_variable_is_looked_at(
    sources, monkeypatch, capsys, token, fine, words
):
    if token:
        monkeypatch.setenv("DESK_TOKEN", token)
    file = sources(("desk", 'kind = "push"\ntoken_env = "DESK_TOKEN"'))

    code, found = checked(capsys, file)

    assert code == (0 if fine else 1)
    assert found["desk"]["words"] == [words]


def test_of_a_folder_the_files_that_would_be_taken(sources, tmp_path, capsys):
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "one.txt").write_text(CLASH)
    (folder / "two.txt").write_text("")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "three.txt.part").write_text(TALKS)
    file = sources(
        ("drop", 'kind = "folder"\npath = "drop"\nfamily = "Ours"'),
        ("gone", 'kind = "folder"\npath = "gone"'),
    )

    code, found = checked(capsys, file)

    one, two = found["drop"]["articles"]
    assert code == 1
    assert found["drop"]["fine"]
    assert (one["dropped"], one["counts_as"]) == (None, "Ours")
    assert two["dropped"].startswith("empty: ")
    assert found["drop"]["words"] == ["2 of other kinds are passed over"]
    assert found["gone"]["words"] == ["source gone: gone is not a folder"]


def test_of_a_folder_no_more_is_read_than_is_asked_for(sources, tmp_path, capsys):
    folder = tmp_path / "drop"
    folder.mkdir()
    for number in range(9):
        (folder / f"{number}.txt").write_text(f"{TALKS} This was report {number} on it.")
    file = sources(("drop", 'kind = "folder"\npath = "drop"'))

    code, found = checked(capsys, file, "--limit", "4")

    assert code == 0
    assert found["drop"]["looked_at"] == 4


def test_a_person_gets_a_table_in_which_nothing_of_a_hostile_feed_acts(site, sources, capsys):
    evil = "Brigades \x1b[31m[bold]moved\u202e @everyone"
    site.on(
        "/feed", feed(entry(evil.replace("\x1b", "&#155;"), CLASH), title="News [red]\u200fdaily")
    )

    code = main(["check", sources(("a", f'url = "{site.url("/feed")}"'))])

    out, err = capsys.readouterr()
    assert code == 0
    assert "1 source, 0 failing; 1 article would be published" in out
    assert "[bold]moved @everyone" in out
    assert re.search(r"rss20, 1 of 1 entry, newest \d+[smh] ago, “News \[red\] daily”", out)
    assert all(each.isprintable() for each in out.replace("\n", ""))
    assert err == "1 of 1 asked: a\n"


def test_a_url_by_itself_needs_no_file(site, monkeypatch, capsys):
    monkeypatch.setenv("TOCSIN_INGEST_FETCH_S", "2")

    code, found = checked(capsys, "--url", site.url("/feed"))

    assert code == 1
    assert found["url"]["words"][0].startswith("forbidden: ")  # no file allows the loopback


def test_only_the_named_are_asked_and_those_that_are_off_too(site, sources, capsys):
    site.on("/feed", feed(entry("Talks", TALKS)))
    file = sources(
        ("a", f'url = "{site.url("/feed")}"\nenabled = false'),
        ("b", f'url = "{site.url("/away")}"'),
    )

    code, found = checked(capsys, file, "--only", "a")

    assert (code, list(found)) == (0, ["a"])


def test_misuse_is_told(sources):
    file = sources(("a", 'url = "https://a.example/"'))

    with pytest.raises(UsageError, match="--only: no source 'b'; there are a"):
        main(["check", file, "--only", "b"])
    with pytest.raises(SettingsError, match="url: is not a web address"):
        main(["check", "--url", "ftp://a.example/"])
    with pytest.raises(SystemExit) as end:
        main(["check", file, "--limit", "0"])
    assert end.value.code == 2
