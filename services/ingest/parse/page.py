"""An article's page to its text and what it says of itself."""

from __future__ import annotations

import logging
import re
from typing import Any, Final

import trafilatura
from lxml import html as lxml_html

from services.ingest.domain.endings import SENTENCE_END
from services.ingest.parse.blocks import is_caption, is_hidden_element, is_wrapping
from services.ingest.parse.charset import decode
from services.ingest.parse.extent import without_boilerplate
from services.ingest.parse.markup import is_pointer, paragraphs
from services.ingest.parse.metadata import read_metadata
from services.ingest.parse.result import Page
from tocsin.errors import BadMessage, Reason

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it warns of every page without text

_PARSER: Final = lxml_html.HTMLParser(remove_comments=True, remove_pis=True, collect_ids=False)
_BINARY: Final = (
    b"\x1f\x8b",
    b"%PDF",
    b"PK\x03\x04",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
)
_MARKUP: Final = re.compile(
    r"<(?:!doctype|html|head|body|meta|title|div|p|article|amp)\b", re.IGNORECASE
)
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]{0,500}\?>")
_SHORT: Final = 250  # characters; below it trafilatura itself distrusts what it found
_LESS: Final = 0.7  # of what JSON-LD holds: an extraction below it lost paragraphs
_SENTENCE_CHARACTERS: Final = 40
_CELL_CHARACTERS: Final = 150
_OPENING: Final = re.compile(
    r"(?:^|[\s_-])(?:standfirst|chapo|chapeau|dek|lede|sub-?headline|entradilla|vorspann|anriss"
    r"|article-?(?:intro|lead|summary|description)|story-?(?:intro|lead|summary))(?:$|[\s_-])",
    re.IGNORECASE,
)
_OPENING_CHARACTERS, _OPENING_CHILDREN = 800, 3
_WRAPPING_CHARACTERS: Final = 600
_NEVER_DROPPED: Final = frozenset("html body head article main h1".split())
_TABLE: Final = frozenset(["table", "tbody", "thead", "tr", "td", "th"])


def parse_page(body: bytes, content_type: str, url: str) -> Page:
    """The article on a page fetched from `url`; nothing is fetched here.

    Dates come from the page's metadata only: no guess from its text, its URL or its captions.

    Raises:
        BadMessage: EMPTY; NOT_TEXT with "not a page" in the detail.
    """
    if not body.strip():
        raise BadMessage(Reason.EMPTY, "an answer of no bytes")
    if body.startswith(_BINARY):
        raise BadMessage(Reason.NOT_TEXT, "a binary file, not a page")
    text = _DECLARATION.sub("", decode(body, content_type))
    if not _MARKUP.search(text):
        raise BadMessage(Reason.NOT_TEXT, "no HTML, not a page")
    try:
        tree = lxml_html.document_fromstring(text, parser=_PARSER)
    except (lxml_html.etree.ParserError, ValueError) as error:
        raise BadMessage(Reason.NOT_TEXT, f"no HTML, not a page: {error}"[:200]) from error
    about = read_metadata(tree, url)
    return Page(
        text=_text(tree, text, about.said.body, about.title),
        title=about.title,
        byline=about.byline,
        published_at=about.published_at,
        updated_at=about.updated_at,
        canonical=about.canonical,
        outlet=about.outlet,
        language=about.language,
        flags=about.flags,
    )


def _text(tree: Any, page: str, told: str, title: str | None) -> str:
    """What trafilatura finds; what JSON-LD holds if that is more; else the page's sentences."""
    titles = {title, *(" ".join("".join(each.itertext()).split()) for each in tree.iter("h1"))}
    _without_wrapping(tree)
    _without_layout_tables(tree)
    opening = _opening(tree)
    extracted = trafilatura.extract(
        tree,
        fast=True,
        include_comments=False,
        include_tables=False,
        include_images=False,
        include_links=False,
        with_metadata=False,
    )
    found = _as_lines(extracted or "")
    if found and opening and opening not in found:
        found = f"{opening}\n{found}"
    told = paragraphs(told)
    if len(found) < max(_LESS * len(told), 1):
        found = told
    if len(found) < _SHORT:
        sentences = _sentences(page)
        if len(sentences) > 2 * len(found):
            found = sentences
    first, _, rest = found.partition("\n")
    return without_boilerplate(rest if first in titles else found)


def _as_lines(text: str) -> str:
    lines = (line.strip().removeprefix("- ") for line in text.split("\n"))
    return "\n".join(line for line in lines if line and not is_pointer(line))


def _opening(tree: Any) -> str:
    """The paragraph above the body that many papers open with, and which extraction leaves out."""
    for each in tree.iter("p", "div", "h2"):
        if _OPENING.search(each.get("class") or "") and len(each) <= _OPENING_CHILDREN:
            text = " ".join("".join(each.itertext()).split())
            whole = _SENTENCE_CHARACTERS <= len(text) <= _OPENING_CHARACTERS
            if whole and SENTENCE_END.search(text):
                return text
    return ""


def _sentences(page: str) -> str:
    """The lines of a whole page that are sentences."""
    lines = paragraphs(page).split("\n")
    return "\n".join(
        line for line in lines if len(line) >= _SENTENCE_CHARACTERS and SENTENCE_END.search(line)
    )


def _without_wrapping(tree: Any) -> None:
    """Takes out captions and credits, which are neither text nor dates, and what stands beside."""
    for each in list(tree.iter("script", "style")):  # JSON-LD is weighed below, with its lines
        _drop(each)
    for each in list(tree.iter()):
        if not isinstance(each.tag, str) or each.tag in _NEVER_DROPPED or not each.attrib:
            continue
        names = f"{each.get('class') or ''} {each.get('id') or ''} {each.get('itemprop') or ''}"
        unread = is_caption(names) or is_hidden_element(each.attrib)
        if unread or (is_wrapping(names) and not _holds_the_article(each)):
            _drop(each)


def _holds_the_article(element: Any) -> bool:
    """Whether an element named like wrapping holds too much for it."""
    inside = [next(element.iter("h1"), None), next(element.iter("article"), None)]
    return any(each is not None for each in inside) or (
        sum(len("".join(each.itertext())) for each in element.iter("p")) > _WRAPPING_CHARACTERS
    )


def _drop(element: Any) -> None:
    parent = element.getparent()
    if parent is not None:
        element.drop_tree()  # what follows it stays


def _without_layout_tables(tree: Any) -> None:
    """Turns the tables that hold paragraphs into plain blocks: old sites are laid out in them."""
    for each in list(tree.iter("td", "th")):
        own = len(each.text or "") + sum(len(child.tail or "") for child in each)
        if own < _CELL_CHARACTERS and each.find("p") is None:
            continue
        cell = each
        while cell is not None and cell.tag != "body":
            if cell.tag in _TABLE:
                cell.tag = "div"
            cell = cell.getparent()
