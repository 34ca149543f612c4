"""What an article's page says of itself: title, dates, author, outlet, address; never its text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import msgspec

from services.ingest.domain.address import canonical, same_site
from services.ingest.domain.dates.declared import declared
from services.ingest.parse.json_ld import Said, read_json_ld
from services.ingest.parse.markup import one_line
from services.ingest.parse.names import byline, language_tag

_PUBLISHED: Final = (
    "article:published_time article:published og:article:published_time og:published_time"
    " og:pubdate datepublished publishdate publish-date publish_date publication_date"
    " publication-date publicationdate pubdate pub_date published_time published-date"
    " published_at parsely-pub-date sailthru.date dc.date.issued dcterms.issued dc.issued"
    " dcterms.date dc.date dcterms.created dc.date.created dc.created datecreated"
    " article.published article.created article_date_original cxenseparse:recs:publishtime"
    " bt:pubdate originalpublicationdate analyticsattributes.articledate mediator_published_time"
    " citation_publication_date citation_online_date rnews:datepublished article:create_at"
    " displaydate date.release date"
).split()
_UPDATED: Final = (
    "article:modified_time article:modified og:updated_time og:article:modified_time datemodified"
    " dcterms.modified dc.date.modified article.updated modified_time lastmod last-modified"
    " revised"
).split()
_AUTHORS: Final = (
    "author article:author parsely-author sailthru.author dc.creator dcterms.creator byl"
    " article.author cxenseparse:author citation_author"
).split()
_ENTRY_DATE: Final = re.compile(r"\b(?:dt-published|entry-date|post-date|published)\b")
_SEPARATOR: Final = re.compile(r"\s+[|–—·»:•-]+\s+")
_LONGEST: Final = 500


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What a page says of itself; `said` in JSON-LD."""

    said: Said
    title: str | None = None
    byline: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    canonical: str | None = None
    outlet: str | None = None
    language: str | None = None
    flags: tuple[str, ...] = ()


def read_metadata(tree: Any, url: str) -> Metadata:
    """The metadata of a parsed page that was fetched from `url`."""
    scripts = [each.text or "" for each in tree.iter("script") if "ld+json" in each.get("type", "")]
    said = read_json_ld(scripts, url)
    meta = _meta(tree)
    outlet = one_line(_first(meta, "og:site_name") or said.publisher)[:200] or None
    published, updated, flags = _dates(tree, meta, said)
    address, address_flags = _address(tree, meta, said, url)
    names = said.authors or [name for key in _AUTHORS for name in meta.get(key, ())][:5]
    author = byline(names or _linked_authors(tree))
    return Metadata(
        said=said,
        title=_title(tree, meta, said, outlet),
        byline=None if author == outlet else author,
        published_at=published,
        updated_at=updated,
        canonical=address,
        outlet=outlet,
        language=_language(tree, meta, said),
        flags=(*flags, *address_flags, *(() if said.free else ("paywall",))),
    )


def _meta(tree: Any) -> dict[str, list[str]]:
    """The contents of `meta` elements by name, property or itemprop, in the page's order."""
    found: dict[str, list[str]] = {}
    for each in tree.iter("meta"):
        content = (each.get("content") or "").strip()
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            for key in (each.get(attribute) or "").lower().split():
                if content:
                    found.setdefault(key, []).append(content)
    return found


def _first(meta: dict[str, list[str]], *keys: str) -> str:
    return next((meta[key][0] for key in keys if key in meta), "")


def _dates(
    tree: Any, meta: dict[str, list[str]], said: Said
) -> tuple[datetime | None, datetime | None, tuple[str, ...]]:
    """When it was published and changed, from fields that say so; `updated_only` as in feeds."""
    published = [said.published, *(meta[key][0] for key in _PUBLISHED if key in meta)]
    published.extend(_marked(tree, "datepublished"))
    updated = [said.updated, *(meta[key][0] for key in _UPDATED if key in meta)]
    updated.extend(_marked(tree, "datemodified"))
    readings = [declared(each) for each in published if each.strip()]
    changes = [declared(each) for each in updated if each.strip()]
    change = next((each for each in changes if each.at), None)
    if not readings:
        if change:
            return change.at, change.at, (*change.flags, "updated_only")
        return None, None, ("bad_date",) if changes else ()
    best = next((each for each in readings if each.at), readings[0])
    return best.at, change.at if change else None, best.flags


