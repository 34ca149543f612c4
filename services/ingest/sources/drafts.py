"""What is to be taken of a feed's changes, and what is remembered of each afterwards."""

from __future__ import annotations

from typing import Final

import msgspec

from services.ingest.domain.address import canonical
from services.ingest.domain.entries import PAGE_TRIES, Change, Remembered, content_of
from services.ingest.domain.identity import article_id
from services.ingest.domain.items import Item
from services.ingest.metrics import Outcome
from services.ingest.parse.result import Feed, FeedEntry
from services.ingest.sources.config import FeedSource
from services.ingest.sources.feed_items import (
    SUMMARY_ONLY,
    address,
    is_better,
    to_item,
    wants_page,
)
from services.ingest.sources.reader import Sought
from tocsin.messages import digest

_WAITING_TEXT: Final = 2000  # characters kept of an entry whose page is to bring the text


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with what was found of its page.

    `again`: only its page is tried again; `item`: None if that was in vain, and nothing is to be
    taken. `tries`: how often the page may be tried yet.
    """

    change: Change
    item: Item | None
    fresh: bool
    tries: int
    again: bool = False

    @property
    def thin(self) -> bool:
        """Whether what is to be taken is a summary."""
        return self.item is not None and SUMMARY_ONLY in self.item.flags

    def adds(self, *, known: bool) -> bool:
        """Whether to take it, given whether its article was published before.

        A summary never takes the place of a text: not of one that another feed brought, and not
        where an edited entry's page cannot be had for the moment.
        """
        if self.item is None:
            return False
        before = self.change.before or Remembered()
        if not self.thin or before.thin:
            return True
        # A killed worker may have published the text: its page is sought first.
        return not known and not (before.tried and self.tries)


def entries_of(feed: Feed, source: FeedSource) -> list[FeedEntry]:
    """The feed's entries, each with its language as far as source or feed tell it."""
    language = source.language or feed.language
    return [
        each if each.language else msgspec.structs.replace(each, language=language)
        for each in feed.entries
    ]


def draft(
    change: Change,
    sought: Sought | None,
    source: FeedSource,
    *,
    watched: bool,
    again: bool = False,
    may_wait: bool = True,
) -> Draft:
    """What is to be taken of a change. `sought`: None if its page was not asked for.

    `watched`: what is new has just appeared. `again`: it is only its page that is tried again.
    `may_wait`: its page may be tried at later polls.
    """
    entry, before = change.entry, change.before
    page = sought.page if sought else None
    if page and source.page != "always" and not is_better(page, entry):
        page = None
    fresh = before.fresh if before else watched
    tries = 0
    if may_wait and wants_page(entry, source) and not page:
        left = before.tries if again and before else PAGE_TRIES
        if sought is None:
            tries = left
        elif sought.again:
            tries = left - 1 if again else left
    item = None
    owed = before is not None and bool(before.tried) and not tries
    if page or owed or not again:
        url = before.url if before else None
        item = to_item(entry, page, source, url=url, fresh=fresh)
    return Draft(change=change, item=item, fresh=fresh, tries=tries, again=again)


def article_of(item: Item) -> str:
    """The id that the item's article will have."""
    url = canonical(item.url) if item.url else None
    return article_id(url=url, source=item.source, guid=item.guid)


def numbered(item: Item, before: Remembered | None, revision: int) -> Item:
    """The item with the number that it needs, given the revision known as published.

    What was about to be published when a worker was killed may have been: other words must not
    come under the same revision, since readers would drop them as a repeat.
    """
    if before is None or before.tried_as <= revision:
        return item
    same = before.tried == words_of(item)
    return msgspec.structs.replace(item, version=before.tried_as + (0 if same else 1))


def intent(each: Draft, item: Item, revision: int) -> Remembered:
    """What to remember before the item is taken, for a crash that comes before it is remembered.

    With it the URL that only the page told: found otherwise, the article would come under another
    id. And that it is this feed's own summary which is known as published.
    """
    before = each.change.before
    kept = before or Remembered(url=item.url, fresh=each.fresh, thin=each.thin)
    tried_as = max(revision + 1, item.version)
    return msgspec.structs.replace(kept, tried=words_of(item), tried_as=tried_as)


def words_of(item: Item) -> str:
    """The same for items that say the same."""
    return digest("words", item.title or "", item.text)


def remembered(each: Draft, outcome: Outcome | None, *, now_s: int) -> Remembered:
    """What to keep of an entry. `outcome`: what became of its article, None if it was not taken."""
    entry, before = each.change.entry, each.change.before or Remembered()
    published = outcome in (Outcome.PUBLISHED, Outcome.REVISED)
    waiting = msgspec.structs.replace(entry, text=entry.text[:_WAITING_TEXT])
    return Remembered(
        content=before.content if each.again else content_of(entry),
        url=before.url or (each.item.url if each.item else address(entry, None)),
        taken_s=now_s if published else before.taken_s or now_s,
        left_s=before.left_s if each.again else 0,
        fresh=each.fresh,
        thin=each.thin if outcome else before.thin,
        tries=each.tries,
        waiting=waiting if each.tries else None,
        # What was not taken now does not settle what a killed worker may have published.
        tried="" if outcome else before.tried,
        tried_as=0 if outcome else before.tried_as,
    )
