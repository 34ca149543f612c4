"""Sources tried out: each is fetched once, as the poller would, and nothing is published."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Final

import msgspec

from services.ingest.app import Intake, Taken, Verdict
from services.ingest.domain.entries import changes, keyed
from services.ingest.domain.items import Item, Refused
from services.ingest.domain.rhythm import Health, Status, judge
from services.ingest.fetch.hosts import Hosts
from services.ingest.fetch.result import Failed, NotModified
from services.ingest.push.access import Access, Client
from services.ingest.sandbox import Sandbox
from services.ingest.settings import Settings
from services.ingest.setup.findings import Finding, Found, Ledger
from services.ingest.setup.listing import UNWATCHED
from services.ingest.setup.unkept import Met, Told, Unpublished
from services.ingest.sources.config import Config, FeedSource, FolderSource, PushSource
from services.ingest.sources.drafts import Draft, article_of, draft, entries_of
from services.ingest.sources.files import is_known
from services.ingest.sources.inbox import Inbox
from services.ingest.sources.pages import seek
from services.ingest.sources.reader import Document, Reader, Sought
from services.ingest.sources.standing import answered, pace_of
from services.ingest.watch import Fetchers, authorization
from tocsin.errors import SettingsError, UsageError
from tocsin.settings import Secret

FAILING: Final = Status.FAILING.value
_SUMMARY: Final = "a summary of what another source has in full"
_SOURCE_S: Final = 300.0  # for all of a source: its turn at the host, the feed, the pages


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed answered, before any of it is taken in. `why`: if there is nothing to take."""

    why: str | None = None
    document: Document | None = None
    drafts: tuple[Draft, ...] = ()
    pages: Mapping[str, Sought] = {}


async def check(
    sources: Sequence[Config],
    chosen: Settings,
    environment: Mapping[str, str],
    *,
    limit: int,
    on_done: Callable[[str], None] = lambda _: None,
) -> list[Finding]:
    """What each source would bring, in the file's order; of a feed the newest `limit` entries."""
    feeds = [each for each in sources if isinstance(each, FeedSource)]
    looked = dict(
        zip(
            (each.name for each in feeds),
            await _look(feeds, chosen, environment, limit=limit, on_done=on_done),
            strict=True,
        )
    )
    judging = _Judging(chosen)
    found = []
    for each in sources:
        match each:
            case FeedSource():
                found.append(judging.feed(each, looked[each.name]))
            case PushSource():
                found.append(_push(each, environment))
            case FolderSource():
                found.append(judging.folder(each, limit))
    return found


async def _look(
    feeds: Sequence[FeedSource],
    chosen: Settings,
    environment: Mapping[str, str],
    *,
    limit: int,
    on_done: Callable[[str], None],
) -> list[Looked]:
    """All feeds at once, each host asked for one thing at a time."""
    fetchers = Fetchers(total_s=chosen.fetch_s)
    hosts = Hosts(gap_s=chosen.host_gap_s)
    sandbox = Sandbox(chosen.parsers)
    places = asyncio.Semaphore(chosen.polls)

    async def look(source: FeedSource) -> Looked:
        try:
            secrets = authorization([source], environment)
        except SettingsError as error:
            return Looked(why=str(error))
        reader = Reader(fetchers, hosts, sandbox, authorization=secrets)
        try:
            async with places, asyncio.timeout(_SOURCE_S):
                return await _feed(reader, source, limit=limit, days=chosen.seen_days)
        except TimeoutError:
            return Looked(why=f"timed_out: not done within {_SOURCE_S:g} s")
        finally:
            on_done(source.name)

    try:
        return await asyncio.gather(*map(look, feeds))
    finally:
        await fetchers.close()
        sandbox.close()


async def _feed(reader: Reader, source: FeedSource, *, limit: int, days: int) -> Looked:
    """A feed and the pages behind its newest entries, as at a first poll."""
    read = await reader.feed(source)
    if isinstance(read, Failed):
        return Looked(why=f"{read.trouble.value}: {read.detail}")
    if isinstance(read, NotModified):
        return Looked(why="broken: it answers 304 to who has nothing yet")
    entries = dict(islice(keyed(entries_of(read.feed, source)).items(), limit))
    found = changes(entries, {}, now_s=int(datetime.now(UTC).timestamp()), days=days)
    pages = await seek(reader, source, found, most=limit, within_s=_SOURCE_S / 2)
    drafts = tuple(draft(each, pages.get(each.key), source, watched=False) for each in found)
    return Looked(document=read, drafts=drafts, pages=pages)


