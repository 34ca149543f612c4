"""XML from strangers: no entity, no network, no document type, no depth."""

from __future__ import annotations

import re
from typing import Any, Final

from lxml import etree

from services.ingest.sources.formats.given import CutShort
from tocsin.errors import BadMessage, Reason

MAX_XML_BYTES: Final = 20_000_000  # of which the tree takes about eight times as much
_ROOT: Final = re.compile(rb"<(?![?!])([A-Za-z_][\w.:-]*)")
_SPACE: Final = re.compile(r"\s+")
_TAIL: Final = 300


def parse(data: bytes, origin: str) -> Any:
    """The root of a document.

    Raises:
        CutShort: it ends before its root does.
        BadMessage: it is not well-formed, too deep, too large, or declares entities.
    """
    if len(data) > MAX_XML_BYTES:
        raise BadMessage(Reason.TOO_LARGE, f"{origin}: XML of over {MAX_XML_BYTES} bytes")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if _is_cut(data):
            raise CutShort(f"{origin}: the XML ends before it is over") from error
        # Only the first line: what follows may quote the document.
        why = str(error).split("\n", 1)[0][:200]
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: XML: {why}") from error
    subset = root.getroottree().docinfo.internalDTD
    if subset is not None and next(subset.iterentities(), None) is not None:
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: XML that declares entities of its own")
    return root


def _is_cut(data: bytes) -> bool:
    root = _ROOT.search(data)
    if root is None:
        return False
    end = rb"</" + re.escape(root[1]) + rb"\s*>"
    return re.search(end, data[-_TAIL:]) is None and not data.rstrip().endswith(b"/>")


def name(element: Any) -> str:
    """The element's name without its namespace; empty for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(element: Any, *names: str) -> list[Any]:
    """The child elements of these names, in any namespace."""
    return [each for each in element if name(each) in names]


def at(element: Any, *path: str) -> Any:
    """The first element down a path of names, or None."""
    for step in path:
        if element is None:
            return None
        element = next((each for each in element if name(each) == step), None)
    return element


def words(element: Any) -> str | None:
    """All text inside on one line, or None."""
    if element is None:
        return None
    return _SPACE.sub(" ", "".join(element.itertext())).strip() or None


def attribute(element: Any, wanted: str) -> str | None:
    """An attribute, with or without namespace, or None."""
    if element is None:
        return None
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == wanted:
            return str(value).strip() or None
    return None
