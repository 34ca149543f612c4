"""The words on the wire: frozen, versioned structs, JSON by msgspec.

Readers are tolerant: unknown fields are ignored, only optional fields are ever added. A change that
breaks a reader is a new major version and so a new topic (topics.py).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import msgspec

from tocsin.errors import BadMessage, Reason

M = TypeVar("M", bound="Message")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What all structs on the wire share: frozen, built by keyword."""


class PublishedBasis(StrEnum):
    """Where an article's publication time comes from."""

    FEED = "feed"
    MANIFEST = "manifest"
    PAGE = "page"
    TEXT = "text"
    NONE = "none"


class Article(Message, frozen=True, kw_only=True):
    """One revision of one article, cleaned. Topic `tocsin.articles.v1`, key: id."""

    id: str
    guid: str
    source: str
    text: str
    fingerprint: str
    fetched_at: datetime
    revision: int = 1
    title: str | None = None
    url: str | None = None
    outlet: str | None = None
    agency: str | None = None
    dateline: str | None = None
    language: str | None = None
    published_at: datetime | None = None
    published_basis: PublishedBasis = PublishedBasis.NONE
    run: str | None = None
    flags: tuple[str, ...] = ()
    story: str | None = None  # id of the first article whose text this one nearly copies
    published_confidence: float | None = None  # 0 to 1; none for undated
    byline: str | None = None
    family: str | None = None  # the source family, as the one who set up the source names it
    tier: str | None = None  # what that family's word weighs: record, known, local, unknown
    country: str | None = None  # ISO3 of where the source publishes


class ArticleRef(Message, frozen=True, kw_only=True):
    """What travels with an event of the article that tells it."""

    id: str
    guid: str
    revision: int = 1
    title: str | None = None
    url: str | None = None
    outlet: str | None = None
    agency: str | None = None
    fingerprint: str = ""
    published_at: datetime | None = None
    published_basis: PublishedBasis = PublishedBasis.NONE
    run: str | None = None
    story: str | None = None
    family: str | None = None
    tier: str | None = None


def reference(article: Article) -> ArticleRef:
    """The part of an article that travels with its events."""
    return ArticleRef(
        id=article.id,
        guid=article.guid,
        revision=article.revision,
        title=article.title,
        url=article.url,
        outlet=article.outlet,
        agency=article.agency,
        fingerprint=article.fingerprint,
        published_at=article.published_at,
        published_basis=article.published_basis,
        run=article.run,
        story=article.story,
        family=article.family,
        tier=article.tier,
    )


class Plover(StrEnum):
    """Event classes of PLOVER 2021 (Political Language Ontology for Verifiable Event Records)."""

    AGREE = "AGREE"
    CONSULT = "CONSULT"
    SUPPORT = "SUPPORT"
    CONCEDE = "CONCEDE"
    COOPERATE = "COOPERATE"
    AID = "AID"
    RETREAT = "RETREAT"
    REQUEST = "REQUEST"
    ACCUSE = "ACCUSE"
    REJECT = "REJECT"
    THREATEN = "THREATEN"
    PROTEST = "PROTEST"
    SANCTION = "SANCTION"
    MOBILIZE = "MOBILIZE"
    COERCE = "COERCE"
    ASSAULT = "ASSAULT"


class ReportStatus(StrEnum):
    """What the reporter vouches for."""

    ASSERTED = "asserted"
    ORDERED = "ordered"
    ANNOUNCED = "announced"
    PLANNED = "planned"
    THREATENED = "threatened"
    REQUESTED = "requested"
    OFFERED = "offered"
    HYPOTHETICAL = "hypothetical"
    DENIED = "denied"
    NEGATED = "negated"


class TimeType(StrEnum):
    """When an event happened, seen from its article's publication."""

    CURRENT = "current"
    ONGOING = "ongoing"
    BACKGROUND = "background"  # within six months before publication
    HISTORICAL = "historical"  # older, or the generic past
    FUTURE = "future"


class Scope(StrEnum):
    """Between whom an act takes place."""

    INTERSTATE = "interstate"
    INTERNAL = "internal"  # a state on its own people or forces
    TRANSNATIONAL = "transnational"  # a state against a non-state group abroad


class Telling(StrEnum):
    """How a sentence tells an act; a mere mention never opens an episode."""

    MAIN = "main"  # a finite main clause, or a quotation's
    SUBORDINATE = "subordinate"  # a finite or participial subordinate clause
    MENTION = "mention"  # a noun phrase


