"""A feed as its publisher sent it to entries in plain text, strictly dated, with safe links."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from services.ingest.domain.address import canonical
from services.ingest.domain.dates.declared import declared
from services.ingest.parse.charset import decode
from services.ingest.parse.extent import cut_short, is_whole, without_boilerplate
from services.ingest.parse.json_feed import read_json
from services.ingest.parse.markup import is_markup, one_line, paragraphs, plain
from services.ingest.parse.names import byline, language_tag
from services.ingest.parse.raw import Part, RawEntry, RawFeed
from services.ingest.parse.result import Feed, FeedEntry
from services.ingest.parse.xml_feed import read_xml
from tocsin.errors import BadMessage, Reason
from tocsin.messages import digest

_ROOT: Final = re.compile(
    r"<(?:[A-Za-z][\w.-]{0,40}:)?(?:rss|feed|rdf|channel)[\s>/]", re.IGNORECASE
)
_HTML: Final = re.compile(
    r"(?:\s|<\?[^>]{0,500}>|<!--(?:(?!-->).){0,5000}-->)*<(?:!doctype\s+html|html[\s>])",
    re.IGNORECASE | re.DOTALL,
)
_BINARY: Final = (
    b"\x1f\x8b",
    b"%PDF",
    b"PK\x03\x04",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
)
_LONGEST_NAME, _LONGEST_TITLE, _LONGEST_GUID = 200, 1_000, 1_000


def parse_feed(body: bytes, content_type: str, url: str) -> Feed:
    """The feed in `body`, fetched from `url`; nothing is fetched here.

    Raises:
        BadMessage: EMPTY; NOT_TEXT or WRONG_SHAPE with "not a feed" in the detail.
    """
    if not body.strip():
        raise BadMessage(Reason.EMPTY, "an answer of no bytes")
    if body.startswith(_BINARY):
        raise BadMessage(Reason.NOT_TEXT, "a binary file, not a feed")
    raw = _read(decode(body, content_type), url)
    entries = tuple(_entry(each, raw) for each in raw.entries)
    return Feed(
        entries=entries,
        kind=raw.kind or "rss",
        title=one_line(raw.title) or None,
        language=language_tag(raw.language),
        ttl_s=raw.ttl_s,
        flags=raw.flags,
    )


def _read(text: str, url: str) -> RawFeed:
    head = text.lstrip()[:1]
    if head in ("{", "["):
        feed = read_json(text, url)
        if feed is None:
            raise BadMessage(Reason.WRONG_SHAPE, "JSON that is no JSON Feed, not a feed")
        return feed
    if _HTML.match(text):
        raise BadMessage(Reason.WRONG_SHAPE, "an HTML page, not a feed")
    if not _ROOT.search(text):
        raise BadMessage(Reason.WRONG_SHAPE, "neither RSS, Atom nor JSON Feed, not a feed")
    feed = read_xml(text, url)
    if not feed.kind and not feed.entries:
        raise BadMessage(Reason.WRONG_SHAPE, "neither RSS, Atom nor JSON Feed, not a feed")
    return feed


def _entry(raw: RawEntry, feed: RawFeed) -> FeedEntry:
    outlet = one_line(raw.source)[:_LONGEST_NAME] or None
    title = _title(raw, outlet)
    text, is_summary = _text(raw, title, outlet)
    published, updated, flags = _dates(raw)
    link = next(filter(None, map(canonical, filter(None, raw.links))), None)
    return FeedEntry(
        guid=_guid(raw.guid) or link or digest("entry", title or text[:200], *raw.published[:1]),
        link=link,
        title=title,
        text=text,
        is_summary=is_summary,
        published_at=published,
        updated_at=updated,
        byline=byline(raw.authors),
        outlet=outlet,
        language=language_tag(raw.language) or language_tag(feed.language),
        flags=flags,
    )


def _guid(given: str) -> str:
    """What the feed calls the entry, by its digest where it is a text rather than a name."""
    return given if len(given) <= _LONGEST_GUID else digest("guid", given)


def _title(raw: RawEntry, outlet: str | None) -> str | None:
    is_html = raw.title_markup or is_markup(raw.title)
    title = one_line(raw.title) if is_html else " ".join(raw.title.split())
    if outlet and title.casefold().endswith((f" - {outlet}".casefold(), f" | {outlet}".casefold())):
        title = title[: -len(outlet) - 3].rstrip()
    return title[:_LONGEST_TITLE] or None


def _text(raw: RawEntry, title: str | None, outlet: str | None) -> tuple[str, bool]:
    """The longest of an entry's texts, and whether it is only a summary."""
    found: list[tuple[int, Part, str, bool]] = []
    for each in raw.texts:
        is_html = each.markup or is_markup(each.value)
        text = paragraphs(each.value) if is_html else plain(each.value)
        kept = without_boilerplate(text)
        found.append((len(kept), each.part, kept, cut_short(text)))
    full = [each for each in found if each[1] is not Part.MEDIA] or found
    if not full:
        return "", True
    # Of equals the most trusted: many feeds repeat their summary as content.
    longest = max(full, key=lambda each: (each[0], -each[1]))
    _, part, text, cut = longest
    if _says_only(text, title, outlet):
        return "", True
    return text, cut or not is_whole(text, is_content=part is Part.CONTENT)


def _says_only(text: str, title: str | None, outlet: str | None) -> bool:
    """Whether a text is the title again, as aggregators print it with the outlet's name."""
    words = " ".join(text.split())
    if outlet and words.endswith(outlet):
        words = words[: -len(outlet)].rstrip(" -|–—·")
    return not words or words == title


def _dates(raw: RawEntry) -> tuple[datetime | None, datetime | None, tuple[str, ...]]:
    """When it was published and changed. A bad date stays unknown, whatever else is said."""
    updated = declared(raw.updated[0]) if raw.updated else None
    changed = updated.at if updated else None
    if not raw.published:
        if updated is None:
            return None, None, ()
        flags = updated.flags if changed is None else (*updated.flags, "updated_only")
        return changed, changed, flags
    readings = [declared(each) for each in raw.published]
    best = next((each for each in readings if each.at), readings[0])
    return best.at, changed, best.flags
