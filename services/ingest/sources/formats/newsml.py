"""NewsML-G2: a news item, or a message with many, of which the texts are articles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

from services.ingest.domain.items import Item, Refused
from services.ingest.parse import markup
from services.ingest.sources.formats import nitf
from services.ingest.sources.formats.given import REFUSED_HEAD, Given
from services.ingest.sources.formats.managed import Management, issued
from services.ingest.sources.formats.prose import paragraphs
from services.ingest.sources.formats.tree import at, attribute, children, name, parse, words
from tocsin.errors import BadMessage, Reason

_TEXTS: Final = frozenset(["text", "composite"])  # of the classes of the IPTC; not picture, video


def items(data: bytes, given: Given) -> Iterator[Item | Refused]:
    """Every text of a document, in its order.

    Raises:
        BadMessage: it is not well-formed, or holds no item with text.
    """
    root = parse(data, given.origin)
    found = [root] if name(root) == "newsItem" else list(root.iterdescendants("{*}newsItem"))
    texts = [each for each in found if _is_text(each)]
    if not texts:
        raise BadMessage(Reason.EMPTY, f"{given.origin}: a NewsML document without a text item")
    for number, each in enumerate(texts, start=1):
        origin = given.origin if len(texts) == 1 else f"{given.origin}#{number}"
        try:
            yield _item(each, origin, given)
        except BadMessage as error:
            yield Refused(origin, etree.tostring(each)[:REFUSED_HEAD], error)


def _is_text(item: Any) -> bool:
    found = _code(at(item, "itemMeta", "itemClass"))
    return found is None or found in _TEXTS


def _item(item: Any, origin: str, given: Given) -> Item | Refused:
    meta, content = at(item, "itemMeta"), at(item, "contentMeta")
    guid = attribute(item, "guid")
    if not guid:
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: a newsItem without a guid")
    told = Management(
        guid=guid,
        version=attribute(item, "version"),
        status=_code(at(meta, "pubStatus")),
        first_at=words(at(meta, "firstCreated")),
        version_at=words(at(meta, "versionCreated")),
        embargo=words(at(meta, "embargoed")),
    )
    said = _content(item)
    found = Item(
        guid=guid,
        source=given.source,
        origin=origin,
        text=said.text,
        title=words(at(content, "headline")) or said.title,
        byline=nitf.by(words(at(content, "by"))) or said.byline,
        dateline=nitf.place(words(at(content, "dateline"))) or said.dateline,
        outlet=_provider(meta) or words(at(content, "creditline")),
        language=attribute(at(content, "language"), "tag") or attribute(item, "lang"),
    )
    issue = issued(found, told, given)
    if isinstance(issue, Item) and not issue.text.strip():
        raise BadMessage(Reason.EMPTY, f"{origin}: a news item without text")
    return issue


def _content(item: Any) -> nitf.Body:
    """The words of the first part that has any; what lies elsewhere is not fetched."""
    contents = at(item, "contentSet")
    for each in children(contents, "inlineXML", "inlineData") if contents is not None else []:
        if name(each) == "inlineData":
            html = "html" in (attribute(each, "contenttype") or "")
            text = "".join(each.itertext())
            said = nitf.Body(text=markup.paragraphs(text) if html else text.strip())
        else:
            inner = next(iter(each), None)
            if inner is None:
                continue
            if name(inner) == "nitf":
                said = nitf.body(inner)
            else:
                page = at(inner, "body")
                said = nitf.Body(text="\n".join(paragraphs(inner if page is None else page)))
        if said.text:
            return said
    return nitf.Body(text="")


def _provider(meta: Any) -> str | None:
    provider = at(meta, "provider")
    if provider is None:
        return None
    return words(at(provider, "name")) or attribute(provider, "literal") or _code(provider)


def _code(element: Any) -> str | None:
    """The last part of a `qcode` ("stat:usable") or `uri` of a controlled vocabulary."""
    given = attribute(element, "qcode") or attribute(element, "uri")
    return given.replace("/", ":").rpartition(":")[2] or None if given else None
