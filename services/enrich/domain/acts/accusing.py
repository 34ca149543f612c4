"""The accusation in a report of another's deed: "Israel said Hamas had fired at it"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.roles import arguments
from tocsin.messages import Plover, ReportStatus, Scope, Telling, TimeType, When

if TYPE_CHECKING:
    from services.enrich.domain.actors.role import Role
    from services.enrich.domain.acts.story import Draft, Story
    from services.enrich.domain.matching.frames import Fire

_SAYS = frozenset({"say", "claim", "allege", "charge", "assert", "maintain", "insist"})
_DEEDS = frozenset({Plover.ASSAULT, Plover.COERCE})
# Police, courts and papers tell of deeds by their office, and accuse nobody's enemy by it.
_OFFICES = frozenset({"COP", "JUD", "MED", "EDU", "CVL"})


def accusations(story: Story, fire: Fire, found: list[Draft]) -> list[Draft]:
    """One ACCUSE (CAMEO 112) by each state that tells of a deed by another; told on the side."""
    if fire.frame.plover not in _DEEDS or not found:
        return []
    teller = _teller(story, fire)
    if teller is None:
        return []
    done: list[Draft] = []
    for draft in found:
        doer = draft.source
        if draft.status is not ReportStatus.ASSERTED or doer is None or not _foreign(teller, doer):
            continue
        if all(doer.code != other.target.code for other in done if other.target):
            done.append(_accusation(story, draft, teller, doer))
    return done


def _teller(story: Story, fire: Fire) -> Role | None:
    """The state that says so, by the reporting verb right above the deed's clause."""
    scene = story.scene
    s = scene.sentence
    below = fire.clause
    up = s.head(below)
    while up is not None and s.tokens[below].dep == "conj":
        below, up = up, s.head(up)
    if up is None or s.tokens[below].dep != "ccomp" or s.tokens[up].lemma not in _SAYS:
        return None
    who = next(iter(arguments.source_roles(scene, up)), None)
    if who is None or not who.state or who.code.rpartition(".")[2] in _OFFICES:
        return None
    return who


def _foreign(teller: Role, doer: Role) -> bool:
    known = doer.state or not doer.code.startswith("UNK")
    return bool(known) and doer.state != teller.state and doer.code != teller.code


def _accusation(story: Story, draft: Draft, teller: Role, doer: Role) -> Draft:
    return draft._replace(
        plover=Plover.ACCUSE,
        mode="allege",
        cameo="11",
        time=When(type=TimeType.CURRENT),
        scope=Scope.INTERSTATE,
        telling=Telling.SUBORDINATE,
        score=story.scene.lexicon.score(Plover.ACCUSE, "allege"),
        source=teller,
        target=doer,
        directed_at_state=bool(doer.state),
        magnitude=(),
        place=None,
    )
