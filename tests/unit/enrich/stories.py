"""The five seed articles as the coder gets them, and the same with their words edited."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.quality.cleaned import cleaned
from tocsin.messages import Article

PUBLISHED = {
    "000_f630c11d322ff813.txt": "2025-08-12",
    "004_5335c0b3685f138e.txt": "2025-08-19",
    "002_355f6ca3af5a0e49.txt": "2025-08-22",
    "003_414be66f75a648cc.txt": "2025-09-27",
    "001_69767b5be754d303.txt": "2025-12-06",
}

# Light edits that change no meaning: synonyms, numbers, names of other officials.
EDITS = (
    ("have been deployed to", "have been dispatched to"),
    ("deployed", "dispatched"),
    ("destroyers", "warships"),
    ("Three U.S. Navy missile", "Four U.S. Navy missile"),
    ("three U.S. Navy missile", "four U.S. Navy missile"),
    ("4,000", "5,500"),
    ("four million", "three million"),
    ("4.5 million", "3.8 million"),
    ("has sunk at least three ships", "has destroyed at least five boats"),
    ("Pam Bondi", "Dana Whitfield"),
    ("Bondi", "Whitfield"),
    ("Yván Gil", "Rafael Ordaz"),
    ("Yvan Gil", "Rafael Ordaz"),
    ("Gil made", "Ordaz made"),
    ("Karoline Leavitt", "Megan Doyle"),
    ("Diosdado Cabello", "Tomas Rincon"),
    ("Cabello", "Rincon"),
    ("$50 million", "$35 million"),
    ("50 million dollars", "35 million dollars"),
    (
        "has threatened to begin attacking targets inside",
        "has threatened to start striking sites inside",
    ),
    ("319 young people", "412 young people"),
    ("mobilized", "called up"),
)


def edited(text: str) -> str:
    for old, new in EDITS:
        text = text.replace(old, new)
    return text


def shuffled(text: str) -> str:
    """Its paragraphs in another order, the lead still first: who is who is told there."""
    lead, *rest = text.split("\n")
    half = len(rest) // 2
    return "\n".join([lead, *rest[half:], *rest[:half]])


def story(name: str, *, text: str | None = None, ident: str = "") -> Article:
    return Article(
        id=ident or name,
        guid=name,
        source="seeds",
        text=cleaned(name) if text is None else text,
        fingerprint="",
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        published_at=datetime.fromisoformat(PUBLISHED[name]).replace(hour=12, tzinfo=UTC),
    )


def text_article(text: str, published: str | None = "2025-09-27", ident: str = "a") -> Article:
    at = datetime.fromisoformat(published).replace(hour=12, tzinfo=UTC) if published else None
    return Article(
        id=ident,
        guid=ident,
        source="test",
        text=text,
        fingerprint="",
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        published_at=at,
    )
