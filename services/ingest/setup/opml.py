"""Subscription lists: OPML 1 and 2, as feed readers write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from lxml import etree

from tocsin.errors import UsageError
from tocsin.text import cut, plain

_MAX_BYTES: Final = 10_000_000
_MAX_FEEDS: Final = 5_000
_LONGEST: Final = 200
# What browsers once gave to feed readers: feed://host/path, feed:https://host/path
_FEED_SCHEME: Final = re.compile(r"(?i)^feed:(//|(?=https?://))")


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A feed that somebody follows, in plain text. `folder`: names of the outlines around it."""

    url: str
    line: int
    title: str = ""
    site: str = ""
    language: str = ""
    folder: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


def subscriptions(data: bytes, name: str) -> list[Subscription]:
    """The feeds of a list in its order.

    Raises:
        UsageError: it is no OPML, it declares entities, or there is too much of it.
    """
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{name}: over {_MAX_BYTES:,} bytes")
    root = _root(data, name)
    body = next((each for each in root if _tag(each) == "body"), None)
    if _tag(root) != "opml" or body is None:
        raise UsageError(f"{name}: no OPML: it needs <opml> with a <body>")
    found: list[Subscription] = []
    for each in _walk(body):
        found.append(each)
        if len(found) > _MAX_FEEDS:
            raise UsageError(f"{name}: more than {_MAX_FEEDS:,} feeds")
    return found


def _root(data: bytes, name: str) -> Any:
    """The document, with nothing looked up and nothing expanded."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise UsageError(f"{name}:{line}: not XML: {plain(error.msg or 'empty')}") from error
    except (ValueError, LookupError) as error:
        raise UsageError(f"{name}: not XML: {error}") from error
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise UsageError(f"{name}: it declares entities, which no subscription list needs")
    return root


def _walk(body: Any) -> Iterator[Subscription]:
    """Every outline with a feed, nested as deep as libxml2 lets it."""
    waiting: list[tuple[Any, tuple[str, ...]]] = [(each, ()) for each in reversed(body)]
    while waiting:
        element, folder = waiting.pop()
        if _tag(element) != "outline":
            continue
        told = {str(key).lower(): value for key, value in element.attrib.items()}
        title = _said(told, "title") or _said(told, "text")
        url = _FEED_SCHEME.sub(_web, told.get("xmlurl", "").strip())
        if url:
            yield Subscription(
                url=url,
                line=element.sourceline or 0,
                title=title,
                site=_said(told, "htmlurl"),
                language=_said(told, "language"),
                folder=folder,
                categories=_categories(told),
            )
        inside = folder if url or not title else (*folder, title)
        waiting += [(each, inside) for each in reversed(element)]


def _web(scheme: re.Match[str]) -> str:
    return "http://" if scheme[1] else ""


def _categories(told: Mapping[str, str]) -> tuple[str, ...]:
    """OPML 2: `/News/World,conflict`, with commas between."""
    parts = (plain(each).strip("/ ") for each in told.get("category", "").split(","))
    return tuple(cut(each, _LONGEST) for each in parts if each)


def _said(told: Mapping[str, str], name: str) -> str:
    return cut(plain(told.get(name, "")), _LONGEST)


def _tag(element: Any) -> str:
    return element.tag.lower() if isinstance(element.tag, str) else ""
