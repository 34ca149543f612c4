"""The paragraphs of marked-up text: what an article says, without pictures and their captions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from services.ingest.sources.formats.tree import name, words

# Each a paragraph of its own, unless others stand inside.
_BLOCKS: Final = frozenset("p hl1 hl2 h1 h2 h3 h4 h5 h6 li dt dd pre blockquote bq".split())
_PASSED: Final = frozenset(
    "media figure figcaption img object video audio script style head table fn aside nav".split()
)


def paragraphs(element: Any) -> list[str]:
    """The text below an element, one paragraph each."""
    parents: set[Any] = set()
    for each in element.iterdescendants("*"):
        if name(each).lower() in _BLOCKS | _PASSED:
            above = each.getparent()
            while above is not None and above not in parents:
                parents.add(above)
                above = above.getparent()
    return [each for each in _paragraphs(element, parents) if each]


def _paragraphs(element: Any, parents: set[Any]) -> Iterator[str]:
    loose: list[str] = [element.text or ""]
    for child in element:
        kind = name(child).lower()
        if kind in _BLOCKS | _PASSED or child in parents:
            yield _joined(loose)
            loose = []
            if child in parents and kind not in _PASSED:
                yield from _paragraphs(child, parents)
            elif kind in _BLOCKS:
                yield words(child) or ""
        else:
            loose.append(" " if kind == "br" else "".join(child.itertext()))
        loose.append(child.tail or "")
    yield _joined(loose)


def _joined(pieces: list[str]) -> str:
    return " ".join("".join(pieces).split())
