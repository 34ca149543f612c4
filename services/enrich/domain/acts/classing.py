"""The status, class and CAMEO root of an act."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.roles.doers import doers
from tocsin.messages import Plover, ReportStatus

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.actors.role import Role
    from services.enrich.domain.acts.story import Story
    from services.enrich.domain.matching.frames import Fire


P, S = Plover, ReportStatus

_DEEDS = frozenset(
    {P.MOBILIZE, P.ASSAULT, P.COERCE, P.SANCTION, P.AID, P.RETREAT, P.CONCEDE, P.COOPERATE}
)

_COOPERATION = frozenset({P.AGREE, P.CONSULT, P.SUPPORT, P.CONCEDE, P.COOPERATE, P.AID, P.RETREAT})

_TAKEN_AWAY = frozenset({S.NEGATED, S.DENIED, S.HYPOTHETICAL})

_WEIGH = frozenset(
    {"consider", "explore", "mull", "weigh", "contemplate", "study", "ponder", "debate"}
)


def status_of(story: Story, fire: Fire) -> ReportStatus | None:
    """The report status of a fired frame; none where it is a purpose, and so no act."""
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


def class_of(scene: Scene, fire: Fire, status: ReportStatus) -> tuple[Plover, str, ReportStatus]:
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


def together(scene: Scene, fire: Fire, target: Role | None) -> bool:
    """Whether several hold an exercise with each other, near nobody's coast."""
    states = {role.state for role in doers(scene, fire) if role.state}
    return len(states) > 1 and (target is None or target.state in states)
