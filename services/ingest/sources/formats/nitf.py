"""NITF 3.x: an article with its headline, byline, dateline and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from services.ingest.domain.items import Item, Refused
from services.ingest.sources.formats.given import Given
from services.ingest.sources.formats.managed import Management, issued
from services.ingest.sources.formats.prose import paragraphs
from services.ingest.sources.formats.tree import at, attribute, children, parse, words
from tocsin.errors import BadMessage, Reason

_BY: Final = re.compile(r"^(?:by|par|por|von)\s+", re.IGNORECASE)


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What the body of an NITF document says."""

    text: str
    title: str | None = None
    byline: str | None = None
    dateline: str | None = None
    distributor: str | None = None
    story_date: str | None = None


def items(data: bytes, given: Given) -> Iterator[Item | Refused]:
    """The one article of a document.

    Raises:
        BadMessage: it is no NITF, or has no text.
    """
    root = parse(data, given.origin)
    found = body(root)
    if not found.text:
        raise BadMessage(Reason.EMPTY, f"{given.origin}: an NITF document without text")
    docdata, pubdata = at(root, "head", "docdata"), at(root, "head", "pubdata")
    told = Management(
        guid=attribute(at(docdata, "doc-id"), "id-string") or given.name,
        version=attribute(at(docdata, "du-key"), "version"),
        status=attribute(docdata, "management-status"),
        first_at=attribute(at(docdata, "date.issue"), "norm")
        or found.story_date
        or attribute(pubdata, "date.publication"),
        embargo=attribute(at(docdata, "date.release"), "norm"),
    )
    item = Item(
        guid=told.guid,
        source=given.source,
        origin=given.origin,
        text=found.text,
        title=found.title or words(at(root, "head", "title")),
        outlet=attribute(pubdata, "name") or found.distributor,
        byline=found.byline,
        dateline=found.dateline,
        language=attribute(at(root, "body"), "lang") or attribute(root, "lang"),
    )
    yield issued(item, told, given)


def body(root: Any) -> Body:
    """The words of an NITF document, or of one inside another document."""
    head, content = at(root, "body", "body.head"), at(root, "body", "body.content")
    hedline = at(head, "hedline")
    headline = at(hedline, "hl1")
    lines = paragraphs(content) if content is not None else []
    return Body(
        text="\n".join(lines),
        title=words(headline if headline is not None else hedline),
        byline=_byline(head),
        dateline=place(words(at(head, "dateline", "location")) or words(at(head, "dateline"))),
        distributor=words(at(head, "distributor")),
        story_date=attribute(at(head, "dateline", "story.date"), "norm"),
    )


def place(dateline: str | None) -> str | None:
    """The place of a dateline, without its day and agency."""
    return re.split(r"[,(]| [-–—]", dateline, maxsplit=1)[0].strip() or None if dateline else None


def by(line: str | None) -> str | None:
    """Whom a byline names."""
    return _BY.sub("", line) or None if line else None


def _byline(head: Any) -> str | None:
    if head is None:
        return None
    found = [words(child) for each in children(head, "byline") for child in _people(each)]
    return "; ".join(each for each in map(by, found) if each) or None


def _people(byline: Any) -> list[Any]:
    """The persons a byline names, without their offices; else all of it."""
    return list(byline.iterdescendants("{*}person")) or [byline]
