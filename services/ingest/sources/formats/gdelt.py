"""What GDELT lists: the Global Knowledge Graph 2.1, and the article lists of its DOC 2.0 API.

A row holds a URL, a headline and when GDELT saw the page. Seen is not published
(docs/decisions/ingest-gdelt-seen-is-not-published.md): an article is dated only by what its page
said of itself, or by the day in its address.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec

from services.ingest.domain.items import Item, Refused, published
from services.ingest.sources.formats.given import CutShort, Given, decoded
from tocsin.errors import BadMessage, Reason
from tocsin.messages import PublishedBasis

GKG_COLUMNS: Final = (26, 27)  # the last one, with the page's title, came later
_SEEN, _KIND, _OUTLET, _URL, _LANGUAGE, _EXTRAS = 1, 2, 3, 4, 25, 26
_WEB: Final = "1"  # of the kinds of source; the others are no pages
_FROM: Final = re.compile(r"\bsrclc:([a-z]{3})\b")
_AHEAD: Final = timedelta(days=1)  # a page is not published after it was seen, but for its zone
_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAY_IN_URL: Final = re.compile(
    r"(?<=[/_-])((?:19|20)\d\d)(?:([/_-])(0?[1-9]|1[0-2]|" + "|".join(_MONTHS) + r")\2"
    r"(0?[1-9]|[12]\d|3[01])|(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))(?=[/_.-]|$)",
    re.IGNORECASE,
)
# Codes of three letters (ISO 639-2) and names, as GDELT gives them; others stay as they are.
_LANGUAGES: Final = {
    "ara": "ar", "arabic": "ar", "ben": "bn", "bengali": "bn", "bul": "bg", "bulgarian": "bg",
    "cat": "ca", "catalan": "ca", "ces": "cs", "czech": "cs", "chinese": "zh", "dan": "da",
    "danish": "da", "deu": "de", "german": "de", "ell": "el", "greek": "el", "eng": "en",
    "english": "en", "est": "et", "estonian": "et", "fas": "fa", "persian": "fa", "fin": "fi",
    "finnish": "fi", "fra": "fr", "french": "fr", "heb": "he", "hebrew": "he", "hin": "hi",
    "hindi": "hi", "hrv": "hr", "croatian": "hr", "hun": "hu", "hungarian": "hu", "ind": "id",
    "indonesian": "id", "ita": "it", "italian": "it", "japanese": "ja", "jpn": "ja", "kor": "ko",
    "korean": "ko", "nld": "nl", "dutch": "nl", "nor": "no", "norwegian": "no", "pol": "pl",
    "polish": "pl", "por": "pt", "portuguese": "pt", "ron": "ro", "romanian": "ro", "rus": "ru",
    "russian": "ru", "slk": "sk", "slovak": "sk", "spa": "es", "spanish": "es", "sqi": "sq",
    "albanian": "sq", "srp": "sr", "serbian": "sr", "swe": "sv", "swedish": "sv", "tur": "tr",
    "turkish": "tr", "ukr": "uk", "ukrainian": "uk", "urd": "ur", "urdu": "ur", "vie": "vi",
    "vietnamese": "vi", "zho": "zh",
}  # fmt: skip


def item(data: bytes, given: Given, number: int) -> Item:
    """The article of a row of the Global Knowledge Graph.

    Raises:
        BadMessage: it has not its columns, is of no web page, or names no title.
    """
    origin = f"{given.origin}:{number}"
    row = decoded(data)[0].rstrip("\r\n").split("\t")
    if len(row) not in GKG_COLUMNS:
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: {len(row)} columns, not 27")
    if row[_KIND] != _WEB:
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: not of a web page")
    extras = row[_EXTRAS] if len(row) > _EXTRAS else ""
    language = _FROM.search(row[_LANGUAGE])
    return _item(
        origin,
        given,
        url=row[_URL],
        title=_extra(extras, "PAGE_TITLE"),
        seen=row[_SEEN],
        said=_extra(extras, "PAGE_PRECISEPUBTIMESTAMP"),
        outlet=row[_OUTLET],
        language=language[1] if language else "eng",
    )


def _extra(extras: str, name: str) -> str:
    """What stands in an element of the last column; searched, since a row may be megabytes."""
    start = extras.find(f"<{name}>")
    end = extras.find(f"</{name}>", start) if start >= 0 else -1
    return extras[start + len(name) + 2 : end] if end >= 0 else ""


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One article of a list."""

    url: str
    title: str = ""
    seendate: str = ""
    domain: str = ""
    language: str = ""


class _List(msgspec.Struct, frozen=True, kw_only=True):
    articles: tuple[Any, ...]


