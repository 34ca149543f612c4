"""A fired frame to events: its roles, status, time, scope and certainty filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.enrich.domain.actors.phrases import INFERRED, Role
from services.enrich.domain.acts import amounts, arguments, times, vouching
from services.enrich.domain.acts.targets import beyond, place, rhetoric, targets, thing, tie
from tocsin.messages import (
    Attribution,
    Magnitude,
    Plover,
    ReportStatus,
    Scope,
    Telling,
    TimeType,
    When,
)

if TYPE_CHECKING:
    from datetime import date

    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.acts.frames import Fire
    from services.enrich.domain.acts.status import Reading
    from services.enrich.domain.acts.times import Phrase

P, S = Plover, ReportStatus
_FORCE = frozenset({P.MOBILIZE, P.ASSAULT})
_DEEDS = frozenset(
    {P.MOBILIZE, P.ASSAULT, P.COERCE, P.SANCTION, P.AID, P.RETREAT, P.CONCEDE, P.COOPERATE}
)
_COOPERATION = frozenset({P.AGREE, P.CONSULT, P.SUPPORT, P.CONCEDE, P.COOPERATE, P.AID, P.RETREAT})
_TAKEN_AWAY = frozenset({S.NEGATED, S.DENIED, S.HYPOTHETICAL})
_WEIGH = frozenset(
    {"consider", "explore", "mull", "weigh", "contemplate", "study", "ponder", "debate"}
)
_MUTUAL = frozenset({"with", "between", "object", "among"})
_VOID = frozenset({S.NEGATED, S.DENIED})
_BOTH = 2
_MAX_PAIRS = 6


class Draft(NamedTuple):
    """An event before merging and numbering. `where` is its sentence's order and token."""

    plover: Plover
    mode: str | None
    cameo: str
    status: ReportStatus
    time: When
    scope: Scope
    telling: Telling
    score: float
    confidence: float
    source: Role | None
    target: Role | None
    directed_at_state: bool
    magnitude: tuple[Magnitude, ...]
    place: str | None
    attribution: Attribution
    spans: tuple[tuple[int, int], ...]
    where: tuple[int, int]
    again: bool = False  # "the drill": told of before


class Story(NamedTuple):
    """What all acts of one sentence share."""

    scene: Scene
    reading: Reading
    phrases: list[Phrase]
    published: date | None


def drafts(story: Story, fire: Fire) -> list[Draft]:
    """The events of one fired frame; none where its words are a purpose or hold no actor."""
    status = _status(story, fire)
    if fire.frame.mode == "comment" and status in _VOID:
        return []
    if status is None or (fire.frame.only_status and status not in fire.frame.only_status):
        return []
    sources = _sources(story.scene, fire)
    aims, where = targets(story.scene, fire, sources)
    if not aims and "object" in fire.frame.target and not fire.noun:
        aims = _strangers(story.scene, fire, sources)
    if fire.frame.aimed and not aims and len(sources) < 2:
        return []
    if fire.frame.plover is P.MOBILIZE and not sources:
        sources = _spoken(story.scene, fire)
    if fire.frame.plover is P.MOBILIZE and _facing(sources, aims):
        pairs = _facing(sources, aims)
        return [_draft(story, fire, status, a, b) for a, b in pairs]
    if fire.frame.plover is P.MOBILIZE and sources:
        aims = _mobilised_against(story.scene, fire, sources[0], aims)
    return [
        _draft(story, fire, status, source, target)
        for source, target in _pairs(fire, sources, aims, mutual=where in _MUTUAL)
        if _complete(story, fire, source, target)
    ]


def _facing(sources: list[Role], aims: list[Role]) -> list[tuple[Role, Role]]:
    """Forces of two states that move at once, towards nobody else, move against each other."""
    states = {role.state for role in sources}
    if len(states) != _BOTH or "" in states or any(aim.state not in states for aim in aims):
        return []
    return [(a, b._replace(code=b.state)) for a in sources for b in sources if a.state != b.state]


