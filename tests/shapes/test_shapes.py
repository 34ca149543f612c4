"""Feeds and pages of many makers, written in the shape of the real ones, each read whole."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.ingest.parse.feed import parse_feed
from services.ingest.parse.page import parse_page
from services.ingest.parse.result import Feed, FeedEntry, Page

HERE = Path(__file__).parent
ENTRY = {
    "guid": None, "link": None, "title": None, "text": (), "is_summary": True,
    "published_at": None, "updated_at": None, "byline": None, "outlet": None, "language": None,
    "flags": (),
}  # fmt: skip
FEED = {"kind": "", "title": None, "language": None, "ttl_s": None, "flags": ()}
PAGE = {name: value for name, value in ENTRY.items() if name not in ("guid", "link", "is_summary")}
PAGE["canonical"] = None


def shapes(kind: str) -> list[Path]:
    return sorted(HERE.glob(f"{kind}/*.toml"))


def document(expected: Path) -> bytes:
    (found,) = (
        each for each in expected.parent.glob(f"{expected.stem}.*") if each.suffix != ".toml"
    )
    return found.read_bytes()


def told(found: FeedEntry | Page | Feed, names: dict[str, object]) -> dict[str, object]:
    values = {name: getattr(found, name) for name in names}
    if isinstance(values.get("text"), str):
        values["text"] = tuple(values["text"].split("\n")) if values["text"] else ()
    return values


def wanted(given: dict[str, object], defaults: dict[str, object]) -> dict[str, object]:
    unknown = set(given) - set(defaults)
    assert not unknown, f"no such field: {unknown}"
    values = {**defaults, **given}
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
        if isinstance(value, datetime):
            values[name] = value.astimezone(UTC)
    return values


@pytest.mark.parametrize("path", shapes("feeds"), ids=lambda path: path.stem)
def test_a_feed_in_the_shape_of_a_real_one_is_read_right_in_all(path):
    expected = tomllib.loads(path.read_text("utf-8"))

    feed = parse_feed(document(path), expected["content_type"], expected["url"])

    assert told(feed, FEED) == wanted(expected["feed"], FEED)
    assert [told(each, ENTRY) for each in feed.entries] == [
        wanted(each, ENTRY) for each in expected["entries"]
    ]


@pytest.mark.parametrize("path", shapes("pages"), ids=lambda path: path.stem)
def test_a_page_in_the_shape_of_a_real_one_is_read_right_in_all(path):
    expected = tomllib.loads(path.read_text("utf-8"))

    page = parse_page(document(path), expected["content_type"], expected["url"])

    assert told(page, PAGE) == wanted(expected["page"], PAGE)


def test_there_are_forty_shapes_and_more():
    assert len(shapes("feeds")) + len(shapes("pages")) >= 40
