"""What a page says of itself in JSON-LD (schema.org), of which much is broken."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from services.ingest.domain.address import same_page

_ARTICLE: Final = re.compile(r"(?:\w*Article|\w*Posting|Report|OpinionPiece|PressRelease)")
_PAGE: Final = re.compile(r"(?:Web|Item|About)Page|CreativeWork")
_OPENING: Final = re.compile(r"\s*(?:<!--|(?://)?\s*<!\[CDATA\[|/\*[^*]{0,80}\*/)\s*")
_CLOSING: Final = re.compile(r"(?:-->|(?://)?\s*\]\]>|/\*[^*]{0,80}\*/)?\s*;?\s*$")
_TRAILING_COMMA: Final = re.compile(r",(?=\s*[}\]])")
_FIELD: Final = r"\"{}\"\s*:\s*\"([^\"\\]{{4,300}})\""
_DEEPEST: Final = 6  # of what is looked into, not of the JSON
_MOST: Final = 2_000  # objects
_INSIDE: Final = ("@graph", "mainEntity", "mainEntityOfPage", "article")  # never lists of others


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What JSON-LD says of the article on its page; "" and () for what it does not."""

    headline: str = ""
    body: str = ""
    published: str = ""
    updated: str = ""
    authors: tuple[str, ...] = ()
    publisher: str = ""
    language: str = ""
    url: str = ""
    free: bool = True


def read_json_ld(scripts: Iterable[str], url: str = "") -> Said:
    """What the article's object says, else the page's; broken JSON is read for its dates.

    Of several articles that of `url` is the page's, else the first with a date.
    """
    articles: list[dict[str, Any]] = []
    pages: list[dict[str, Any]] = []
    broken: list[str] = []
    for script in scripts:
        try:
            found = list(_objects(_loaded(script), 0))
        except (ValueError, RecursionError):
            broken.append(script)
            continue
        for each in found[:_MOST]:
            kinds = _kinds(each)
            if any(_ARTICLE.fullmatch(kind) for kind in kinds):
                articles.append(each)
            elif any(_PAGE.fullmatch(kind) for kind in kinds):
                pages.append(each)
    page = same_page(url)
    articles.sort(
        key=lambda each: (same_page(_address(each)) != page, not each.get("datePublished"))
    )
    said = [_said(each) for each in (*articles[:1], *pages[:1])]
    said.extend(_said_brokenly(each) for each in broken)
    return _merged(said)


def _loaded(script: str) -> Any:
    opening = _OPENING.match(script)
    text = script[opening.end() :] if opening else script
    closing = _CLOSING.search(text, max(0, len(text) - 100))
    text = text[: closing.start()] if closing else text
    try:
        return json.loads(text, strict=False)
    except ValueError:
        return json.loads(_TRAILING_COMMA.sub("", text), strict=False)


def _objects(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value[:_MOST]:
            yield from _objects(each, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key in _INSIDE:
            if isinstance(value.get(key), (dict, list)):
                yield from _objects(value[key], depth + 1)


def _kinds(value: dict[str, Any]) -> list[str]:
    kinds = value.get("@type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    return [each.rpartition("/")[2] for each in listed if isinstance(each, str)]


def _address(value: dict[str, Any]) -> str:
    page = value.get("mainEntityOfPage")
    told = _words(page.get("@id") if isinstance(page, dict) else page)
    return told or _words(value.get("url")) or _words(value.get("@id"))


def _said(value: dict[str, Any]) -> Said:
    return Said(
        headline=_words(value.get("headline") or value.get("name")),
        body=value["articleBody"] if isinstance(value.get("articleBody"), str) else "",
        published=_words(value.get("datePublished")),
        updated=_words(value.get("dateModified")),
        authors=tuple(_names(value.get("author"))),
        publisher=next(iter(_names(value.get("publisher"))), ""),
        language=_words(value.get("inLanguage")),
        url=_address(value),
        free=str(value.get("isAccessibleForFree", True)).lower() != "false",
    )


def _said_brokenly(script: str) -> Said:
    """Of JSON that cannot be read the fields that stand in it once."""
    if not re.search(r"\"@type\"\s*:\s*\[?\s*\"\w*(?:Article|Posting|Report)\"", script):
        return Said()
    fields: dict[str, str] = {}
    for name in ("headline", "datePublished", "dateModified"):
        values = set(re.findall(_FIELD.format(name), script))
        if len(values) == 1:
            fields[name] = html.unescape(values.pop())
    return Said(
        headline=fields.get("headline", ""),
        published=fields.get("datePublished", ""),
        updated=fields.get("dateModified", ""),
    )


def _merged(said: list[Said]) -> Said:
    """The first that says something on each point."""
    whole: dict[str, Any] = {}
    for each in reversed(said):
        for field in Said.__struct_fields__:
            if getattr(each, field):
                whole[field] = getattr(each, field)
    return Said(**{**whole, "free": all(each.free for each in said)})


def _names(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            name = each.get("name")
            yield from (_words(one) for one in (name if isinstance(name, list) else [name]) if one)
        elif isinstance(each, str) and not each.startswith(("http:", "https:")):
            yield _words(each)


def _words(value: Any) -> str:
    return html.unescape(value).strip() if isinstance(value, str) else ""
