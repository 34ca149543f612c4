"""Feeds in RSS, good and hostile, in words of their own: no two entries read alike."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
_WHO: Final = "envoy brigade harbour ministry convoy radio village governor shipyard consul".split()
_DID: Final = "crossed closed rebuilt counted fined praised searched evacuated sold mapped".split()
_WHAT: Final = "bridge depot archive runway orchard tunnel ferry reservoir barracks mill".split()


def text_of(guid: str, sentences: int = 8) -> str:
    """What the article of this name says, as none other does."""
    told = []
    for number in range(sentences):
        seed = hashlib.sha256(f"{guid} {number}".encode()).digest()
        who, did, what = (
            part[byte % 10] for part, byte in zip((_WHO, _DID, _WHAT), seed, strict=False)
        )
        count = int.from_bytes(seed[3:6], "big")
        told.append(f"The {who} of quarter {seed[6]} {did} {count} of its {what}s before dawn.")
    return " ".join(told)


def item(
    guid: str, text: str | None = None, *, date: datetime | str | None = NOON, **of: str
) -> str:
    """One entry; `guid=""` has none, `date=None` neither. Other elements by their names."""
    if isinstance(date, datetime):
        date = format_datetime(date)
    parts = {
        "guid": guid,
        "title": f"What {guid} is about",
        "link": f"https://news.example/{guid}",
        "pubDate": date or "",
        "description": text or text_of(guid),
        **of,
    }
    return "<item>" + "".join(f"<{n}>{v}</{n}>" for n, v in parts.items() if v) + "</item>"


def rss(*items: str, head: str = "<?xml version='1.0'?>", title: str = "The Harbour Post") -> str:
    """A feed of these entries."""
    told = "".join(items)
    return f"{head}<rss version='2.0'><channel><title>{title}</title>{told}</channel></rss>"


def feed(names: str) -> str:
    """A feed of entries of these names, a minute between two of them."""
    told = names.split()
    return rss(*(item(each, date=NOON - timedelta(minutes=n)) for n, each in enumerate(told)))


def laughs() -> str:
    """A billion of them in a title, and one honest entry."""
    entities = "<!ENTITY l0 'ha'>" + "".join(
        f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10)
    )
    head = f"<?xml version='1.0'?><!DOCTYPE rss [{entities}]>"
    return rss(item("a"), head=head, title="&l9;")


def quadratic_laughs(size: int = 100_000) -> str:
    """One long entity, many times."""
    head = f"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY l '{'ha' * size}'>]>"
    return rss(item("a"), head=head, title="&l;" * size)


def external(url: str) -> str:
    """Entities that are to be fetched, from a file and from a URL, and a DTD too."""
    entities = f"<!ENTITY file SYSTEM 'file:///etc/passwd'><!ENTITY net SYSTEM '{url}'>"
    parameter = f"<!ENTITY % all SYSTEM '{url}'> %all;"
    head = f"<?xml version='1.0'?><!DOCTYPE rss SYSTEM '{url}' [{entities}{parameter}]>"
    return rss(item("a", f"{text_of('a')} &file; &net;"), head=head)


def deep(levels: int = 200_000) -> str:
    """One entry so deep that none could be read, and an honest one before it."""
    return rss(item("a"), item("b", "<b>" * levels + "deep" + "</b>" * levels))
