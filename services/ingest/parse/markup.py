"""HTML to plain text, a paragraph a line, in one pass whose time grows with the length alone.

No tree is built: 100,000 nested tags cost what 100,000 tags in a row do, and an end tag that is
missing costs the paragraph it stands in, not the rest of the article.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from services.ingest.domain.endings import SENTENCE_END
from services.ingest.parse.blocks import (
    BLOCKS,
    BOLD,
    CONTAINERS,
    LISTS,
    RAW,
    SKIPPED,
    UNNESTED,
    VOID,
    is_beside,
    is_hidden,
)


class _Tag(msgspec.Struct):
    """A tag, where it stands in the text of the page, and the tag after which its element ends."""

    name: str
    start: int
    end: int
    closes: bool
    attributes: str
    last: int | None = None


class _Line(msgspec.Struct):
    """A paragraph. `linked`: how many of its characters are a link; `inside`: of which lists."""

    text: str
    linked: int
    inside: tuple[int, ...]


# Possessive, and no alternative runs past the next "<" for more than 1,000 characters.
_TAG: Final = re.compile(
    r"<!--(?:.*?--!?>|.*)"
    r"|<!\[CDATA\[|\]\]>"
    r"|<[!?][^<>]*+>"
    r"|<(?P<slash>/?)(?P<name>[A-Za-z][A-Za-z0-9:-]*+)(?P<attributes>"
    r"(?:[^<>\"']++|\"[^\"]{0,1000}+\"|'[^']{0,1000}+')*+|[^<>]*+)>",
    re.DOTALL,
)
_BLANKS: Final = re.compile(r"[ \t\r\n\f\v\xa0]+")
_ESCAPED_TAG: Final = re.compile(
    r"&lt;/?(?:p|br|div|a|span|img|strong|em|b|i|u|ul|ol|li|h[1-6]|table|blockquote|figure)"
    r"(?:\s[^<>]{0,300}?)?/?\s?&gt;",
    re.IGNORECASE,
)
_TELLING_TAG: Final = re.compile(
    r"</(?:p|div|a|strong|em|b|i|span|ul|ol|li|h[1-6]|blockquote)>|<(?:p|br|hr)\s?/?>"
    r"|<(?:a\shref|img\ssrc|p\sclass|div\sclass|span\sstyle|p\sstyle)=",
    re.IGNORECASE,
)
_ANY_TAG: Final = re.compile(r"</?[A-Za-z][A-Za-z0-9]*[\s/>]")
_READ_ALSO: Final = re.compile(
    r"(?:read|see|watch|listen|also read|read also|see also|read more|more|related|related (?:news"
    r"|stories|articles|coverage)|further reading|recommended|don't miss|lea también|lee también"
    r"|leer más|te puede interesar|le puede interesar|vea también|lire aussi|à lire(?: aussi)?"
    r"|voir aussi|lesen sie auch|mehr dazu|siehe auch|leia também|leia mais|veja também|leggi anche"
    r"|lees ook|czytaj także|zobacz też|читайте также|по теме|читайте також|ayrıca okuyun"
    r"|اقرأ أيضا|اقرأ أيضاً|بیشتر بخوانید|קראו גם|קרא גם|相关新闻|延伸阅读|関連記事|관련기사)"
    r"\s?(?:on this|on the topic|here|this)?\s?(?:[:：|>»–-]|$)",
    re.IGNORECASE,
)
_LONGEST_POINTER: Final = 200
_MOSTLY, _HALF = 0.8, 0.5  # of the characters of a list that is nothing but links
_MOST_TAGS: Final = 500_000  # 160 MB; the largest honest pages have 20,000


def paragraphs(markup: str) -> str:
    """The text of an HTML fragment or page, a paragraph a line, without what is not the article."""
    if _ESCAPED_TAG.search(markup) and not _ANY_TAG.search(markup):
        markup = html.unescape(markup)  # escaped twice by its maker
    if "<" not in markup:
        return plain(html.unescape(markup))
    tags = _tags(markup)
    lines = _kept(_lines(markup, tags, beside=True))
    if not lines:  # everything stood in elements that are named like wrapping
        lines = _kept(_lines(markup, tags, beside=False))
    return "\n".join(each.text for each in lines)


def plain(text: str) -> str:
    """Text that has no markup, a paragraph a line: a line that breaks in mid-sentence goes on."""
    lines: list[list[str]] = []
    blank = True
    for raw in text.splitlines():
        line = _BLANKS.sub(" ", raw).strip()
        if line and not blank and not SENTENCE_END.search(lines[-1][-1]):
            lines[-1].append(line)
        elif line:
            lines.append([line])
        blank = not line
    return "\n".join(" ".join(line) for line in lines)


def one_line(markup: str) -> str:
    """A title or a name without its markup, on one line."""
    if "&" in markup or "<" in markup:
        markup = html.unescape(_TAG.sub(" ", markup) if _ANY_TAG.search(markup) else markup)
        if _ANY_TAG.search(markup):
            markup = _TAG.sub(" ", markup)
    return _BLANKS.sub(" ", markup).strip()


def is_markup(text: str) -> bool:
    """Whether a text that is said to be plain is HTML: many makers forget to say so."""
    return bool(_TELLING_TAG.search(text))


def is_pointer(line: str) -> bool:
    """Whether a line whose links are not known is "read also" and a headline, no sentence."""
    found = _READ_ALSO.match(line)
    return bool(found) and len(line) < _LONGEST_POINTER and not SENTENCE_END.search(line[-10:])


def _tags(markup: str) -> list[_Tag]:
    """The tags in order, each container with the place where it ends; one unclosed has none."""
    tags: list[_Tag] = []
    open_: list[int] = []  # containers, by their place among the tags
    depths: dict[str, list[int]] = {}  # of each name, where in `open_` it stands
    place = 0
    while found := _TAG.search(markup, place):
        if len(tags) == _MOST_TAGS:  # the rest goes as one comment would
            tags.append(_Tag("", place, len(markup), closes=False, attributes=""))
            break
        place = found.end()
        name = (found["name"] or "").lower()
        tag = _Tag(
            name, found.start(), found.end(), bool(found["slash"]), found["attributes"] or ""
        )
        tags.append(tag)
        if not name:
            continue
        if tag.closes:
            if depths.get(name):
                _close(tags, open_, depths, depths[name][-1])
            continue
        if name in RAW and not tag.attributes.endswith("/"):
            ending = re.compile(rf"</{name}\b[^>]*>?", re.IGNORECASE).search(markup, place)
            place = tag.end = ending.end() if ending else len(markup)
        elif name in CONTAINERS and not tag.attributes.endswith("/"):
            if name in UNNESTED and depths.get(name) and not _nested(depths, name):
                _close(tags, open_, depths, depths[name][-1])
            depths.setdefault(name, []).append(len(open_))
            open_.append(len(tags) - 1)
    return tags


def _nested(depths: dict[str, list[int]], name: str) -> bool:
    """Whether a list or a table was opened inside the last element of that name."""
    since = depths[name][-1]
    return any(depths.get(each) and depths[each][-1] > since for each in LISTS)


def _close(tags: list[_Tag], open_: list[int], depths: dict[str, list[int]], depth: int) -> None:
    last = len(tags) - 1
    while len(open_) > depth:
        closed = tags[open_.pop()]
        closed.last = last
        depths[closed.name].pop()


def _lines(markup: str, tags: Sequence[_Tag], *, beside: bool) -> list[_Line]:
    """All lines of what is shown; `beside`: without what its class says is not the article."""
    says = is_beside if beside else is_hidden
    building = _Building()
    position = number = 0
    while number < len(tags):
        tag = tags[number]
        building.add(markup[position : tag.start])
        position, number = tag.end, number + 1
        if not tag.name:
            continue
        skipped = (
            tag.name in RAW or tag.name in SKIPPED or (tag.attributes and says(tag.attributes))
        )
        if skipped and not tag.closes and tag.name not in VOID:
            building.block(tag.name)
            if tag.last is not None:  # one that never ends is only its own tag
                number = max(number, tag.last)
                position = tags[number].start if number < len(tags) else len(markup)
            continue
        building.tag(tag.name, closes=tag.closes, number=number)
    building.add(markup[position:])
    building.end()
    return building.lines


class _Building:
    """The lines so far, and the pieces of the one that is being written."""

    def __init__(self) -> None:
        self.lines: list[_Line] = []
        self._pieces: list[str] = []
        self._linked = 0
        self._links = 0
        self._inside: list[int] = []
        self._broken = False  # a line break that may be the end of a paragraph
        self._bold = False  # the last tag ended bold type

    def add(self, raw: str) -> None:
        """Text between two tags."""
        text = html.unescape(raw) if "&" in raw else raw
        if not text or (not text.strip() and not self._pieces):
            return
        if text.strip():
            if self._broken:
                self._break()
            self._bold = False
        if self._links:
            self._linked += len(text.strip())
        self._pieces.append(text)

    def tag(self, name: str, *, closes: bool, number: int) -> None:
        """What a tag does to the line."""
        if name == "br":
            if self._broken:
                self.end()
            elif self._pieces:
                self._broken = True
            return
        if name == "a":
            self._links = max(0, self._links + (-1 if closes else 1))
        elif name in LISTS:
            self.end()
            if not closes:
                self._inside.append(number)
            elif self._inside:
                self._inside.pop()
        self._bold = name in BOLD and closes
        self.block(name)

    def block(self, name: str) -> None:
        """Ends the line, if such an element does."""
        if name in BLOCKS:
            self.end()
            if name == "p":
                self._links = 0

    def end(self) -> None:
        """Ends the line."""
        text = _BLANKS.sub(" ", "".join(self._pieces)).strip()
        if text:
            self.lines.append(_Line(text, self._linked, tuple(self._inside[-3:])))
        self._pieces, self._linked, self._broken = [], 0, False

    def _break(self) -> None:
        """A single line break ends a paragraph after a full stop or a bold heading."""
        before = "".join(self._pieces[-3:]).rstrip()
        if self._bold or SENTENCE_END.search(before[-10:]):
            self.end()
        else:
            self._pieces.append(" ")
        self._broken = False


def _kept(lines: Sequence[_Line]) -> list[_Line]:
    """The lines without lists of links and "read also"."""
    shares = _shares(lines)
    return [
        line
        for line in lines
        if not any(shares[each] for each in line.inside) and not _points_elsewhere(line)
    ]


def _shares(lines: Sequence[_Line]) -> dict[int, bool]:
    """Of each list, whether it is two links or more and little else."""
    held: dict[int, list[_Line]] = {}
    for line in lines:
        for each in line.inside:
            held.setdefault(each, []).append(line)
    return {each: len(inside) >= 2 and _is_links(inside) for each, inside in held.items()}


def _is_links(lines: Sequence[_Line]) -> bool:
    """Headlines, each a link that its outlet may follow, or links with hardly a word between."""
    linked = sum(line.linked for line in lines) / sum(len(line.text) for line in lines)
    headlines = all(line.linked and not SENTENCE_END.search(line.text) for line in lines)
    return linked >= (_HALF if headlines else _MOSTLY)


def _points_elsewhere(line: _Line) -> bool:
    found = _READ_ALSO.match(line.text)
    if not found:
        return False
    if not line.linked:
        return is_pointer(line.text)
    rest = len(line.text) - found.end()
    return rest == 0 or (line.linked >= _MOSTLY * rest and not line.text.endswith("."))
