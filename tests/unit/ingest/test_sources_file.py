from __future__ import annotations

import re
import tomllib

import msgspec
import pycountry
import pytest

from services.ingest.domain.countries import ISO3
from services.ingest.sources.config import FeedSource, FolderSource, PushSource
from services.ingest.sources.file import parse_sources, read_sources
from tests.support.paths import ROOT
from tocsin.errors import SettingsError

FEED = '[[source]]\nname = "wire"\nurl = "https://news.example/feed"\n'
PUSH = '[[source]]\nkind = "push"\nname = "desk"\ntoken_env = "DESK_TOKEN"\n'
FOLDER = '[[source]]\nkind = "folder"\nname = "drop"\npath = "inbox"\n'


def parsed(text):
    return parse_sources(text, "sources.toml")


def test_a_table_with_a_url_is_a_feed_and_has_the_defaults_of_its_kind():
    feed, push, folder = parsed(FEED + PUSH + FOLDER)

    assert feed == FeedSource(name="wire", url="https://news.example/feed")
    assert (feed.interval, feed.longest_interval, feed.page) == ("5m", "1h", "auto")
    assert push == PushSource(name="desk", token_env="DESK_TOKEN")
    assert folder == FolderSource(name="drop", path="inbox")


def test_defaults_reach_the_kinds_that_have_the_field_and_a_source_says_otherwise():
    defaults = '[defaults]\ntier = "known"\nlanguage = "es"\ninterval = "10m"\nburst = 7\n'
    feed, push, folder = parsed(f'{defaults}{FEED}language = "pt"\n{PUSH}{FOLDER}')

    assert (feed.tier, feed.language, feed.interval) == ("known", "pt", "10m")
    assert (push.tier, push.language, push.burst) == ("known", "es", 7)
    assert (folder.tier, folder.language, folder.interval) == ("known", "es", "2s")


def test_two_paths_of_one_host_are_two_feeds():
    assert len(parsed(FEED + FEED.replace("wire", "world").replace("/feed", "/world"))) == 2


def test_a_source_that_is_not_enabled_is_read_too():
    assert [each.enabled for each in parsed(f"{FEED}enabled = false\n")] == [False]


def test_the_countries_are_those_of_iso_3166_and_kosovo():
    assert {each.alpha_3 for each in pycountry.countries} | {"XKX"} == ISO3


