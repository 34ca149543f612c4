"""Which entries of a feed are new or edited, and what of them to remember."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from services.ingest.parse.result import FeedEntry
from tocsin.messages import digest

_DAY_S: Final = 86_400
PAGE_TRIES: Final = 3  # at later polls, for a page that could not be had


class Remembered(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is kept of an entry, so that it is taken once, and again when it is edited.

    `content`: digest of its words as last taken, empty if it was only about to be. `url`: under
    which it was first published; its article stays that one, whatever the link says later.
    `taken_s`, `left_s`: when it was last published, and when it left the feed (0: it is there), in
    seconds of the epoch. `fresh`: it appeared while the feed was watched. `thin`: what was taken
    is a summary. `waiting`: the entry while its page is sought, which may be `tries` times more.
    `tried`: digest of what was about to be published, as revision `tried_as`; whether it was is
    not known until it is remembered as taken.
    """

    content: str = ""
    url: str | None = None
    taken_s: int = 0
    left_s: int = 0
    fresh: bool = False
    thin: bool = False
    tries: int = 0
    waiting: FeedEntry | None = None
    tried: str = ""
    tried_as: int = 0


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An entry to take: a new one, an edited one, or one whose page is tried again.

    `before`: what is kept of it; without content it may have been published, or not.
    """

    key: str
    entry: FeedEntry
    before: Remembered | None = None

    @property
    def is_new(self) -> bool:
        """Whether nothing of it was ever remembered as taken."""
        return self.before is None or not self.before.content


def keyed(entries: Iterable[FeedEntry]) -> dict[str, FeedEntry]:
    """The entries by what they are remembered under, in their order, each once.

    That is the guid, unless the feed gives one guid to entries of several links.
    """
    known = list(entries)
    links = {(each.guid, each.link) for each in known}
    ambiguous = Counter(guid for guid, _ in links)
    found: dict[str, FeedEntry] = {}
    for each in known:
        shared = (each.link or "",) if ambiguous[each.guid] > 1 else ()
        found.setdefault(digest("entry", each.guid, *shared), each)
    return found


def content_of(entry: FeedEntry) -> str:
    """The same for the same words; a changed date or link is no edit."""
    return digest("content", entry.title or "", entry.text)


def changes(
    entries: Mapping[str, FeedEntry], memory: Mapping[str, Remembered], *, now_s: int, days: int
) -> list[Change]:
    """The new and the edited, in the feed's order.

    An edit of what was published so long ago that ingest has forgotten it is not followed: it
    would come as a new article.
    """
    found = []
    for key, entry in entries.items():
        before = memory.get(key)
        if (
            before is None
            or not before.content  # it was only about to be taken
            or (before.content != content_of(entry) and _followed(before, now_s, days))
        ):
            found.append(Change(key=key, entry=entry, before=before))
    return found


def _followed(before: Remembered, now_s: int, days: int) -> bool:
    return not before.taken_s or now_s - before.taken_s < (days - 1) * _DAY_S


def waiting(memory: Mapping[str, Remembered]) -> list[Change]:
    """The entries whose page is to be tried again, those with most tries left first."""
    found = [
        Change(key=key, entry=each.waiting, before=each)
        for key, each in memory.items()
        if each.waiting and each.tries > 0
    ]
    return sorted(found, key=lambda each: -each.before.tries if each.before else 0)


def kept(
    memory: Mapping[str, Remembered],
    present: Sequence[str],
    *,
    now_s: int,
    days: int,
    departed: int,
) -> tuple[dict[str, Remembered], list[str]]:
    """What changes in memory as entries leave the feed or come back, and what is forgotten.

    Never one that is in the feed, however many there are. Of those that left: the last `departed`
    of the last `days`.
    """
    there = set(present)
    changed = {}
    gone: list[tuple[int, str]] = []
    for key, each in memory.items():
        left_s = 0 if key in there else each.left_s or now_s
        if left_s != each.left_s:
            changed[key] = msgspec.structs.replace(each, left_s=left_s)
        if left_s:
            gone.append((left_s, key))
    gone.sort(reverse=True)
    oldest = now_s - days * _DAY_S
    forgotten = [
        key for place, (left_s, key) in enumerate(gone) if place >= departed or left_s < oldest
    ]
    for key in forgotten:
        changed.pop(key, None)
    return changed, forgotten
