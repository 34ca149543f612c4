"""A fired frame to events: its roles, status, time, scope and certainty filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.actors.role import Role
from services.enrich.domain.acts.classing import class_of, status_of, together
from services.enrich.domain.acts.story import Draft, Story
from services.enrich.domain.roles import arguments
from services.enrich.domain.roles.doers import doers, spoken, strangers
from services.enrich.domain.roles.facing import facing, mobilised_against, tied
from services.enrich.domain.roles.hands import LONE, is_lone
from services.enrich.domain.roles.hosts import HOST, is_host
from services.enrich.domain.roles.targets import place, targets, thing
from services.enrich.domain.telling import amounts, times, vouching
from tocsin.messages import (
    Magnitude,
    Plover,
    ReportStatus,
    Scope,
    Telling,
    TimeType,
    When,
)

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.matching.frames import Fire


P, S = Plover, ReportStatus

_MUTUAL = frozenset({"with", "between", "object", "among"})
_WHERE = frozenset({"in", "at", "place", "on", "of"})  # where several meet is no party to it

_VOID = frozenset({S.NEGATED, S.DENIED})

_MAX_PAIRS = 6
_SOMEONES = "UNK.MIL"  # "the army and navy", in the words of whose they are


def drafts(story: Story, fire: Fire) -> list[Draft]:
    """The events of one fired frame; none where its words are a purpose or hold no actor."""
    status = status_of(story, fire)
    if fire.frame.mode == "comment" and status in _VOID:
        return []
    if status is None or (fire.frame.only_status and status not in fire.frame.only_status):
        return []
    sources = doers(story.scene, fire)
    aims, where = targets(story.scene, fire, sources)
    if not aims and "object" in fire.frame.target and not fire.noun:
        aims = strangers(story.scene, fire, sources)
    if fire.frame.aimed and not aims and len(sources) < 2:
        return []
    if fire.frame.plover is P.MOBILIZE and all(role.code == _SOMEONES for role in sources):
        sources = spoken(story.scene, fire) or sources
    if fire.frame.plover is P.MOBILIZE and facing(sources, aims):
        pairs = facing(sources, aims)
        return [_draft(story, fire, status, a, b) for a, b in pairs]
    if fire.frame.plover is P.MOBILIZE and sources:
        aims = mobilised_against(story.scene, fire, sources[0], aims)
    return [
        _draft(story, fire, status, source, target)
        for source, target in _pairs(fire, sources, aims, where)
        if _complete(story, fire, source, target)
    ]


def _complete(story: Story, fire: Fire, source: Role | None, target: Role | None) -> bool:
    """Whether enough roles are known; what is told in passing must name its doer."""
    if source is None and target is None:
        return False
    telling = story.reading.telling(fire.clause, noun=fire.noun and fire.anchor is None)
    if source is None:
        return telling is Telling.MAIN
    return target is not None or telling is not Telling.MENTION


def _pairs(
    fire: Fire, sources: list[Role], aims: list[Role], where: str
) -> list[tuple[Role | None, Role | None]]:
    pairs: list[tuple[Role | None, Role | None]]
    parties = {role.state for role in sources} - {""}
    strangers = not any(
        (aim.state and aim.state not in parties) or aim.code.startswith(("REB", "CRM", "UNK.REB"))
        for aim in aims
    )
    if fire.frame.reciprocal and where in _WHERE and len(parties) > 1:
        aims = []
    among = sources if not aims or (strangers and len(parties) > 1) else aims if not sources else []
    if fire.frame.reciprocal and len(among) > 1:
        pairs = [(a, b) for a in among for b in among if a.code != b.code]
        return pairs[:_MAX_PAIRS]
    doers: list[Role | None] = [*sources] or [None]
    others: list[Role | None] = [*aims] or [None]
    pairs = [(a, b) for a in doers for b in others]
    if where in _MUTUAL and fire.frame.reciprocal and fire.frame.plover is not P.SANCTION:
        pairs += [(b, a) for a, b in pairs if a and b]
    return pairs[:_MAX_PAIRS]


def _draft(
    story: Story, fire: Fire, status: ReportStatus, source: Role | None, target: Role | None
) -> Draft:
    scene, frame = story.scene, fire.frame
    s = scene.sentence
    plover, cameo, status = class_of(scene, fire, status)
    if frame.mode == "drill" and together(scene, fire, target):
        plover, cameo = P.COOPERATE, "06"
    there = place(scene, fire)
    target = tied(scene, fire, source, target, there)
    if target is None and source and source.state and _domestic(fire):
        target = Role(source.state, fire.i, 1.0)
    known = target
    if target is None and plover is not P.MOBILIZE:
        target = thing(scene, fire)
    scope = _scope(source, target)
    if "speaker" in frame.source:
        told = When(type=TimeType.CURRENT)
    else:
        told = times.when(
            s,
            story.phrases,
            fire.clause,
            status,
            noun=fire.noun and fire.anchor is None,
            published=story.published,
        )
    telling = story.reading.telling(fire.clause, noun=fire.noun and fire.anchor is None)
    return Draft(
        plover=plover,
        mode=frame.mode,
        cameo=cameo,
        status=status,
        time=told,
        scope=scope,
        telling=telling,
        score=scene.lexicon.score(plover, frame.mode),
        confidence=_certainty(scene, plover, source, known),
        source=source,
        target=target,
        directed_at_state=bool(target is None or target.state),
        magnitude=tuple(_magnitudes(scene, fire)),
        place=there.state if there else None,
        attribution=vouching.attribution(scene, fire.clause),
        spans=((s.start, s.end),),
        where=(scene.order, fire.i),
        again=fire.noun and any(s.tokens[k].lower == "the" for k in s.kids(fire.i, "det")),
    )


def _domestic(fire: Fire) -> bool:
    """Whether an act with no target named is on the state's own people."""
    return fire.frame.plover is P.COERCE and fire.frame.mode in {"restrict", "martial-law"}