def again(url):
    return f'{FEED}\n[[source]]\nname = "other"\nurl = "{url}"\n'


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "no [[source]]"),
        ("[source]\n", 1, "no [[source]]"),
        ("[[sorce]]\n", 1, "no 'sorce' here; sources are [[source]]"),
        ("[[source]\n", None, "line 1"),
        ("source = [1]\n", 1, "source 1: sources are [[source]]"),
        (f"defaults = 1\n{FEED}", 1, "defaults: it is a table, [defaults]"),
        ('[[source]]\nname = "x"\n', 1, "source x: kind: missing; there are feed, push, folder"),
        ('[[source]]\nname = "x"\nkind = "gopher"\n', 3, "source x: kind: no kind 'gopher'"),
        ('[[source]]\nurl = "https://a.example/"\n', 1, "source 1: missing required field `name`"),
        ('[[source]]\nname = "x"\nkind = "push"\n', 1, "missing required field `token_env`"),
        (f'# first\n\n{FEED}langage = "en"\n', 6, "wire: langage: no such field; did you mean lan"),
        (f'{FEED}path = "x"\n', 4, "path: no such field of kind feed; it is of kind folder"),
        (f'{FEED}kind = "folder"\n', 3, "url: no such field of kind folder; it is of kind feed"),
        (FEED.replace("wire", "The Wire"), 2, "name: 'The Wire' is not small letters"),
        (FEED.replace("https", "ftp"), 3, "url: is not a web address"),
        (FEED.replace("https://news.example", "https://[bad"), 3, "url: no web address that can"),
        (f'{FEED}interval = "5 minutes"\n', 4, "interval: '5 minutes' is not a number with its u"),
        (f"{FEED}interval = 300\n", 4, "interval: Expected `str`, got `int`"),
        (f'{FEED}interval = "0s"\n', 4, "interval: at least 1s"),
        (f'{FEED}interval = "2h"\n', 4, "interval: 2h is longer than longest_interval, 1h"),
        (f'{FEED}longest_interval = "60s"\n', 1, "interval: 5m is longer than longest_interval"),
        (f'{FEED}country = "VE"\n', 4, "country: 'VE' is not three capital letters"),
        (f'{FEED}country = "VNE"\n', 4, "country: no country 'VNE'; did you mean "),
        (f'{FEED}language = "English"\n', 4, "language: 'English' is not a language tag"),
        (f'{FEED}tier = "good"\n', 4, "tier: Invalid enum value 'good'"),
        (f'{FEED}page = "yes"\n', 4, "page: Invalid enum value 'yes'"),
        (f'{FEED}family = ""\n', 4, "family: Expected `str` of length >= 1"),
        (f'{FEED}allow = ["10.0.0.0/99"]\n', 4, "allow: '10.0.0.0/99' does not appear"),
        (f'{FEED}allow = "10.0.0.0/8"\n', 4, "allow: Expected `array`"),
        (f"{PUSH}per_s = 0\n", 5, "per_s: Expected `float` > 0"),
        (f'{PUSH}token = "canary"\n', 5, "token: no secret in the file: give token_env"),
        (PUSH.replace("DESK_TOKEN", "canary"), 4, "token_env: is not the name of a variable"),
        (f'{FEED}password = "canary"\n', 4, "password: no secret in the file: give authoriz"),
        (f'{FEED}authorization_env = "Bearer canary"\n', 4, "authorization_env: is not the name"),
        (FEED.replace("news.", "me:canary@news."), 3, "url: no user or password in the file"),
        (FEED.replace("feed", "feed?n=1&api_key=canary"), 3, "url: no secret in the file (api_ke"),
        (FEED.replace("feed", "feed?access-token=canary"), 3, "no secret in the file (access-tok"),
        (f"{FEED}\n{FEED}", 6, "source wire: name: the same as of source wire, line 1"),
        (again("https://news.example/feed"), 7, "url: the same as of source wire, line 1"),
        (again("http://www.News.example:80/feed/"), 7, "url: the same as of source wire, line 1"),
        (again("https://news.example/feed?utm_source=x#top"), 7, "url: the same as of source wi"),
        (f"{PUSH}{PUSH.replace('desk', 'b')}", 8, "token_env: the same as of source desk, line 1"),
        (f"{FOLDER}{FOLDER.replace('drop', 'b')}", 8, "path: the same as of source drop, line 1"),
        (f"[defaults]\nintervall = '5m'\n{FEED}", 2, "defaults: intervall: no default; did you me"),
        (f"[defaults]\nname = 'x'\n{FEED}", 2, "defaults: name: no default"),
        (f"[defaults]\ninterval = 'x'\n{FEED}", 2, "defaults: interval: 'x' is not a number"),
        (f"[defaults]\ncountry = 'VNE'\n{FEED}", 2, "defaults: country: no country 'VNE'"),
        (f"[defaults]\npassword = 'canary'\n{FEED}", 2, "defaults: password: no secret in the"),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_why(text, line, why):
    with pytest.raises(SettingsError) as refused:
        parsed(text)

    assert str(refused.value).startswith(
        f"sources.toml:{line}: " if line is not None else "sources.toml: "
    )
    assert why in str(refused.value)
    assert "canary" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_file_that_is_not_there_or_is_no_text_is_named(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')

    with pytest.raises(SettingsError, match=r"sources file .*none\.toml: No such file"):
        read_sources(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match=r"sources file .*latin\.toml: not UTF-8"):
        read_sources(tmp_path / "latin.toml")


EXAMPLE = ROOT / "deploy/ingest/sources.example.toml"


def test_the_example_is_read_whole_and_has_every_kind():
    found = read_sources(EXAMPLE)

    assert {type(each) for each in found} == {FeedSource, PushSource, FolderSource}
    assert sum(each.enabled for each in found) > 25


@pytest.mark.parametrize("kind", [FeedSource, PushSource, FolderSource])
def test_the_example_names_every_word_of_the_file(kind):
    text = EXAMPLE.read_text()

    words = ["kind", *(each.encode_name for each in msgspec.structs.fields(kind))]
    assert [each for each in words if not re.search(rf"\b{each}\b", text)] == []


def test_the_example_calls_families_as_alert_does_and_weighs_them_alike():
    table = tomllib.loads((ROOT / "services/alert/data/families.toml").read_text())["family"]
    tiers = {each["name"]: each["tier"] for each in table}

    enabled = [each for each in read_sources(EXAMPLE) if each.enabled]
    told = {each.family: each.tier for each in enabled}
    assert {name: tier for name, tier in told.items() if name in tiers} == {
        name: tier for name, tier in tiers.items() if name in told
    }
    assert len(set(told) & set(tiers)) > 15
    # Nobody else is a paper of record, and each source is a family of its own.
    assert {tier for name, tier in told.items() if name not in tiers} <= {
        "known",
        "local",
        "unknown",
    }
    assert len(told) == len(enabled)
