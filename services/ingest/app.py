"""Ingest in its steps: read, clean, drop what was seen, find its story, publish, remember."""

from __future__ import annotations

import secrets
import tomllib
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from services.ingest import metrics
from services.ingest.domain.agencies import Agencies
from services.ingest.domain.items import article
from services.ingest.domain.near import sketch
from services.ingest.domain.story import Telling
from services.ingest.metrics import Outcome, StoryOutcome
from services.ingest.seen import Known, Seen
from services.ingest.sources.files import Entry, Refused, raw, read
from services.ingest.stories import Stories
from tocsin import bus, topics
from tocsin.errors import BadMessage, Reason
from tocsin.messages import Article
from tocsin.observe import get_logger

_DEAD_LETTER_HEAD = 500_000  # of an input too large for a record the head is kept; the file stays
_AGENCIES = Path(__file__).parent / "data" / "agencies.toml"


class Publisher(Protocol):
    """Where articles go; `bus.Producer` is the real one."""

    def publish(self, batch: Sequence[bus.Outgoing], timeout_s: float = 30.0) -> None:
        """Sends all and returns when all are acknowledged."""


class Tally(msgspec.Struct):
    """What became of the articles so far."""

    published: int = 0
    revised: int = 0
    seen: int = 0
    refused: int = 0

    def add(self, other: Tally) -> None:
        """Counts another batch in."""
        for field in self.__struct_fields__:
            setattr(self, field, getattr(self, field) + getattr(other, field))


