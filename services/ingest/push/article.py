"""An article as it is pushed: its fields, what each may hold, and the item it becomes."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final, Literal

import msgspec

from services.ingest.domain.address import canonical
from services.ingest.domain.items import Item, published
from services.ingest.parse.markup import paragraphs
from services.ingest.sources.config import PushSource
from tocsin.errors import BadMessage, Reason
from tocsin.messages import PublishedBasis, digest

MAX_TEXT: Final = 1_000_000  # characters; after cleaning no more are kept than clean.py says
# The patterns are written so that Python's engine and that of ECMAScript read them alike.
_LINE: Final = r"^[^\x00-\x1f\x7f]+$"
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PORT: Final = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3})"
_WEB_ADDRESS: Final = (
    rf"^https?://{_LABEL}(\.{_LABEL}){{0,10}}(:{_PORT})?([/?#][^\x00-\x20\x7f]*)?$"
)
_LANGUAGE: Final = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$"
_LONG_MONTHS: Final = r"(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
_SHORT_MONTHS: Final = r"(0[469]|11)-(0[1-9]|[12][0-9]|30)"
_FEBRUARY: Final = r"02-(0[1-9]|1[0-9]|2[0-8])"
_LEAP_DAY: Final = r"((19|2[01])(0[48]|[2468][048]|[13579][26])|2000)-02-29"
_DAY: Final = rf"((19|2[01])[0-9]{{2}}-({_LONG_MONTHS}|{_SHORT_MONTHS}|{_FEBRUARY})|{_LEAP_DAY})"
_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
_ZONE: Final = r"(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?"
_PUBLISHED: Final = rf"^{_DAY}(T{_CLOCK}{_ZONE})?$"
# Something that cleaning leaves: a letter or digit of ASCII, or of any script of the basic plane,
# without its punctuation, spaces, joiners and private use.
_WORDS: Final = (
    r"[0-9A-Za-z\u00c0-\u0386\u0388-\u05ff\u0620-\u06dc\u0710-\u088f\u0892-\u08e1\u0900-\u167f"
    r"\u1700-\u180d\u180f-\u1fff\u2c00-\u2dff\u2e80-\u2fef\u3041-\ud7ff\uf900-\ufdff\ufe70-\ufefc"
    r"\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc]"
)
_WORD: Final = re.compile(_WORDS)


def _line(longest: int, said: str, pattern: str = _LINE) -> Any:
    shown = {"pattern": pattern}
    return msgspec.Meta(min_length=1, max_length=longest, description=said, extra_json_schema=shown)


class PushedArticle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One article, of one revision."""

    text: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=MAX_TEXT,
            description="The article, a paragraph a line; at least one letter or digit.",
            extra_json_schema={"pattern": _WORDS},
        ),
    ]
    format: Annotated[
        Literal["plain", "html"],
        msgspec.Meta(description="What the text is written in; of HTML its paragraphs are kept."),
    ] = "plain"
    title: Annotated[str, _line(1000, "The headline.")] | None = None
    id: (
        Annotated[
            str,
            _line(500, "Your name of the article: the same for its edits. Else the url, or text."),
        ]
        | None
    ) = None
    url: (
        Annotated[str, _line(2000, "Where it can be read, without a password.", _WEB_ADDRESS)]
        | None
    ) = None
    outlet: Annotated[str, _line(200, "Who publishes it, if not the source itself.")] | None = None
    byline: Annotated[str, _line(500, "Who wrote it.")] | None = None
    language: Annotated[str, _line(40, "A language tag, as in pt-BR.", _LANGUAGE)] | None = None
    published_at: (
        Annotated[
            str,
            _line(40, "A day or a time of 1900 to 2199, as ISO 8601; no zone is UTC.", _PUBLISHED),
        ]
        | None
    ) = None


_PATTERNS: Final = {
    "title": (re.compile(_LINE), "one line without control characters"),
    "id": (re.compile(_LINE), "one line without control characters"),
    "url": (re.compile(_WEB_ADDRESS), "a web address, http or https, without user and password"),
    "outlet": (re.compile(_LINE), "one line without control characters"),
    "byline": (re.compile(_LINE), "one line without control characters"),
    "language": (re.compile(_LANGUAGE), "a language tag, as in en or pt-BR"),
    "published_at": (
        re.compile(_PUBLISHED),
        "a day or a time as ISO 8601, as in 2025-08-12 or 2025-08-12T10:30:00Z",
    ),
}


def read_article(data: bytes) -> PushedArticle:
    """The article in one JSON object.

    Raises:
        BadMessage: it is none; the detail names the field.
    """
    try:
        found = msgspec.json.decode(data, type=PushedArticle)
    except msgspec.ValidationError as error:
        raise BadMessage(Reason.WRONG_SHAPE, _readable(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(Reason.NOT_JSON, _said(error)) from error
    # Of a field that stands twice each reader takes another: nobody knows which was meant.
    if len(json.loads(data, object_pairs_hook=list)) != len(json.loads(data)):
        raise BadMessage(Reason.WRONG_SHAPE, "a field stands twice")
    for name, (pattern, looks) in _PATTERNS.items():
        value = getattr(found, name)
        if value is not None and not pattern.fullmatch(value):
            raise BadMessage(Reason.WRONG_SHAPE, f"{name}: {looks}")
    if found.url is not None and canonical(found.url) is None:
        raise BadMessage(Reason.WRONG_SHAPE, f"url: {_PATTERNS['url'][1]}")
    if not _WORD.search(found.text):
        raise BadMessage(Reason.EMPTY, "text: not a letter or digit in it")
    return found


def item(pushed: PushedArticle, source: PushSource, origin: str) -> Item:
    """What the source handed over. It has just appeared.

    Raises:
        BadMessage: its HTML holds no text.
    """
    at, flags = published(pushed.published_at)
    text = pushed.text if pushed.format == "plain" else paragraphs(pushed.text)
    if not _WORD.search(text):
        raise BadMessage(Reason.EMPTY, "text: no text in its HTML")
    return Item(
        guid=_told(pushed.id) or pushed.url or digest("text", pushed.text),
        source=source.name,
        origin=origin,
        text=text,
        title=_told(pushed.title),
        url=pushed.url,
        outlet=_told(pushed.outlet) or source.outlet,
        language=pushed.language or source.language,
        published_at=at,
        published_basis=PublishedBasis.FEED if at else PublishedBasis.NONE,
        flags=flags,
        fresh=True,
        byline=_told(pushed.byline),
        family=source.family,
        tier=source.tier,
        country=source.country,
    )


def _told(value: str | None) -> str | None:
    return (value or "").strip() or None


def _readable(error: str) -> str:
    """The words of msgspec with the field first: `title: expected str, got int`."""
    why, _, place = error.partition(" - at `$.")
    why = why.replace("`", "")[:200]
    return f"{place.rstrip('`')}: {why[0].lower()}{why[1:]}" if place else why


def _said(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    return str(error).removeprefix("JSON is malformed: ")[:200]