class _Judging:
    """The intake of this check: one for all sources, so that copies between them show."""

    def __init__(self, chosen: Settings) -> None:
        self._met = Met()
        self._intake = Intake(
            Unpublished(),
            self._met,
            Told(days=chosen.story_days),
            max_record_bytes=chosen.kafka.max_record_bytes,
        )
        self._ledger = Ledger()

    def feed(self, source: FeedSource, looked: Looked) -> Finding:
        """What would be published of a feed, the newest first, as feeds have it."""
        if looked.document is None:
            why = looked.why or "nothing came"
            return Finding(name=source.name, kind="feed", fine=False, status=FAILING, words=(why,))
        document, now = looked.document, datetime.now(UTC)
        total = len(keyed(document.feed.entries))
        moved_to = document.answer.moved_to
        told = answered(document, looked.drafts, entries=total, moved_to=moved_to, now=now)
        health = judge(Health(), told, pace_of(source), now)
        return Finding(
            name=source.name,
            kind="feed",
            fine=True,
            status=health.status.value,
            words=_words(source, looked),
            format=document.feed.kind or None,
            title=document.feed.title,
            entries=total,
            looked_at=len(looked.drafts),
            thin=sum(each.change.entry.is_summary for each in looked.drafts),
            newest=told.newest,
            asks_s=told.asked_s or None,
            moved_to=moved_to,
            articles=tuple(self._articles(looked.drafts[::-1])[::-1]),
        )

    def folder(self, source: FolderSource, limit: int) -> Finding:
        """What would be taken of a folder as it is now."""
        stop = Event()
        taking = _Taking(self._intake, limit, stop)
        inbox = Inbox(source, taking, self._met, batch=limit, stop=stop)
        try:
            inbox.look()
            inbox.look()  # what did not change in between is whole
        except UsageError as error:
            why = str(error)
            return Finding(
                name=source.name, kind="folder", fine=False, status=FAILING, words=(why,)
            )
        others = sum(not is_known(each.name.lower()) for each in Path(source.path).iterdir())
        return Finding(
            name=source.name,
            kind="folder",
            fine=True,
            status=UNWATCHED,
            words=(f"{others} of other kinds are passed over",) if others else (),
            looked_at=len(taking.verdicts),
            articles=tuple(map(self._ledger.found, taking.verdicts)),
        )

    def _articles(self, drafts: Sequence[Draft]) -> list[Found]:
        """As `sources.taking` takes a batch, the oldest first."""
        items = [each.item for each in drafts if each.item]
        known = self._met.known("live", [article_of(each) for each in items])
        adds = [
            each.adds(known=before is not None) for each, before in zip(drafts, known, strict=True)
        ]
        given = [item for item, add in zip(items, adds, strict=True) if add]
        verdicts = iter(self._intake.take(given, run=None).verdicts)
        return [
            self._ledger.found(next(verdicts)) if add else _left_out(item)
            for item, add in zip(items, adds, strict=True)
        ]


class _Taking:
    """Takes what a folder gives until there is enough of it, and keeps the verdicts."""

    def __init__(self, intake: Intake, limit: int, stop: Event) -> None:
        self.verdicts: list[Verdict] = []
        self._intake = intake
        self._limit = limit
        self._stop = stop

    def take(self, given: Sequence[Item | Refused], *, run: str | None) -> Taken:
        """A verdict on each."""
        taken = self._intake.take(given, run=run)
        self.verdicts += taken.verdicts
        if len(self.verdicts) >= self._limit:
            self._stop.set()
        return taken


def _left_out(item: Item) -> Found:
    return Found(dropped=_SUMMARY, title=item.title, url=item.url, characters=len(item.text))


def _words(source: FeedSource, looked: Looked) -> tuple[str, ...]:
    """What to know of a feed beside its figures."""
    document = looked.document
    said = []
    if not source.family and not all(each.item and each.item.outlet for each in looked.drafts):
        said.append("it names no family or outlet: all such articles count as one source, unknown")
    if document is not None and document.answer.moved_to:
        said.append(f"moved for good: url = {document.answer.moved_to}")
    if document is not None and document.feed.flags:
        said.append(f"the feed is {', '.join(document.feed.flags)}")
    failed = Counter(
        each.failed.trouble.value if each.failed else "no text"
        for each in looked.pages.values()
        if each.page is None
    )
    if looked.pages:
        got = len(looked.pages) - failed.total()
        but = "".join(f", {count} {why}" for why, count in sorted(failed.items()))
        said.append(f"{got} of {len(looked.pages)} pages read{but}")
    return tuple(said)


def _push(source: PushSource, environment: Mapping[str, str]) -> Finding:
    token = environment.get(source.token_env, "")
    why = None
    if not token:
        why = f"{source.token_env} is not set"
    else:
        try:
            Access([Client(source, Secret(token))])
        except SettingsError as error:
            why = str(error)
    words = why or f"{source.token_env} is set; {source.per_s:g} requests a second"
    return Finding(
        name=source.name,
        kind="push",
        fine=why is None,
        status=FAILING if why else UNWATCHED,
        words=(words,),
    )
