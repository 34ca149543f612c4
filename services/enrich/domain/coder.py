"""One article's sentences to its events, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain import merging, ranking
from services.enrich.domain.actors import phrases
from services.enrich.domain.actors.cast import Cast, Mention
from services.enrich.domain.actors.phrases import Scene
from services.enrich.domain.acts import arguments, frames, times
from services.enrich.domain.acts.drafts import Draft, Story, drafts
from services.enrich.domain.acts.status import Reading
from tocsin.messages import Plover, ReportStatus, TimeType

if TYPE_CHECKING:
    from datetime import date

    from services.enrich.domain.actors.gazetteer import Gazetteer, Name
    from services.enrich.domain.acts.frames import Fire
    from services.enrich.domain.language.tokens import Sentence
    from services.enrich.domain.lexicon import Lexicon

_EARLIER = frozenset({TimeType.BACKGROUND, TimeType.HISTORICAL})
# Speech acts own the nouns and clauses they are about: rejecting a threat is no threat.
_SPEECH = frozenset(
    {
        Plover.ACCUSE,
        Plover.REJECT,
        Plover.THREATEN,
        Plover.REQUEST,
        Plover.SUPPORT,
        Plover.AGREE,
        Plover.CONCEDE,
    }
)


def code(
    sentences: list[Sentence], published: date | None, lexicon: Lexicon, gazetteer: Gazetteer
) -> list[Draft]:
    """The events of an article's sentences, merged, the most important first."""
    cast = Cast(published.isoformat() if published else None)
    scenes = []
    for order, sentence in enumerate(sentences):
        scene = Scene(sentence, names(sentence, gazetteer, cast.day), cast, lexicon, order)
        phrases.note(scene)
        scenes.append(scene)
    found: list[Draft] = []
    for scene in scenes:
        found.extend(_code_sentence(scene, published, found))
    return ranking.ranked(merging.merged(found), lexicon)


def names(sentence: Sentence, gazetteer: Gazetteer, day: str | None) -> dict[int, Name]:
    """The names in a sentence by the token that heads them."""
    found: dict[int, Name] = {}
    for hit in gazetteer.find(sentence.text):
        start, end = hit.start + sentence.start, hit.end + sentence.start
        covered = [token for token in sentence.tokens if token.start < end and token.end > start]
        if not covered:
            continue
        inside = {token.i for token in covered}
        heads = [token.i for token in covered if token.head not in inside or token.head == token.i]
        found[heads[-1] if heads else covered[-1].i] = hit.on(day)
    return found


def _code_sentence(scene: Scene, published: date | None, before: list[Draft]) -> list[Draft]:
    scene.cast.speaker = _speaker(scene) or scene.cast.speaker
    story = Story(
        scene,
        Reading(scene.sentence, scene.lexicon),
        times.phrases(scene.sentence, published),
        published,
    )
    fired = frames.fires(scene)
    owned = _owned(scene, fired)
    found: list[Draft] = []
    for fire in sorted(fired, key=lambda fire: fire.frame.fallback):
        if fire.i not in owned or "speaker" in fire.frame.source:
            if fire.frame.fallback and found:
                continue
            found.extend(_carry_time(one, before) for one in drafts(story, fire))
    return found


def _carry_time(draft: Draft, before: list[Draft]) -> Draft:
    """An undated deed goes with the dated one its doer was told of a sentence before."""
    undated = not draft.time.text and draft.time.type is TimeType.CURRENT
    if not undated or draft.source is None or draft.status is not ReportStatus.ASSERTED:
        return draft
    for other in before:
        near = other.where[0] == draft.where[0] - 1 and other.time.text
        if (
            near
            and other.source
            and other.source.code == draft.source.code
            and other.time.type in _EARLIER
        ):
            return draft._replace(time=other.time)
    return draft


def _owned(scene: Scene, fired: list[Fire]) -> set[int]:
    """The tokens that belong to another act's words and so are no acts themselves."""
    s = scene.sentence
    found: set[int] = set()
    for fire in fired:
        if fire.i in found:
            continue
        if fire.anchor is not None:
            found.add(fire.anchor)
        if fire.noun and fire.frame.plover is Plover.REQUEST:
            inner = [
                *s.kids(fire.i, "acl", "relcl", "xcomp"),
                *s.kids(fire.clause, "xcomp", "advcl"),
            ]
            found.update(k for one in inner for k in _clause_tokens(s, one))
        if fire.noun:
            continue
        denies = fire.frame.plover is Plover.REJECT and fire.frame.status is not None
        for k in s.kids(fire.i, "dobj", "nsubjpass", "oprd"):
            found.update(s.subtree(k) if denies else _clause_tokens(s, k))
        if fire.frame.plover not in _SPEECH and fire.frame.mode != "comment":
            continue
        for k in s.children[fire.i]:
            dep = s.tokens[k].dep
            if (
                dep in {"dobj", "oprd", "nsubjpass"}
                or (
                    fire.frame.clause
                    and (
                        dep in {"xcomp", "ccomp", "prep", "dative"}
                        or (dep == "advcl" and not s.kids(k, "mark"))
                    )
                )
                or (dep == "prep" and fire.frame.deep)
                or (dep == "prep" and s.tokens[k].lower in {"of", "for", "on"})
            ):
                found.update(_clause_tokens(s, k))
    return found


def _clause_tokens(s: Sentence, k: int) -> list[int]:
    found, todo = [], [k]
    while todo:
        one = todo.pop()
        found.append(one)
        todo.extend(below for below in s.children[one] if s.tokens[below].dep != "relcl")
    return found


def _speaker(scene: Scene) -> Mention | None:
    """Who says what the sentence quotes or reports."""
    s = scene.sentence
    for token in s.tokens:
        if token.is_verb and token.lemma in scene.lexicon.operators["report"]:
            who = arguments.subject(s, token.i)
            role = scene.role(who) if who is not None else None
            if role and not role.code.startswith("UNK"):
                return Mention(
                    role.code, role.text, (scene.order, token.i), person=True, subject=True
                )
    return None