class AttributionKind(StrEnum):
    """Who vouches for a telling."""

    NARRATOR = "narrator"
    OFFICIAL = "official"  # a named or titled official
    ANONYMOUS = "anonymous"  # "sources", "officials said"
    MEDIA = "media"  # another outlet


class Bound(StrEnum):
    """How a magnitude's value is to be read."""

    EXACT = "exact"
    LOWER = "lower"  # at least, more than
    UPPER = "upper"  # at most, up to
    APPROX = "approx"  # about, around


class Entity(Message, frozen=True, kw_only=True):
    """A named entity. Offsets are characters in the cleaned text, end exclusive."""

    text: str
    label: str
    start: int
    end: int
    code: str | None = None


class Cue(Message, frozen=True, kw_only=True):
    """An escalation keyword met in the text, from the lexicon."""

    category: str
    lemma: str
    text: str
    start: int
    end: int


class Actor(Message, frozen=True, kw_only=True):
    """Who acts or is acted on: `ISO3[.SECTOR]`, or IGO, CRM, REB, UNK with a suffix."""

    code: str
    text: str

    @property
    def state(self) -> str:
        """The first part of the code: an ISO 3166 alpha-3 code for a state."""
        return self.code.split(".", 1)[0].split("@", 1)[0]


class Magnitude(Message, frozen=True, kw_only=True):
    """A count in the text: `more than 4.5 million militia`."""

    text: str
    value: float
    unit: str
    bound: Bound = Bound.EXACT


class When(Message, frozen=True, kw_only=True):
    """When an event happened. `date` is an ISO date or `start/end`, resolved from publication."""

    type: TimeType
    text: str = ""
    date: str | None = None


class Attribution(Message, frozen=True, kw_only=True):
    """Who vouches for an event, in the article's words."""

    kind: AttributionKind
    text: str = ""


class Evidence(Message, frozen=True, kw_only=True):
    """The sentence that says so: `text == article.text[start:end]`."""

    text: str
    start: int
    end: int


class CodedEvent(Message, frozen=True, kw_only=True):
    """One event: source, action, target, and the sentences that say so.

    `confidence` is the coder's own certainty, 0 to 1. `score` is PLOVER's conflict-cooperation
    score of class and mode, -10 to 10, before status and time.
    """

    id: str
    plover: Plover
    cameo: str
    status: ReportStatus
    time: When
    scope: Scope
    telling: Telling
    score: float
    confidence: float
    evidence: tuple[Evidence, ...]
    source: Actor | None = None
    target: Actor | None = None
    mode: str | None = None
    directed_at_state: bool = True
    magnitude: tuple[Magnitude, ...] = ()
    place: str | None = None
    attribution: Attribution = Attribution(kind=AttributionKind.NARRATOR)


class EnrichedArticle(Message, frozen=True, kw_only=True):
    """All that enrich found in one article. Topic `tocsin.enriched.v1`, key: article id.

    `relevant` is false when the gate saw nothing to parse. `dyads` lists the pairs that got a
    report on the events topic.
    """

    article: ArticleRef
    coder: str
    relevant: bool
    entities: tuple[Entity, ...] = ()
    cues: tuple[Cue, ...] = ()
    events: tuple[CodedEvent, ...] = ()
    dyads: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class EventReport(Message, frozen=True, kw_only=True):
    """What one article says of one pair of states. Topic `tocsin.events.v1`, key: dyad.

    The events come most important first. A report is one step of the pair's state.
    """

    id: str
    dyad: str
    article: ArticleRef
    coder: str
    events: tuple[CodedEvent, ...]


class LevelState(StrEnum):
    """How far a level is backed."""

    CALM = "calm"
    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"


class Citation(Message, frozen=True, kw_only=True):
    """A sentence with the article it stands in."""

    article: ArticleRef
    evidence: Evidence
    event: str


class LevelStep(Message, frozen=True, kw_only=True):
    """The level went to `level` at `at`, because time passed without news."""

    level: int
    at: datetime


