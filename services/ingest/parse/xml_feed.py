"""RSS, RDF and Atom by feedparser's parsers, without its fetching, its dates and its sanitiser.

`feedparser.parse` is not called: it opens what looks like a URL or a file, guesses dates, takes
the caption of a photo for the text of the entry, and spends most of its time on HTML that
`markup.py` reads anyway. Its parsers are kept, for what they know of malformed feeds.
"""

from __future__ import annotations

import io
import re
import xml.sax
from typing import Any, Final

from feedparser.api import LooseFeedParser, StrictFeedParser
from feedparser.sanitizer import replace_doctype

from services.ingest.parse.raw import MAX_ENTRIES, Part, RawEntry, RawFeed, RawText

_DECLARATION: Final = re.compile(r"\s*<\?xml[^>]{0,500}\?>")
_ELEMENT: Final = re.compile(r"<\w")
_BLANKS: Final = re.compile(r"\s{2,}")
_BAD_REFERENCE: Final = re.compile(r"&#(?:[xX]0*([0-9a-fA-F]{1,8})|0*([0-9]{1,8}))[0-9a-fA-F]*;")
_HTML_TYPES: Final = frozenset(
    ["text/html", "application/xhtml+xml", "application/xml", "text/xml"]
)
_END: Final = re.compile(rb"</(?:[\w.-]{1,40}:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_END_BYTES: Final = 2_000  # of a document, in which it has to end; caches and counters write more
_FULL_TEXT: Final = re.compile(r"(?:.*_)?full[-_]?text|turbo_content")
_PERIOD_S: Final = {
    "hourly": 3_600,
    "daily": 86_400,
    "weekly": 604_800,
    "monthly": 2_592_000,
    "yearly": 31_536_000,
}


_DEEPEST: Final = 500  # elements; the deepest of honest feeds, with XHTML in them, are below 60


class _EnoughError(Exception):
    """The feed has more entries than are read, or is nested as none is; `flag` says which."""

    def __init__(self, flag: str) -> None:
        super().__init__(flag)
        self.flag = flag


class _Keeping:
    """What is read otherwise than feedparser does: as it stands, and each element apart."""

    def unknown_starttag(self: Any, tag: str, attributes: list[tuple[str, str]]) -> None:
        if self.depth >= _DEEPEST:
            raise _EnoughError("malformed")
        super().unknown_starttag(tag, attributes)  # type: ignore[misc]
        if tag == "rdf:rdf" and self.lang:  # feedparser looks for it in capitals
            self.feeddata["language"] = self.lang

    def _start_item(self: Any, attributes: dict[str, str]) -> None:
        if len(self.entries) >= MAX_ENTRIES:
            raise _EnoughError("truncated")
        super()._start_item(attributes)  # type: ignore[misc]
        self.pictures = 0
        self.entries[-1]["lang_here"] = self.lang or ""

    _start_entry = _start_item

    def _start_guid(self: Any, attributes: dict[str, str]) -> None:
        self.guidislink = False  # else it is resolved against the feed's address
        self._get_context()["permalink"] = attributes.get("ispermalink", "true").lower() != "false"
        self.push("id", 1)

    _start_id = _start_guid

    def _end_guid(self: Any) -> None:
        self.pop("id")

    _end_id = _end_guid

    def _end_content(self: Any) -> None:
        self.pop_content("content")  # else it is the summary too

    _end_body = _end_xhtml_body = _end_content_encoded = _end_fullitem = _end_content

    def _end_published(self: Any) -> None:
        self.pop("published")

    _end_issued = _end_pubdate = _end_published

    def _end_updated(self: Any) -> None:
        self.pop("updated")

    _end_modified = _end_lastbuilddate = _end_updated

    def _end_created(self: Any) -> None:
        self.pop("created")

    def _end_author(self: Any) -> None:
        name = self.pop("author")  # feedparser cuts addresses out of it, and more than these
        self.inauthor = 0
        authors = self._get_context().get("authors")
        if name and authors and not authors[-1].get("name"):
            authors[-1]["name"] = name

    _end_managingeditor = _end_author

    def _start_dc_date(self: Any, attributes: dict[str, str]) -> None:  # noqa: ARG002
        self.push("dc_date", 1)

    def _end_dc_date(self: Any) -> None:
        self.pop("dc_date")

    def _start_media_content(self: Any, attributes: dict[str, str]) -> None:
        kind = f"{attributes.get('medium', '')} {attributes.get('type', '')}".lower()
        self.pictures = 0 if "video" in kind or "audio" in kind else 1

    def _end_media_content(self: Any) -> None:
        self.pictures = 0

    def _start_media_title(self: Any, attributes: dict[str, str]) -> None:  # noqa: ARG002
        self.push("media_title", 1)

    def _end_media_title(self: Any) -> None:
        self.pop("media_title")

    def _start_media_description(self: Any, attributes: dict[str, str]) -> None:  # noqa: ARG002
        # Below a picture it is its caption; below a video or the entry, what the entry is.
        self.push("media_caption" if self.pictures else "media_description", 1)

    def _end_media_description(self: Any) -> None:
        self.pop("media_caption" if self.pictures else "media_description")


class _Strict(_Keeping, StrictFeedParser):  # type: ignore[misc]
    """Well-formed XML."""

    pictures = 0


class _Loose(_Keeping, LooseFeedParser):  # type: ignore[misc]
    """What is nearly XML."""

    pictures = 0


def read_xml(text: str, url: str) -> RawFeed:
    """The feed in a text; of kind "" and without entries if it is none."""
    declaration = _DECLARATION.match(text)
    text = text[declaration.end() :] if declaration else text.lstrip()
    # feedparser looks for a DOCTYPE with a pattern that is quadratic in blanks.
    root = _ELEMENT.search(text)
    head = _BLANKS.sub("\n", text[: root.start()]) if root else ""
    text = f"<?xml version='1.0' encoding='utf-8'?>\n{head}{text[root.start() if root else 0 :]}"
    data = text.encode("utf-8", "replace")
    version, data, entities = replace_doctype(data)
    parser, flags = _parsed(data, url, entities)
    about = parser.feeddata
    kind = version or parser.version
    entries = [_entry(each, atom=kind.startswith("atom")) for each in parser.entries]
    shared = _authors(about) if kind.startswith("atom") else ()  # RFC 4287, 4.1.2
    for each in entries:
        each.authors = each.authors or shared
    return RawFeed(
        kind=kind,
        entries=entries,
        title=about.get("title", ""),
        language=about.get("language", "") or "",
        ttl_s=_ttl_s(about),
        flags=flags,
    )


def _parsed(data: bytes, url: str, entities: dict[str, str]) -> tuple[Any, tuple[str, ...]]:
    parser: Any = _configured(_Strict(url, None, "utf-8"))
    reader = xml.sax.make_parser()  # noqa: S317 - external entities are off below
    reader.setFeature(xml.sax.handler.feature_namespaces, 1)
    reader.setFeature(xml.sax.handler.feature_external_ges, 0)
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    source = xml.sax.xmlreader.InputSource()
    source.setByteStream(io.BytesIO(data))
    try:
        reader.parse(source)
    except _EnoughError as enough:
        return parser, (enough.flag,)
    except xml.sax.SAXException:
        return _parsed_loosely(data, url, entities)
    return parser, ()


def _parsed_loosely(data: bytes, url: str, entities: dict[str, str]) -> tuple[Any, tuple[str, ...]]:
    parser: Any = _configured(_Loose(url, None, "utf-8", entities))
    try:
        parser.feed(_BAD_REFERENCE.sub(_reference, data.decode("utf-8", "replace")))
    except _EnoughError as enough:
        return parser, tuple(dict.fromkeys(("malformed", enough.flag)))
    # A feed that was cut off ends inside an entry, of which only a part is here.
    if parser.inentry and parser.infeed and len(parser.entries) > 1:
        parser.entries.pop()
        return parser, ("malformed", "truncated")
    whole = _END.search(data[-_END_BYTES:])
    return parser, ("malformed",) if whole else ("malformed", "truncated")


def _configured(parser: Any) -> Any:
    parser.resolve_relative_uris = False
    parser.sanitize_html = False
    return parser


def _reference(found: re.Match[str]) -> str:
    """A reference to a character that no XML text has goes."""
    point = int(found[1], 16) if found[1] else int(found[2])
    whole = point in (9, 10, 13) or 32 <= point < 0xD800 or 0xE000 <= point <= 0x10FFFF
    return found.group() if whole else ""


def _entry(given: Any, *, atom: bool) -> RawEntry:
    get = dict.get  # feedparser's own answers for one key with the value of another
    permalink = get(given, "id", "") if get(given, "permalink", False) else ""
    links = [get(given, key, "") for key in ("feedburner_origlink", "pheedo_origlink", "link")]
    others = (each for each in get(given, "links", ()) if get(each, "rel") in (None, "alternate"))
    links.extend(get(each, "href", "") for each in others)
    title = get(given, "title", "") or get(given, "media_title", "") or ""
    detail = get(given, "title_detail") or {}
    return RawEntry(
        guid=_words(get(given, "id", "")),
        links=tuple(link for link in (*links[:3], permalink, *links[3:]) if isinstance(link, str)),
        title=_words(title),
        title_markup=not atom or get(detail, "type", "text/html") != "text/plain",
        texts=tuple(_texts(given)),
        published=_filled(given, "published", "dc_date", "created"),
        updated=_filled(given, "updated", "dcterms_modified"),
        authors=_authors(given),
        source=_words(get(get(given, "source") or {}, "title", "")),
        language=_words(get(given, "language", "") or get(given, "lang_here", "")),
    )


def _texts(given: Any) -> list[RawText]:
    found = [
        RawText(Part.CONTENT, dict.get(each, "value") or "", _is_markup(each))
        for each in dict.get(given, "content", ())
        if not dict.get(each, "src")
    ]
    for key, value in given.items():
        if isinstance(value, str) and _FULL_TEXT.fullmatch(key):
            found.append(RawText(Part.CONTENT, value))
    summary = dict.get(given, "summary")
    if isinstance(summary, str):
        detail = dict.get(given, "summary_detail") or {}
        found.append(RawText(Part.SUMMARY, summary, _is_markup(detail)))
    media = dict.get(given, "media_description")
    if isinstance(media, str):
        found.append(RawText(Part.MEDIA, media))
    return found


def _is_markup(detail: Any) -> bool:
    return dict.get(detail, "type", "text/html") in _HTML_TYPES


def _filled(given: Any, *keys: str) -> tuple[str, ...]:
    values = [dict.get(given, key) for key in keys]
    return tuple(value for value in values if isinstance(value, str) and value.strip())


def _authors(given: Any) -> tuple[str, ...]:
    names = (dict.get(each, "name") for each in dict.get(given, "authors", ()))
    return tuple(dict.fromkeys(_words(name) for name in names if isinstance(name, str) and name))


def _words(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _ttl_s(about: Any) -> float | None:
    """How long the feed asks to be left: `ttl` in minutes, or an update period and frequency."""
    minutes = _words(dict.get(about, "ttl", ""))
    if minutes.isdecimal() and 0 < int(minutes[:6]) < 100_000:
        return int(minutes) * 60.0
    period = _PERIOD_S.get(_words(dict.get(about, "sy_updateperiod", "")).lower())
    if period is None:
        return None
    times = _words(dict.get(about, "sy_updatefrequency", ""))
    return period / max(1, int(times[:4]) if times.isdecimal() else 1)