def listed_json(data: bytes, given: Given) -> Iterator[Item | Refused]:
    """The articles of a list in JSON.

    Raises:
        BadMessage: it is no JSON, or no such list.
    """
    try:
        found = msgspec.json.decode(data, type=_List)
    except msgspec.ValidationError as error:
        raise BadMessage(Reason.WRONG_SHAPE, f"{given.origin}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if "truncated" in str(error):
            raise CutShort(f"{given.origin}: the JSON ends before it is over") from error
        raise BadMessage(Reason.NOT_JSON, f"{given.origin}: {error}") from error
    for number, each in enumerate(found.articles, start=1):
        yield _listed(each, f"{given.origin}#{number}", given)


def listed_csv(data: bytes, given: Given) -> Iterator[Item | Refused]:
    """The articles of a list in CSV, with its heading."""
    rows = csv.DictReader(io.StringIO(decoded(data)[0].replace("\x00", ""), newline=""))
    try:
        for number, row in enumerate(rows, start=2):
            named = {str(key).lower(): value or "" for key, value in row.items()}
            yield _listed({**named, "seendate": named.get("date", "")},
                          f"{given.origin}:{number}", given)  # fmt: skip
    except csv.Error as error:
        raise BadMessage(Reason.WRONG_SHAPE, f"{given.origin}: {error}") from error


def _listed(row: Mapping[str, Any], origin: str, given: Given) -> Item | Refused:
    try:
        each = msgspec.convert(row, _Listed)
        return _item(
            origin,
            given,
            url=each.url,
            title=_respaced(each.title),
            seen=each.seendate,
            said="",
            outlet=each.domain or None,
            language=each.language,
        )
    except msgspec.ValidationError as error:
        why = BadMessage(Reason.WRONG_SHAPE, f"{origin}: {error}")
        return Refused(origin, msgspec.json.encode(row), why)
    except BadMessage as error:
        return Refused(origin, msgspec.json.encode(row), error)


def _item(
    origin: str,
    given: Given,
    *,
    url: str,
    title: str,
    seen: str,
    said: str,
    outlet: str | None,
    language: str,
) -> Item:
    if not url.startswith(("http://", "https://")):
        raise BadMessage(Reason.WRONG_SHAPE, f"{origin}: no web address")
    title = " ".join(html.unescape(title).split())
    if not title:
        raise BadMessage(Reason.EMPTY, f"{origin}: a page without a title")
    at, flags = _published(url, seen, said)
    return Item(
        guid=url,
        source=given.source,
        origin=origin,
        text=title,
        url=url,
        outlet=outlet or url.split("/", 3)[2].rpartition("@")[2].removeprefix("www.") or None,
        language=_LANGUAGES.get(language.lower(), language.lower() or None),
        published_at=at,
        published_basis=PublishedBasis.PAGE if at else PublishedBasis.NONE,
        flags=("headline_only", *flags),
    )


def _published(url: str, seen: str, said: str) -> tuple[datetime | None, tuple[str, ...]]:
    """When the page says that it was published, else the day in its address, else nothing."""
    limit = _time(seen)
    at = _time(said) if said else None
    if at is not None and (limit is None or at <= limit + _AHEAD):
        return at, ()
    flags = ("bad_date",) if said else ()
    day = day_in(url)
    if day is not None and (limit is None or day <= (limit + _AHEAD).date()):
        noon, only = published(day)
        return noon, (*flags, *only)
    return None, flags


def _time(text: str) -> datetime | None:
    digits = re.sub(r"\D", "", text)
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def day_in(url: str) -> date | None:
    """The day that the path of an address names in full; none if it names two."""
    path = url.split("://", 1)[-1].partition("/")[2].split("?", 1)[0].split("#", 1)[0]
    found = _DAY_IN_URL.finditer(f"/{path[:1000]}")
    days = {_day(each[1], each[3] or each[5], each[4] or each[6]) for each in found}
    return days.pop() if len(days) == 1 else None


def _day(year: str, month: str, day: str) -> date | None:
    number = int(month) if month.isdigit() else _MONTHS.index(month.lower()) + 1
    try:
        return date(int(year), number, int(day))
    except ValueError:
        return None


def _respaced(title: str) -> str:
    """A headline as it was set: the API puts spaces around the marks."""
    title = re.sub(r"\s+([,;:!?.%)\]’”])", r"\1", title)
    title = re.sub(r"([(\[“‘$£€])\s+", r"\1", title)
    title = re.sub(r"(?<=\b[A-Z]\.)\s+(?=[A-Z]\.)", "", title)  # U. S. is one name
    return re.sub(r"\s*(['’])\s*(s|re|ve|ll|t|d|m)\b", r"\1\2", title)
