"""Ingest in its steps: clean, drop what was seen, find its story, publish, remember."""

from __future__ import annotations

import secrets
import tomllib
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

import msgspec

from services.ingest import metrics
from services.ingest.domain.agencies import Agencies
from services.ingest.domain.items import Item, Refused, article
from services.ingest.domain.near import Sketch
from services.ingest.domain.story import Telling, sketched_text, telling
from services.ingest.metrics import Outcome, StoryOutcome
from services.ingest.seen import Known
from tocsin import bus, topics
from tocsin.errors import BadMessage, Reason
from tocsin.messages import Article
from tocsin.observe import get_logger

_DEAD_LETTER_HEAD: Final = 500_000  # of an input too large for a record the head is kept
_AGENCIES: Final = Path(__file__).parent / "data" / "agencies.toml"


class Publisher(Protocol):
    """Where articles go; `bus.Producer` is the real one."""

    def publish(self, batch: Sequence[bus.Outgoing], timeout_s: float = 30.0) -> None:
        """Sends all and returns when all are acknowledged."""


class Memory(Protocol):
    """What was published before; `seen.Seen` is the real one."""

    def known(self, scope: str, ids: Sequence[str]) -> list[Known | None]:
        """What is remembered of each id."""

    def copies(self, scope: str, fingerprints: Sequence[str]) -> list[str | None]:
        """The id under which each text was first published, if it was."""

    def mark(self, scope: str, articles: Sequence[tuple[str, Known]]) -> None:
        """Remembers that these were published."""


class StoryIndex(Protocol):
    """Which story a text tells; `stories.Stories` is the real one."""

    def assign(self, scope: str, tellings: Sequence[Telling]) -> tuple[str, ...]:
        """The story of each."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one input. `why`: in words, if it was not published; `reason`: if refused."""

    outcome: Outcome
    origin: str
    article: Article | None = None
    why: str = ""
    reason: Reason | None = None


class _Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """An article to publish. `before`: what is remembered of the revision it edits, if it does.

    `version`: its number at its source, 0 without. `likeness`: its sketch and bands, if made yet.
    """

    origin: str
    article: Article
    version: int = 0
    before: Known | None = None
    likeness: tuple[Sketch, bytes] | None = None


_Judged = _Fresh | Verdict | Refused
Read = _Fresh | Refused


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

    @property
    def met(self) -> int:
        """How many they were."""
        return self.published + self.revised + self.seen + self.refused


class Taken(msgspec.Struct, frozen=True):
    """A verdict on each input, in order."""

    verdicts: tuple[Verdict, ...]

    @property
    def tally(self) -> Tally:
        """How many came to what."""
        found = Tally()
        for each in self.verdicts:
            name = each.outcome.value
            setattr(found, name, getattr(found, name) + 1)
        return found