def _strangers(scene: Scene, fire: Fire, sources: list[Role]) -> list[Role]:
    """Objects that are somebody, though no list says who."""
    own = {role.token for role in sources}
    found = [scene.somebody(k) for k in arguments.patient(scene.sentence, fire.i)]
    return [role for role in found if role and role.token not in own][:1]


def _complete(story: Story, fire: Fire, source: Role | None, target: Role | None) -> bool:
    """Whether enough roles are known; what is told in passing must name its doer."""
    if source is None and target is None:
        return False
    telling = story.reading.telling(fire.clause, noun=fire.noun and fire.anchor is None)
    if source is None:
        return telling is Telling.MAIN
    return target is not None or telling is not Telling.MENTION


def _status(story: Story, fire: Fire) -> ReportStatus | None:
    reading, frame = story.reading, fire.frame
    if not fire.noun and reading.purpose(fire.i) and frame.plover in _DEEDS:
        outer = story.scene.sentence.head(fire.i)
        above = reading.of_verb(outer) if outer is not None else S.ASSERTED
        if above not in {S.PLANNED, S.HYPOTHETICAL}:
            return None
        return above
    found = reading.of_noun(fire.i, fire.anchor) if fire.noun else reading.of_verb(fire.i)
    if found is S.HYPOTHETICAL and frame.plover in _COOPERATION and reading.would(fire.clause):
        found = S.PLANNED  # "the EU would hold talks next month"
    if frame.status is None:
        return found
    if frame.negative:
        return frame.status
    return found if found in _TAKEN_AWAY else frame.status


def _sources(scene: Scene, fire: Fire) -> list[Role]:
    s = scene.sentence
    if "speaker" in fire.frame.source:
        speaker = scene.cast.speaker
        return [Role(speaker.code, fire.i, 1.0, speaker.text)] if speaker else []
    if fire.frame.source and not fire.noun:
        given = arguments.objects_of(s, fire.i, set(fire.frame.source))
        return [role for k in given for role in scene.roles(k)]
    if fire.noun:
        named = _named_source(scene, fire)
        if named or fire.anchor is None:
            return named or (_other_party(scene, fire) if fire.frame.reciprocal else [])
        return arguments.source_roles(scene, fire.anchor)
    found = arguments.source_roles(scene, fire.i)
    if not found and arguments.is_passive(s, fire.i) and fire.frame.plover is P.ASSAULT:
        return _means(scene, fire)
    if not found and arguments.is_passive(s, fire.i) and fire.frame.plover is P.MOBILIZE:
        for k in arguments.patient(s, fire.i):
            owner = scene.role(k) or scene.owner(k)
            if owner and owner.state:
                return [
                    owner._replace(code=owner.code if "." in owner.code else f"{owner.state}.MIL")
                ]
    return found


def _spoken(scene: Scene, fire: Fire) -> list[Role]:
    """The speaker's side, whose forces an act without a doer is most likely about."""
    speaker = scene.cast.speaker
    aside = scene.sentence.tokens[fire.clause].dep in {"relcl", "acl"}
    if speaker is None or aside or (fire.noun and fire.anchor is None):
        return []
    return [Role(speaker.code, fire.i, INFERRED, speaker.text)]


def _other_party(scene: Scene, fire: Fire) -> list[Role]:
    """As in "Turkey withdrew as the threat of conflict with Greece eased": who else is in it."""
    before = [k for k in scene.names if k < fire.i]
    role = scene.role(max(before)) if before and fire.frame.plover is P.THREATEN else None
    return [role._replace(sure=INFERRED)] if role and role.state else []


def _means(scene: Scene, fire: Fire) -> list[Role]:
    """Whose means killed: "were killed in Israeli shelling", "in a strike by the coalition"."""
    s = scene.sentence
    for k in arguments.objects_of(s, fire.i, {"in", "by"}, through=False):
        if scene.lexicon.by_noun.get(s.tokens[k].lemma):
            owner = scene.owner(k)
            if owner:
                return [owner]
    return []