class Intake:
    """Takes articles in, batch by batch, for the live feed or for one run of a replay."""

    def __init__(
        self,
        publisher: Publisher,
        seen: Seen,
        stories: Stories,
        *,
        max_record_bytes: int = 1_000_000,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._publisher = publisher
        self._seen = seen
        self._stories = stories
        self._max_record_bytes = max_record_bytes
        self._clock = clock
        self._on_refused = on_refused
        self._agencies = Agencies(tomllib.loads(_AGENCIES.read_text("utf-8")))
        self._log = get_logger()

    def take(self, entries: Sequence[Entry], *, run: str | None) -> Tally:
        """Publishes what is new among the entries, in their order.

        Raises:
            Unavailable: broker or Redis are away; the same batch can be taken again.
        """
        with metrics.BATCH_SECONDS.time():
            articles, refused = self._read(entries, run)
            unseen, seen = self._unseen(articles, scope_of(run))
            fresh: list[Article] = []
            batch: list[bus.Outgoing] = []
            for each in self._with_stories(unseen, scope_of(run)):
                outgoing = self._outgoing(each)
                if outgoing.size > self._max_record_bytes:
                    refused.append(_oversized(each, outgoing.size))
                    continue
                fresh.append(each)
                batch.append(outgoing)
            self._publisher.publish([*batch, *map(_dead_letter, refused)])
            self._remember(fresh, scope_of(run))
        return self._count(fresh, seen=seen, refused=refused)

    def refuse(self, refused: Sequence[Refused]) -> Tally:
        """Dead-letters inputs that never were articles.

        Raises:
            Unavailable: the broker is away.
        """
        self._publisher.publish([_dead_letter(each) for each in refused])
        return self._count([], seen=0, refused=refused)

    def _read(
        self, entries: Sequence[Entry], run: str | None
    ) -> tuple[list[Article], list[Refused]]:
        articles: list[Article] = []
        refused: list[Refused] = []
        now = self._clock()
        for entry in entries:
            try:
                articles.append(article(read(entry), self._agencies, run=run, now=now))
            except BadMessage as error:
                refused.append(Refused(str(entry.path), _bytes(entry), error))
        return articles, refused

    def _unseen(
        self, articles: Sequence[Article], scope: str
    ) -> tuple[list[tuple[Article, Known | None]], int]:
        """The articles to publish, each with what it edits if it does, and how many fell out."""
        ids = [each.id for each in articles]
        known = dict(zip(ids, self._seen.known(scope, ids), strict=True))
        texts = [each.fingerprint for each in articles]
        first = dict(zip(texts, self._seen.copies(scope, texts), strict=True))
        fresh: list[tuple[Article, Known | None]] = []
        for each in articles:
            before = known.get(each.id)
            if before and before.fingerprint == each.fingerprint:
                continue
            # A copy under another name adds nothing, unless another outlet carries it.
            if before is None and each.outlet is None and first.get(each.fingerprint):
                continue
            revision = before.revision + 1 if before else 1
            fresh.append((msgspec.structs.replace(each, revision=revision), before))
            known[each.id] = Known(revision, each.fingerprint)
            first[each.fingerprint] = first.get(each.fingerprint) or each.id
        return fresh, len(articles) - len(fresh)

    def _with_stories(
        self, unseen: Sequence[tuple[Article, Known | None]], scope: str
    ) -> list[Article]:
        """The articles with their stories.

        Known before they are published: a worker that meets a copy meanwhile must find them.
        """
        found = self._stories.assign(scope, [_telling(*each) for each in unseen])
        return [
            msgspec.structs.replace(each, story=story)
            for (each, _), story in zip(unseen, found, strict=True)
        ]

    def _outgoing(self, each: Article) -> bus.Outgoing:
        return bus.outgoing(
            topics.ARTICLES,
            each.id,
            each,
            id=f"{each.id}.{each.revision}",
            at=each.published_at,
            traceparent=f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
            partition=partition_of(each.run),
        )

    def _remember(self, fresh: Sequence[Article], scope: str) -> None:
        if fresh:
            marks = [(each.id, Known(each.revision, each.fingerprint)) for each in fresh]
            self._seen.mark(scope, marks)

    def _count(self, fresh: Sequence[Article], *, seen: int, refused: Sequence[Refused]) -> Tally:
        for each in refused:
            metrics.DEAD_LETTERS.labels(each.error.reason.value).inc()
            self._on_refused(each.error.detail)
        revised = sum(each.revision > 1 for each in fresh)
        tally = Tally(
            published=len(fresh) - revised, revised=revised, seen=seen, refused=len(refused)
        )
        for outcome in Outcome:
            metrics.ARTICLES.labels(outcome.value).inc(getattr(tally, outcome.value))
        copies = sum(each.story != each.id for each in fresh)
        metrics.STORIES.labels(StoryOutcome.COPY.value).inc(copies)
        metrics.STORIES.labels(StoryOutcome.NEW.value).inc(len(fresh) - copies)
        return tally


def partition_of(run: str | None) -> int | None:
    """The partition of a replay: one run stays in one, so that its order of publication holds.

    The live feed (None) is spread by article id.
    """
    return None if run is None else zlib.crc32(run.encode()) % topics.ARTICLES.partitions


def scope_of(run: str | None) -> str:
    """The name under which what was published is remembered; no run can be named like the feed."""
    return "live" if run is None else f"run:{run}"


def _telling(each: Article, before: Known | None) -> Telling:
    made, bands = sketch(f"{each.title or ''}\n{each.text}")
    return Telling(
        id=each.id,
        fingerprint=each.fingerprint,
        sketch=made,
        bands=bands,
        at_s=int(each.published_at.timestamp()) if each.published_at else None,
        before=before.fingerprint if before else None,
    )


def _oversized(each: Article, size: int) -> Refused:
    why = BadMessage(Reason.TOO_LARGE, f"{each.guid[:200]}: a record of {size} bytes")
    return Refused(each.guid[:200], each.text.encode()[:_DEAD_LETTER_HEAD], why)


def _bytes(entry: Entry) -> bytes:
    try:
        return raw(entry)
    except BadMessage:
        try:
            with entry.path.open("rb") as file:
                return file.read(_DEAD_LETTER_HEAD)
        except OSError:
            return b""


def _dead_letter(refused: Refused) -> bus.Outgoing:
    cut = len(refused.data) > _DEAD_LETTER_HEAD
    detail = refused.error.detail + (" (head only)" if cut else "")
    record = bus.Record(
        topic=topics.ARTICLES.name,
        partition=-1,
        offset=-1,
        key=refused.origin[:500].encode("utf-8", "replace"),
        value=refused.data[:_DEAD_LETTER_HEAD],
    )
    return bus.dead_letter(record, "ingest", refused.error.reason, detail)
