"""JSON Feed 1.0 and 1.1 (jsonfeed.org)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urljoin

import msgspec

from services.ingest.parse.raw import MAX_ENTRIES, Part, RawEntry, RawFeed, RawText

_VERSIONS: Final = {
    "https://jsonfeed.org/version/1": "json10",
    "https://jsonfeed.org/version/1.1": "json11",
}


def read_json(text: str, url: str) -> RawFeed | None:
    """The feed in a text; None if it is another kind of JSON, or none."""
    try:
        feed = msgspec.json.decode(text.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        return None
    version = _words(feed, "version").replace("http://", "https://").rstrip("/")
    kind = _VERSIONS.get(version) or ("json11" if "jsonfeed.org/" in version else "")
    if not kind:
        return None
    items = [each for each in feed["items"][:MAX_ENTRIES] if isinstance(each, dict)]
    shared = _authors(feed)
    return RawFeed(
        kind=kind,
        entries=[_entry(each, shared, url) for each in items],
        title=_words(feed, "title"),
        language=_words(feed, "language"),
        flags=("truncated",) if len(feed["items"]) > MAX_ENTRIES else (),
    )


def _entry(item: dict[str, Any], shared: tuple[str, ...], url: str) -> RawEntry:
    texts = [
        RawText(Part.CONTENT, _words(item, "content_html")),
        RawText(Part.CONTENT, _words(item, "content_text"), markup=False),
        RawText(Part.SUMMARY, _words(item, "summary"), markup=False),
    ]
    links = [_words(item, "url"), _words(item, "id"), _words(item, "external_url")]
    return RawEntry(
        guid=_words(item, "id"),
        links=tuple(_joined(url, link) for link in links if link and _is_link(link, links[0])),
        title=_words(item, "title"),
        title_markup=False,
        texts=tuple(each for each in texts if each.value),
        published=tuple(filter(None, [_words(item, "date_published")])),
        updated=tuple(filter(None, [_words(item, "date_modified")])),
        authors=_authors(item) or shared,
        language=_words(item, "language"),
    )


def _is_link(link: str, url: str) -> bool:
    """`url` may be relative; an id is a link only if it is written as one."""
    return link is url or link.startswith(("http://", "https://"))


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:
        return ""


def _authors(given: dict[str, Any]) -> tuple[str, ...]:
    listed = given.get("authors")
    authors = listed if isinstance(listed, list) else [given.get("author")]
    names = [_words(each, "name") for each in authors if isinstance(each, dict)]
    return tuple(filter(None, names))


def _words(given: dict[str, Any], key: str) -> str:
    value = given.get(key)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)  # ids that are numbers are common
    return value.strip() if isinstance(value, str) else ""
