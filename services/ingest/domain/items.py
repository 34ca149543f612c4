"""What a source hands over before it is an article: text as it came, with what is said of it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec

from services.ingest.domain.address import canonical
from services.ingest.domain.agencies import Agencies
from services.ingest.domain.clean import clean
from services.ingest.domain.dates.dating import resolve
from services.ingest.domain.identity import article_id, fingerprint
from tocsin.errors import BadMessage, Reason
from tocsin.messages import Article, PublishedBasis


class Refused(msgspec.Struct, frozen=True):
    """An input that cannot be an article: its bytes (or their head), and why."""

    origin: str
    data: bytes
    error: BadMessage


class Held(Refused, frozen=True, kw_only=True):
    """An input that may not be published before its time."""

    until: datetime


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One article as a source gave it. `origin` names file and line for errors.

    `fresh`: the source hands over what has just appeared, so that a dateline without a year is of
    these days. No archive is fresh, and no folder. `raw`: what came, for a dead letter; without it
    the text is. `version`: its number at the source, 0 without; a lower one that comes later is
    an old one.
    """

    guid: str
    source: str
    origin: str
    text: str
    title: str | None = None
    url: str | None = None
    outlet: str | None = None
    language: str | None = None
    published_at: datetime | None = None
    published_basis: PublishedBasis = PublishedBasis.NONE
    flags: tuple[str, ...] = ()
    fresh: bool = False
    byline: str | None = None
    dateline: str | None = None
    family: str | None = None
    tier: str | None = None
    country: str | None = None
    version: int = 0
    raw: bytes = b""


def article(item: Item, agencies: Agencies, *, run: str | None, now: datetime) -> Article:
    """The cleaned article, as revision 1.

    Raises:
        BadMessage: nothing is left after cleaning.
    """
    cleaned = clean(item.text, agencies, title=item.title)
    text = cleaned.text or cleaned.title or ""
    if not text:
        raise BadMessage(Reason.EMPTY, f"{item.origin}: no text")
    dating = resolve(
        cleaned,
        given=item.published_at,
        basis=item.published_basis,
        day_only="day_only" in item.flags,
        fetched_at=now,
        fresh=item.fresh,
    )
    flags = (*item.flags, *cleaned.flags, *dating.flags)
    url = canonical(item.url) if item.url else None
    return Article(
        id=article_id(url=url, source=item.source, guid=item.guid),
        guid=item.guid,
        source=item.source,
        text=text,
        fingerprint=fingerprint(f"{cleaned.title or ''}\n{text}"),
        fetched_at=now,
        title=cleaned.title,
        url=url,
        outlet=item.outlet,
        agency=cleaned.agency,
        dateline=cleaned.dateline or item.dateline,
        language=item.language,
        published_at=dating.at,
        published_basis=dating.basis,
        published_confidence=dating.confidence,
        run=run,
        byline=item.byline or cleaned.byline,
        family=item.family,
        tier=item.tier,
        country=item.country,
        flags=(*flags, f"day_hint:{dating.hint}") if dating.hint else flags,
    )


def published(value: datetime | date | str | None) -> tuple[datetime | None, tuple[str, ...]]:
    """A publication time as aware UTC, with flags for what had to be assumed.

    A day stands at noon, a time without a zone in UTC.

    Raises:
        ValueError: it is no ISO 8601 date or time.
    """
    if isinstance(value, str):
        value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    try:
        return _aware(value)
    except OverflowError as error:
        raise ValueError("a time outside the calendar") from error


def _aware(value: datetime | date | None) -> tuple[datetime | None, tuple[str, ...]]:
    if value is None:
        return None, ()
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, 12, tzinfo=UTC), ("day_only",)
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC), ("zone_assumed",)
    return value.astimezone(UTC), ()
