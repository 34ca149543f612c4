"""What is known of bytes before they are read, and what a format may find wrong with them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from services.ingest.domain.items import published
from tocsin.errors import BadMessage, Reason

REFUSED_HEAD: Final = 500_000  # bytes kept of what is refused


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Where bytes come from. `name`: the guid of what does not name itself.

    `archive`: they are an archive's for a backtest, where a headline alone is an article.
    `written_at`: when whoever delivered the file says that it was published.
    """

    origin: str
    name: str
    source: str
    now: datetime
    archive: bool = False
    written_at: datetime | None = None


class CutShort(BadMessage):
    """The bytes end in the middle: half a file, or one that is still being written."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.UNREADABLE, detail)


def moment(text: str | None) -> tuple[datetime | None, tuple[str, ...]]:
    """A time of ISO 8601 with what had to be assumed; one that cannot be read is none, flagged."""
    if not text or not text.strip():
        return None, ()
    try:
        return published(text.strip())
    except ValueError:
        return None, ("bad_date",)


def decoded(data: bytes, charset: str | None = None) -> tuple[str, tuple[str, ...]]:
    """Text in the charset that was named, else UTF-8, else as Windows writes it, flagged."""
    for name in (charset, "utf-8-sig"):
        if name:
            try:
                return data.decode(name), ()
            except (LookupError, UnicodeError):
                continue
    return data.decode("cp1252", "replace"), ("charset_guessed",)