class Intake:
    """Takes articles in, batch by batch, for the live feed or for one run of a replay."""

    def __init__(
        self,
        publisher: Publisher,
        seen: Memory,
        stories: StoryIndex,
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
        self._agencies = agencies()
        self._log = get_logger()

    def take(
        self, given: Sequence[Item | Refused], *, run: str | None, dead_letters: bool = True
    ) -> Taken:
        """Publishes what is new among the inputs, in their order, and the refused as dead letters.

        Without `dead_letters` only who handed them in is told.

        Raises:
            Unavailable: broker or Redis are away; the same batch can be taken again.
        """
        with metrics.BATCH_SECONDS.time():
            read = [self.read(each, run=run) for each in given]
            return self._published(read, run, dead_letters=dead_letters)

    def read(self, given: Item | Refused, *, run: str | None) -> Read:
        """What `publish` takes: the input cleaned and dated. Asks nobody, so any thread may."""
        if isinstance(given, Refused):
            return given
        try:
            found = article(given, self._agencies, run=run, now=self._clock())
        except BadMessage as error:
            return Refused(given.origin, given.raw or given.text.encode("utf-8", "replace"), error)
        return _Fresh(origin=given.origin, article=found, version=given.version)

    def publish(self, read: Sequence[Read], *, run: str | None, dead_letters: bool = True) -> Taken:
        """The second half of `take`.

        Raises:
            Unavailable: as `take`.
        """
        with metrics.BATCH_SECONDS.time():
            return self._published(read, run, dead_letters=dead_letters)

    def _published(self, read: Sequence[Read], run: str | None, *, dead_letters: bool) -> Taken:
        scope = scope_of(run)
        told = self._with_stories(self._unseen(read, scope), scope)
        judged, records = self._records(told)
        letters = [each for each in judged if isinstance(each, Refused) and dead_letters]
        self._publisher.publish([*records, *map(_dead_letter, letters)])
        self._remember([each for each in judged if isinstance(each, _Fresh)], scope)
        return self._counted(judged, aloud=dead_letters)

    def _unseen(self, read: Sequence[Read], scope: str) -> list[_Judged]:
        """The same, with a verdict on what was published before."""
        articles = [each.article for each in read if isinstance(each, _Fresh)]
        ids = [each.id for each in articles]
        known = dict(zip(ids, self._seen.known(scope, ids), strict=True))
        texts = [each.fingerprint for each in articles]
        first = dict(zip(texts, self._seen.copies(scope, texts), strict=True))
        judged: list[_Judged] = []
        for each in read:
            if isinstance(each, Refused):
                judged.append(each)
                continue
            one = each.article
            before = known.get(one.id)
            # A copy under another name adds nothing, unless another outlet carries it.
            copied = before is None and one.outlet is None and first.get(one.fingerprint)
            if why := f"the same words as {copied}" if copied else _stale(each, before, first):
                if before:
                    one = msgspec.structs.replace(one, revision=before.revision)
                judged.append(
                    Verdict(outcome=Outcome.SEEN, origin=each.origin, article=one, why=why)
                )
                continue
            revision = max(before.revision + 1 if before else 1, each.version)
            one = msgspec.structs.replace(one, revision=revision)
            judged.append(msgspec.structs.replace(each, article=one, before=before))
            known[one.id] = Known(revision, one.fingerprint)
            first[one.fingerprint] = first.get(one.fingerprint) or one.id
        return judged

    def _with_stories(self, judged: Sequence[_Judged], scope: str) -> list[_Judged]:
        """The articles with their stories.

        Known before they are published: a worker that meets a copy meanwhile must find them.
        """
        fresh = [each for each in judged if isinstance(each, _Fresh)]
        stories = iter(self._stories.assign(scope, list(map(_telling, fresh))))
        return [
            msgspec.structs.replace(
                each, article=msgspec.structs.replace(each.article, story=next(stories))
            )
            if isinstance(each, _Fresh)
            else each
            for each in judged
        ]

    def _records(self, judged: Sequence[_Judged]) -> tuple[list[_Judged], list[bus.Outgoing]]:
        """What is to be published; an article too large for a record is refused."""
        records: list[bus.Outgoing] = []
        kept: list[_Judged] = []
        for each in judged:
            if isinstance(each, _Fresh):
                record = _outgoing(each.article)
                if record.size > self._max_record_bytes:
                    kept.append(_oversized(each.article, record.size))
                    continue
                records.append(record)
            kept.append(each)
        return kept, records

    def _remember(self, fresh: Sequence[_Fresh], scope: str) -> None:
        if fresh:
            marks = [
                (each.article.id, Known(each.article.revision, each.article.fingerprint))
                for each in fresh
            ]
            self._seen.mark(scope, marks)

    def _counted(self, judged: Sequence[_Judged], *, aloud: bool) -> Taken:
        taken = Taken(tuple(map(_verdict, judged)))
        for each in judged:
            if isinstance(each, Refused):
                metrics.DEAD_LETTERS.labels(each.error.reason.value).inc()
                if aloud:
                    self._on_refused(each.error.detail)
            elif isinstance(each, _Fresh):
                copy = each.article.story != each.article.id
                metrics.STORIES.labels(StoryOutcome.COPY if copy else StoryOutcome.NEW).inc()
        tally = taken.tally
        for outcome in Outcome:
            metrics.ARTICLES.labels(outcome.value).inc(getattr(tally, outcome.value))
        return taken


def agencies() -> Agencies:
    """The news agencies and how they sign."""
    return Agencies(tomllib.loads(_AGENCIES.read_text("utf-8")))


def partition_of(run: str | None) -> int | None:
    """The partition of a replay: one run stays in one, so that its order of publication holds.

    The live feed (None) is spread by article id.
    """
    return None if run is None else zlib.crc32(run.encode()) % topics.ARTICLES.partitions


def scope_of(run: str | None) -> str:
    """The name under which what was published is remembered; no run can be named like the feed."""
    return "live" if run is None else f"run:{run}"


def _stale(fresh: _Fresh, before: Known | None, first: Mapping[str, str | None]) -> str:
    """Why an article adds nothing to what was published under its id; empty if it does.

    `first`: under which id each text was published. In a run, whose feed is fixed, a text of two
    revisions ago is no edit back to it but the same feed again, after a crash.
    """
    if before is None:
        return ""
    one = fresh.article
    repeated = one.run is not None and first.get(one.fingerprint) == one.id
    if repeated or before.fingerprint == one.fingerprint:
        return "published before"
    if fresh.version and fresh.version < before.revision:
        return "an older version than was published"
    if "headline_only" in one.flags:  # it would take back what the whole text says
        return "a headline of what was published before"
    return ""


def _verdict(each: _Judged) -> Verdict:
    if isinstance(each, Verdict):
        return each
    if isinstance(each, Refused):
        return Verdict(
            outcome=Outcome.REFUSED,
            origin=each.origin,
            why=each.error.detail,
            reason=each.error.reason,
        )
    outcome = Outcome.REVISED if each.article.revision > 1 else Outcome.PUBLISHED
    return Verdict(outcome=outcome, origin=each.origin, article=each.article)


def _telling(fresh: _Fresh) -> Telling:
    before = fresh.before.fingerprint if fresh.before else None
    return telling(fresh.article, before, fresh.likeness)


def sketched(read: Read) -> Read:
    """The same with its likeness made, which `publish` makes else of what it has not seen."""
    if isinstance(read, Refused):
        return read
    return msgspec.structs.replace(read, likeness=sketched_text(read.article))


def _outgoing(each: Article) -> bus.Outgoing:
    return bus.outgoing(
        topics.ARTICLES,
        each.id,
        each,
        id=f"{each.id}.{each.revision}",
        at=each.published_at,
        traceparent=f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
        partition=partition_of(each.run),
    )


def _oversized(each: Article, size: int) -> Refused:
    why = BadMessage(Reason.TOO_LARGE, f"{each.guid[:200]}: a record of {size} bytes")
    return Refused(each.guid[:200], each.text.encode()[:_DEAD_LETTER_HEAD], why)


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
