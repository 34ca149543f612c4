"""NewsML 1.2, as agencies still deliver it: a news item with its lines and its content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.ingest.domain.items import Item, Refused
from services.ingest.sources.formats import nitf
from services.ingest.sources.formats.given import Given
from services.ingest.sources.formats.managed import Management, issued
from services.ingest.sources.formats.prose import paragraphs
from services.ingest.sources.formats.tree import at, attribute, children, name, parse, words
from tocsin.errors import BadMessage, Reason


def items(data: bytes, given: Given) -> Iterator[Item | Refused]:
    """Every news item of a document that has text.

    Raises:
        BadMessage: it is not well-formed, or holds no text.
    """
    root = parse(data, given.origin)
    found = [(each, _content(each)) for each in children(root, "NewsItem")]
    texts = [(each, said) for each, said in found if said.text]
    if not texts:
        raise BadMessage(Reason.EMPTY, f"{given.origin}: a NewsML document without text")
    for number, (each, said) in enumerate(texts, start=1):
        origin = given.origin if len(texts) == 1 else f"{given.origin}#{number}"
        yield _item(each, said, origin, given)


def _item(item: Any, said: nitf.Body, origin: str, given: Given) -> Item | Refused:
    named, managed = at(item, "Identification", "NewsIdentifier"), at(item, "NewsManagement")
    lines = next(item.iterdescendants("{*}NewsLines"), None)
    provider = words(at(named, "ProviderId"))
    parts = (provider, words(at(named, "DateId")), words(at(named, "NewsItemId")))
    status = _name(at(managed, "Status"))
    told = Management(
        guid=":".join(each for each in parts if each) or given.name,
        version=words(at(named, "RevisionId")),
        status=status,
        first_at=words(at(managed, "FirstCreated")),
        version_at=words(at(managed, "ThisRevisionCreated")),
        embargo=words(at(managed, "StatusWillChange", "DateAndTime"))
        if (status or "").lower() == "embargoed"
        else None,
    )
    language = next(item.iterdescendants("{*}Language"), None)
    found = Item(
        guid=told.guid,
        source=given.source,
        origin=origin,
        text=said.text,
        title=words(at(lines, "HeadLine")) or said.title,
        byline=nitf.by(words(at(lines, "ByLine"))) or said.byline,
        dateline=nitf.place(words(at(lines, "DateLine"))) or said.dateline,
        outlet=words(at(lines, "CreditLine")) or provider,
        language=_name(language),
    )
    return issued(found, told, given)


def _content(item: Any) -> nitf.Body:
    for each in item.iterdescendants("{*}DataContent"):
        inner = at(each, "nitf")
        said = nitf.Body(text="\n".join(paragraphs(each))) if inner is None else nitf.body(inner)
        if said.text and name(each.getparent()) == "ContentItem":
            return said
    return nitf.Body(text="")


def _name(element: Any) -> str | None:
    return attribute(element, "FormalName")