def _named_source(scene: Scene, fire: Fire) -> list[Role]:
    """Whose a deed is, in its own noun phrase: "by the United States", "U.S. attacks"."""
    s = scene.sentence
    preps = {"by", "from", "between"} if not fire.frame.source else set(fire.frame.source)
    for k in arguments.objects_of(s, fire.i, preps, through=fire.anchor is None):
        roles = scene.roles(k)
        owner = scene.owner(k)
        if roles or owner:
            return roles or [owner] if owner else roles
    for k in s.kids(fire.i, "acl"):
        if arguments.is_passive(s, k):
            return arguments.source_roles(scene, k)
    for k in s.kids(fire.i, "poss", "compound", "amod", "nmod"):
        role = scene.role(k) if s.tokens[k].dep != "amod" or k in scene.names else None
        role = role or (scene.owner(k, 0) if s.tokens[k].dep == "poss" else None)
        if role and (role.state or s.tokens[k].dep == "poss"):
            return [role]
    return []


def _mobilised_against(scene: Scene, fire: Fire, source: Role, aims: list[Role]) -> list[Role]:
    """The state a show of force is tied to; the own state when it stays at home."""
    state = source.state
    if any(aim.state and aim.state != state for aim in aims):
        return [aim._replace(code=aim.state) for aim in aims if aim.state and aim.state != state][
            :1
        ]
    if not state or fire.frame.internal or fire.frame.mode == "police":
        return [Role(state, fire.i, 1.0)] if state else aims
    answer = tie(scene, fire, state) or rhetoric(scene, state)
    if answer:
        return [answer]
    there = place(scene, fire)
    if there is not None:
        return [there if there.state != state else beyond(scene, fire, state) or there]
    rival = scene.cast.rival(state)
    if fire.noun and fire.anchor is None:
        beside = {name.code[:3] for name in scene.names.values()} - {state}
        return [Role(rival, fire.i, INFERRED)] if rival in beside and rival else []
    if rival and _defiant(scene, fire):
        return [Role(rival, fire.i, INFERRED)]
    return [Role(state, fire.i, 1.0)]


def _defiant(scene: Scene, fire: Fire) -> bool:
    """Whether forces go somewhere or a militia is raised, with the rival left to the context."""
    s = scene.sentence
    if fire.frame.mode == "militia":
        told_to_join = any(s.tokens[k].dep in {"xcomp", "ccomp"} for k in s.children[fire.clause])
        return not told_to_join
    going = {"to", "toward", "towards", "into", "off", "in", "near", "across"}
    return fire.frame.mode == "weapons" and any(
        s.tokens[k].is_noun for k in arguments.objects_of(s, fire.clause, going)
    )


def _pairs(
    fire: Fire, sources: list[Role], aims: list[Role], *, mutual: bool
) -> list[tuple[Role | None, Role | None]]:
    pairs: list[tuple[Role | None, Role | None]]
    parties = {role.state for role in sources} - {""}
    strangers = not any(aim.state and aim.state not in parties for aim in aims)
    among = sources if not aims or (strangers and len(parties) > 1) else aims if not sources else []
    if fire.frame.reciprocal and len(among) > 1:
        pairs = [(a, b) for a in among for b in among if a.code != b.code]
        return pairs[:_MAX_PAIRS]
    doers: list[Role | None] = [*sources] or [None]
    others: list[Role | None] = [*aims] or [None]
    pairs = [(a, b) for a in doers for b in others]
    if mutual and fire.frame.reciprocal and fire.frame.plover is not P.SANCTION:
        pairs += [(b, a) for a, b in pairs if a and b]
    return pairs[:_MAX_PAIRS]