class LevelReport(Message, frozen=True, kw_only=True):
    """The level of a pair after one report, or after quiet. Topic `tocsin.levels.v1`.

    Key: dyad; for a replay `dyad@run`, so that an exercise never overwrites the live level.
    `fell` holds the steps down since the report before this one, oldest first.
    """

    dyad: str
    level: int
    name: str
    state: LevelState
    at: datetime
    confidence: float
    why: str
    citation: Citation | None = None
    report: str | None = None
    fell: tuple[LevelStep, ...] = ()
    directed_at_state: bool = True
    cooperation: str | None = None
    pressure: float = 0.0
    pressure_z: float | None = None
    blind: bool = False
    alert: str | None = None
    run: str | None = None


class AlertPhase(StrEnum):
    """Where an episode stands in its life."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    EASING = "easing"
    RESOLVED = "resolved"
    RETRACTED = "retracted"


class AlertStatus(StrEnum):
    """CAP 1.2 status: an exercise is a replay's alert and pages nobody unless asked."""

    ACTUAL = "actual"
    EXERCISE = "exercise"


class Severity(StrEnum):
    """Level 1 is info, 2 and 3 warning, 4 and 5 critical."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Change(StrEnum):
    """The material change a revision tells."""

    RAISED = "raised"
    LEVEL_UP = "level_up"
    CONFIRMED = "confirmed"
    NEW_FACT = "new_fact"
    MORE_SOURCES = "more_sources"
    EASED = "eased"
    RESOLVED = "resolved"
    RETRACTED = "retracted"


class Term(Message, frozen=True, kw_only=True):
    """One term of a confidence: the strongest telling by one source family.

    `weight = tier_weight * (0.7 if anonymous) * certainty`; the confidence of a level is
    `1 - prod(1 - weight)` over the families.
    """

    family: str
    tier: str
    tier_weight: float
    anonymous: bool
    certainty: float
    weight: float
    event: str
    citation: Citation


class Acknowledgement(Message, frozen=True, kw_only=True):
    """Somebody has taken an alert in hand, as it stood at `revision` and `level`."""

    alert: str
    revision: int
    level: int
    by: str
    at: datetime
    note: str = ""


class Silenced(Message, frozen=True, kw_only=True):
    """The silence that keeps an alert from being notified: whose, why and until when."""

    silence: str
    by: str
    reason: str
    until: datetime


class Alert(Message, frozen=True, kw_only=True):
    """One revision of one alert. Topic `tocsin.alerts.v1`, key: dyad.

    `id` stays for the whole episode and is the deduplication key everywhere; a receiver drops
    what it has seen of (id, revision). `rose` is the revision at which the level last rose.
    `acknowledged` and `silenced` are filled when it is shown or notified, not on the topic.
    """

    id: str
    revision: int
    rule: str
    rule_version: str
    dyad: str
    phase: AlertPhase
    status: AlertStatus
    severity: Severity
    change: Change
    level_before: int
    level: int
    level_name: str
    state: LevelState
    started_at: datetime
    at: datetime
    confidence: float
    threshold: float
    summary: str
    why: str
    direction: str
    directed_at_state: bool
    peak: int
    terms: tuple[Term, ...] = ()
    citations: tuple[Citation, ...] = ()
    novelty: str = ""
    lowers: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    duration_h: float | None = None
    run: str | None = None
    rose: int = 1
    blind: bool = False
    acknowledged: Acknowledgement | None = None
    silenced: Silenced | None = None


def decode(data: bytes | None, kind: type[M]) -> M:
    """The message in `data`.

    Raises:
        BadMessage: with its reason; the detail names the field, never the content.
    """
    if data is None:
        raise BadMessage(Reason.TOMBSTONE, "a record without a value")
    if not data:
        raise BadMessage(Reason.EMPTY, "a record of no bytes")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise BadMessage(Reason.WRONG_SHAPE, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(Reason.NOT_JSON, str(error)[:200]) from error


def encode(message: Message) -> bytes:
    """The message as JSON, the same bytes for the same message."""
    return msgspec.json.encode(message, order="deterministic")


def digest(*parts: str) -> str:
    """A 16-digit hexadecimal id from its parts; parts never run into each other."""
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:16]


def dyad_of(one: str, other: str) -> str:
    """The name of a pair of states: sorted ISO3 codes, `USA-VEN`."""
    return "-".join(sorted((one, other)))


def report_id(article: ArticleRef, dyad: str, coder: str) -> str:
    """The id of what one revision of an article says of one pair, as this coder reads it."""
    return digest(article.id, str(article.revision), dyad, coder)