def _scope(source: Role | None, target: Role | None) -> Scope:
    if target is None:
        return Scope.INTERSTATE
    if not target.state:
        if target.code == "UNK":
            return Scope.INTERSTATE
        if target.code.startswith(("CRM", "REB", "UNK")):
            return Scope.TRANSNATIONAL if source and source.state else Scope.INTERNAL
        return Scope.INTERSTATE
    if source and source.state == target.state:
        return Scope.INTERNAL
    return Scope.INTERSTATE


def _certainty(scene: Scene, plover: Plover, source: Role | None, target: Role | None) -> float:
    """How sure it is that the one state acts on the other."""
    if is_host(scene, plover, target):
        return HOST
    if plover is P.ASSAULT and is_lone(scene, source):
        return LONE
    return _confidence(source, target)


def _confidence(source: Role | None, target: Role | None) -> float:
    """1 with both roles in the clause's own words, less for each that is inferred or missing."""
    unsure = sum(role is None or role.sure < 1.0 for role in (source, target))
    return (1.0, 0.85, 0.7)[unsure]


def _magnitudes(scene: Scene, fire: Fire) -> list[Magnitude]:
    s, frame = scene.sentence, fire.frame
    if frame.plover in {P.THREATEN, P.SANCTION, P.AID}:
        found = amounts.money(s)
        if found:
            return found
    heads = arguments.patient(s, fire.clause) if s.tokens[fire.clause].is_verb else []
    heads += arguments.objects_of(s, fire.i, {"of", "with", "including"}, through=True)
    if frame.plover is P.MOBILIZE and s.tokens[fire.clause].is_verb:
        heads += s.kids(fire.clause, "nsubj")
    if frame.internal:
        heads += [token.i for token in s.tokens if scene.lexicon.units.get(token.lemma) == "states"]
    return amounts.counts(s, heads, scene.lexicon)
