"""The danger in an appeal to two states at once: "urged India and Pakistan to avoid war"."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from tocsin.messages import Plover, ReportStatus, Scope, Telling, TimeType, When

if TYPE_CHECKING:
    from services.enrich.domain.acts.story import Draft, Story
    from services.enrich.domain.matching.frames import Fire

_RESTRAINT = frozenset(
    "restraint escalation de-escalate deescalate war force conflict confrontation hostility clash "
    "bloodshed violence fighting tension".split()
)
_BOTH = 2


def dangers(story: Story, fire: Fire, found: list[Draft]) -> list[Draft]:
    """Force that may be used between the two who are asked to refrain: hypothetical, in passing."""
    if fire.frame.plover is not Plover.REQUEST or not found:
        return []
    s = story.scene.sentence
    asked = {draft.target.state: draft for draft in found if draft.target and draft.target.state}
    outside = all(draft.source is None or draft.source.state not in asked for draft in found)
    words = {word for k in s.subtree(fire.i) for word in (s.tokens[k].lemma, s.tokens[k].lower)}
    if len(asked) != _BOTH or not outside or not words & _RESTRAINT:
        return []
    return [
        one._replace(
            plover=Plover.THREATEN,
            mode="violence",
            cameo="13",
            status=ReportStatus.HYPOTHETICAL,
            time=When(type=TimeType.ONGOING),
            scope=Scope.INTERSTATE,
            telling=Telling.MENTION,
            score=story.scene.lexicon.score(Plover.THREATEN, "violence"),
            source=one.target,
            target=other.target,
            directed_at_state=True,
            magnitude=(),
            place=None,
        )
        for one, other in permutations(asked.values(), _BOTH)
    ]