def _marked(tree: Any, name: str) -> list[str]:
    """Dates of elements that are marked as the page's: by itemprop, `pubdate`, or a class."""
    marked: list[str] = []
    unsure: set[str] = set()
    for each in tree.iter():
        if not isinstance(each.tag, str) or each.tag == "meta":
            continue
        value = each.get("datetime") or each.get("content") or ""
        if not value:
            continue
        kinds = (each.get("itemprop") or "").lower().split()
        is_time = name == "datepublished" and each.tag in ("time", "abbr")
        if name in kinds or (is_time and each.get("pubdate") is not None):
            marked.append(value)
        elif is_time and _ENTRY_DATE.search(each.get("class") or ""):
            unsure.add(value)
    # Lists of other articles carry such classes too.
    return marked or (list(unsure) if len(unsure) == 1 else [])


def _address(
    tree: Any, meta: dict[str, list[str]], said: Said, url: str
) -> tuple[str | None, tuple[str, ...]]:
    """The page's own word on its address. It cannot be another site's, nor the front page's."""
    links = [
        each.get("href") or ""
        for each in tree.iter("link")
        if "canonical" in (each.get("rel") or "").lower().split()
    ]
    flags: tuple[str, ...] = ()
    for given in (*links[:1], _first(meta, "og:url"), said.url):
        if not given:
            continue
        try:
            found = canonical(urljoin(url, given))
        except ValueError:
            continue
        if found is None:
            continue
        if not same_site(found, url):
            flags = ("canonical_elsewhere",)
        elif (
            urlsplit(found).path != "/" or urlsplit(found).query or urlsplit(url).path in ("", "/")
        ):
            return found, flags
    return None, flags


def _title(tree: Any, meta: dict[str, list[str]], said: Said, outlet: str | None) -> str | None:
    heading = next((" ".join(each.itertext()) for each in tree.iter("h1")), "")
    whole = next((each.text or "" for each in tree.iter("title")), "")
    for given in (
        _first(meta, "og:title"),
        said.headline,
        heading,
        _first(meta, "twitter:title"),
        whole,
    ):
        title = _without_site(one_line(given)[:_LONGEST], outlet, heading)
        if title:
            return title
    return None


def _without_site(title: str, outlet: str | None, heading: str) -> str:
    """A title without the name of its site, which stands behind a mark at its end or beginning."""
    heading = one_line(heading)
    parts = list(_SEPARATOR.finditer(title))
    if not parts:
        return title
    first, last = parts[0], parts[-1]
    head, tail = title[: last.start()], title[last.end() :]
    if heading and (head == heading or title[: first.start()] == heading):
        return heading
    if outlet and tail.casefold() == outlet.casefold():
        return _without_site(head, outlet, heading)
    if outlet and title[: first.start()].casefold() == outlet.casefold():
        return title[first.end() :]
    return title


def _linked_authors(tree: Any) -> list[str]:
    found = [
        " ".join(each.itertext())
        for each in tree.iter("a", "span", "p", "div")
        if "author" in (each.get("rel") or "").split() or each.get("itemprop") == "author"
    ]
    return [" ".join(name.split()) for name in found if 0 < len(name) < 100][:5]


def _language(tree: Any, meta: dict[str, list[str]], said: Said) -> str | None:
    root = tree if tree.tag == "html" else next(iter(tree.iter("html")), tree)
    given: Iterable[str] = (
        root.get("lang") or "",
        root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang") or "",
        said.language,
        _first(meta, "og:locale", "content-language", "dc.language", "language"),
    )
    return next(filter(None, map(language_tag, given)), None)