def _draft(
    story: Story, fire: Fire, status: ReportStatus, source: Role | None, target: Role | None
) -> Draft:
    scene, frame = story.scene, fire.frame
    s = scene.sentence
    plover, cameo, status = _class(scene, fire, status)
    if frame.mode == "drill" and _together(scene, fire, target):
        plover, cameo = P.COOPERATE, "06"
    there = place(scene, fire)
    target = _tied(scene, fire, source, target, there)
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
        confidence=_confidence(source, known),
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


def _class(scene: Scene, fire: Fire, status: ReportStatus) -> tuple[Plover, str, ReportStatus]:
    """The class and CAMEO root once the status is known: what is refused is no cooperation."""
    frame = fire.frame
    scale = scene.lexicon.classes[frame.plover]
    if (
        frame.plover in _COOPERATION
        and status in {S.NEGATED, S.DENIED}
        and frame.plover is not P.SUPPORT
    ):
        return P.REJECT, "12", S.ASSERTED if status is S.NEGATED else status
    if status in {S.PLANNED, S.ANNOUNCED} and scale.promise:
        return frame.plover, scale.promise, status
    if status is S.HYPOTHETICAL and (_weighed(scene, fire) or scale.promise == "03"):
        return frame.plover, "01", status
    if frame.plover is P.ASSAULT and _claimed(scene, fire):
        return frame.plover, "01", status
    return frame.plover, frame.cameo, status


def _weighed(scene: Scene, fire: Fire) -> bool:
    """Whether the act is only considered, CAMEO's "consider policy option"."""
    s = scene.sentence
    return any(s.tokens[k].lemma in _WEIGH for k in s.ancestors(fire.clause))


def _claimed(scene: Scene, fire: Fire) -> bool:
    """Whether the doers claim their own deed, CAMEO's "claim responsibility"."""
    s = scene.sentence
    above = s.head(fire.clause)
    who = s.kid(fire.clause, "nsubj")
    return (
        above is not None
        and who is not None
        and s.tokens[above].lemma == "claim"
        and s.tokens[who].lower in {"they", "it", "he", "she", "we"}
    )


def _tied(
    scene: Scene, fire: Fire, source: Role | None, target: Role | None, there: Role | None
) -> Role | None:
    """The target of a use of force on nobody's forces: who they are, and off whose coast."""
    if fire.frame.plover not in _FORCE or fire.frame.plover is P.MOBILIZE:
        return target
    abroad = there.state if there and source and there.state != source.state else ""
    criminal = _criminal(scene, fire)
    if target is None or (target.state == abroad and abroad and _unflagged(scene, fire)):
        if abroad or criminal:
            who = "CRM" if criminal else "UNK"
            return Role(f"{who}@{abroad}" if abroad else who, fire.i, 1.0)
        return target
    if abroad and target.code in {"CRM", "UNK.CRM"}:
        return target._replace(code=f"CRM@{abroad}")
    return target


def _together(scene: Scene, fire: Fire, target: Role | None) -> bool:
    """Whether several hold an exercise with each other, near nobody's coast."""
    doers = {role.state for role in _sources(scene, fire) if role.state}
    return len(doers) > 1 and (target is None or target.state in doers)


def _domestic(fire: Fire) -> bool:
    """Whether an act with no target named is on the state's own people."""
    return fire.frame.plover is P.COERCE and fire.frame.mode in {"restrict", "martial-law"}


def _unflagged(scene: Scene, fire: Fire) -> bool:
    """Whether what is hit is a craft or a gang and not the state it is near."""
    s = scene.sentence
    heads = arguments.patient(s, fire.clause) if s.tokens[fire.clause].is_verb else []
    return any(
        s.tokens[k].lemma in scene.lexicon.objects["vessel"] and scene.owner(k, 0) is None
        for k in heads
    )


def _criminal(scene: Scene, fire: Fire) -> bool:
    s = scene.sentence
    near = s.subtree(fire.i)
    return any(
        s.tokens[k].lemma in scene.lexicon.objects["crime"] and s.tokens[k].lemma != "security"
        for k in near
    )


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
