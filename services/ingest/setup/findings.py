"""What a check finds out about a source, and about each article that it would publish or drop."""

from __future__ import annotations

from datetime import datetime

import msgspec

from services.ingest.app import Verdict
from services.ingest.metrics import Outcome
from tocsin.messages import Article, PublishedBasis


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One article. `dropped`: why it would not be published; `counts_as`: the family it speaks for.

    `published_at`: None for undated. `copy_of`: the article of this check that told it first.
    """

    dropped: str | None = None
    title: str | None = None
    url: str | None = None
    published_at: datetime | None = None
    published_basis: PublishedBasis = PublishedBasis.NONE
    published_confidence: float | None = None
    flags: tuple[str, ...] = ()
    counts_as: str | None = None
    agency: str | None = None
    family: str | None = None
    outlet: str | None = None
    tier: str | None = None
    language: str | None = None
    characters: int = 0
    copy_of: str | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One source. `status`: as its health would say; `fine`: it can be used as it is.

    `asks_s`: how long the feed asks to be left; `thin`: entries that hold a summary only, of the
    `looked_at` newest of all `entries`.
    """

    name: str
    kind: str
    fine: bool
    status: str
    words: tuple[str, ...] = ()
    format: str | None = None
    title: str | None = None
    entries: int | None = None
    looked_at: int = 0
    thin: int = 0
    newest: datetime | None = None
    asks_s: float | None = None
    moved_to: str | None = None
    articles: tuple[Found, ...] = ()


class Ledger:
    """Which article of the check is which, for the words on copies."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def found(self, verdict: Verdict) -> Found:
        """What became of one article, in words that name the others."""
        each = verdict.article
        if each is None:
            reason = verdict.reason.value if verdict.reason else "refused"
            return Found(dropped=f"{reason}: {verdict.why}")
        dropped = None
        if verdict.outcome not in (Outcome.PUBLISHED, Outcome.REVISED):
            dropped = self._named(verdict.why) or verdict.outcome.value
        else:
            self._known.setdefault(each.id, f"{each.source}: {each.title or each.guid}")
        story = each.story if each.story != each.id else None
        return msgspec.structs.replace(
            of_article(each), dropped=dropped, copy_of=self._known.get(story) if story else None
        )

    def _named(self, why: str) -> str:
        """The words with the article that they name by its id."""
        words, _, last = why.rpartition(" ")
        return f"{words} {self._known[last]}" if last in self._known else why


def of_article(each: Article) -> Found:
    """What travels with an article, and what is counted of it."""
    return Found(
        title=each.title,
        url=each.url,
        published_at=each.published_at,
        published_basis=each.published_basis,
        published_confidence=each.published_confidence,
        flags=each.flags,
        # As alert counts: who signed it, else whose source it is, else who printed it.
        counts_as=each.agency or each.family or each.outlet,
        agency=each.agency,
        family=each.family,
        outlet=each.outlet,
        tier=each.tier,
        language=each.language,
        characters=len(each.text),
    )
