"""`tocsin sources list`: what Redis knows of the feeds, as people and programs are shown it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.ingest.domain.rhythm import Health, Status
from services.ingest.feed_state import Cursor, FeedState
from services.ingest.fetch.result import Trouble
from services.ingest.setup.listing import STATUSES, ago, listed
from services.ingest.sources.file import parse_sources
from services.ingest.sources_command import main
from tocsin import settings
from tocsin.errors import SettingsError, Unavailable, UsageError

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HEALTHY = Health(
    status=Status.FRESH,
    since=NOW - 300 * MINUTE,
    newest=NOW - 30 * MINUTE,
    last_poll=NOW - MINUTE,
    last_ok=NOW - MINUTE,
    next_at=NOW + 4 * MINUTE,
    entries=20,
)
FILE = """
[[source]]
name = "a"
url = "https://a.example/feed"

[[source]]
name = "b"
url = "https://b.example/feed"
"""
REST = """
[[source]]
kind = "push"
name = "desk"
token_env = "DESK"

[[source]]
kind = "folder"
name = "drop"
path = "inbox"

[[source]]
name = "later"
url = "https://later.example/feed"
enabled = false
"""


def health(**said):
    return msgspec.structs.replace(HEALTHY, **said)


def row(found, url="https://a.example/feed"):
    sources = parse_sources(FILE, "sources.toml")[:1]
    cursors = {"a": Cursor(url=url, health=found)} if found else {}
    (only,) = listed(sources, cursors, NOW)
    return only


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        (None, "new", "not asked yet"),
        (HEALTHY, "fresh", ""),
        (health(status=Status.EMPTY, entries=0), "empty", "it answers, and has no entries"),
        (
            health(status=Status.STALE, newest=NOW - timedelta(days=5)),
            "stale",
            "nothing new for 5d (stale_after 3d)",
        ),
        (
            health(status=Status.FAILING, trouble=Trouble.TIMED_OUT, detail="no answer in 30 s"),
            "failing",
            "timed_out: no answer in 30 s",
        ),
        (
            health(moved_to="https://new.example/feed"),
            "fresh",
            "moved for good: url = https://new.example/feed",
        ),
        (health(next_at=NOW - 4 * MINUTE), "fresh", ""),
        (
            health(next_at=NOW - 90 * MINUTE),
            "overdue",
            "due 1h ago and not asked: does ingest run?",
        ),
        (
            health(status=Status.FAILING, trouble=Trouble.TLS, next_at=NOW - 90 * MINUTE),
            "failing",
            "tls; due 1h ago and not asked: does ingest run?",
        ),
    ],
)
def test_a_status_comes_with_the_words_that_explain_it(found, status, words):
    assert (row(found).status, row(found).words) == (status, words)


def test_what_was_found_out_under_another_url_is_not_said_of_this_one():
    assert row(HEALTHY, url="https://old.example/feed").status == "new"


def test_what_is_not_polled_has_no_health():
    found = listed(parse_sources(FILE + REST, "sources.toml"), {}, NOW)

    assert [(each.name, each.status) for each in found] == [
        ("a", "new"),
        ("b", "new"),
        ("desk", "unwatched"),
        ("drop", "unwatched"),
        ("later", "off"),
    ]


def test_every_status_has_its_place():
    assert {each.value for each in Status} < set(STATUSES)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (5400, "1h"), (86_399, "23h"), (90000, "1d")],
)
def test_a_time_is_told_in_its_largest_unit(seconds, shown):
    assert ago(NOW - timedelta(seconds=seconds), NOW) == shown
    assert ago(NOW + timedelta(seconds=seconds), NOW) == shown
    assert ago(None, NOW) == "-"


@pytest.fixture
def file(redis_server, tmp_path, monkeypatch):
    """The sources file, two feeds of which have been polled: `a` is fine, `b` fails."""
    now = datetime.now(UTC)
    state = FeedState(settings.Redis(url=settings.Secret(redis_server.url)), days=30)
    fails = health(
        status=Status.FAILING,
        trouble=Trouble.REFUSED,
        detail="403 \x1b[31mForbidden\u202e",
        failures=7,
        since=now - 3 * MINUTE,
        next_at=now + MINUTE,
    )
    for name, found in (("a", health(next_at=now + MINUTE)), ("b", fails)):
        (lease,) = state.claim([name], 1, now=now, lease_s=60)
        assert state.finish(lease, now, Cursor(url=f"https://{name}.example/feed", health=found))
    state.close()
    monkeypatch.setenv("TOCSIN_REDIS_URL", redis_server.url)
    path = tmp_path / "sources.toml"
    path.write_text(FILE + REST)
    return path


def test_the_worst_stands_first_and_the_terminal_is_safe(file, capsys):
    assert main(["list", str(file)]) == 0

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["SOURCE", "STATUS", "FOR", "ARTICLE", "POLL", "NEXT", "FAILED"]
    assert [each.split()[0] for each in rows] == ["b", "a", "desk", "drop", "later"]
    assert rows[0].split()[:3] == ["b", "failing", "3m"]
    assert "refused: 403 [31mForbidden" in rows[0]
    assert all(each.isprintable() for each in rows)


def test_programs_get_an_object_a_line(file, capsys):
    assert main(["list", str(file), "--json"]) == 0

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["name"] == "b"
    assert rows[0]["failures"] == 7
    assert rows[1]["newest"] == "2026-11-22T11:30:00Z"


@pytest.mark.parametrize(
    ("wanted", "code"), [("failing", 1), ("stale,failing", 1), ("stale", 0), ("stale,empty", 0)]
)
def test_a_script_may_fail_on_a_status(file, wanted, code):
    assert main(["list", str(file), "--fail-on", wanted]) == code


def test_the_file_is_the_services_own_if_none_is_named(file, monkeypatch, capsys):
    monkeypatch.setenv("TOCSIN_INGEST_SOURCES", str(file))

    assert main(["list"]) == 0
    assert "later" in capsys.readouterr().out


def test_misuse_is_told(file, monkeypatch):
    with pytest.raises(SystemExit) as end:
        main(["list", str(file), "--fail-on", "bad"])
    assert end.value.code == 2
    with pytest.raises(UsageError, match="TOCSIN_INGEST_SOURCES"):
        main(["list"])
    with pytest.raises(SettingsError, match="No such file"):
        main(["list", "none.toml"])
    monkeypatch.setenv("TOCSIN_REDIS_URL", "redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable):
        main(["list", str(file)])
