"""One article's sentences to its events, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from services.enrich.domain import merging, ranking
from services.enrich.domain.actors.cast import Cast
from services.enrich.domain.actors.halves import halves
from services.enrich.domain.actors.noting import note
from services.enrich.domain.actors.phrases import Scene
from services.enrich.domain.acts.accusing import accusations
from services.enrich.domain.acts.drafts import drafts
from services.enrich.domain.acts.restraint import dangers
from services.enrich.domain.acts.story import Draft, Story
from services.enrich.domain.language.slugs import Kind, kind
from services.enrich.domain.matching import frames
from services.enrich.domain.matching.ownership import owned
from services.enrich.domain.roles.doers import speaker
from services.enrich.domain.telling import dates
from services.enrich.domain.telling.status import Reading
from tocsin.messages import Plover, ReportStatus, Telling, TimeType

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from services.enrich.domain.actors.gazetteer import Gazetteer, Name
    from services.enrich.domain.language.tokens import Sentence
    from services.enrich.domain.lexicon import Lexicon

_SPOKEN = frozenset({Plover.THREATEN, Plover.ACCUSE, Plover.REJECT, Plover.REQUEST, Plover.CONSULT})
_EARLIER = frozenset({TimeType.BACKGROUND, TimeType.HISTORICAL})


def code(
    sentences: list[Sentence], published: date | None, lexicon: Lexicon, gazetteer: Gazetteer
) -> list[Draft]:
    """The events of an article's sentences, merged, the most important first."""
    told = _told(sentences, published, lexicon, gazetteer)
    return ranking.ranked(merging.merged([one for found in told for one in found]), lexicon)


def matters(
    sentences: list[Sentence], published: date | None, lexicon: Lexicon, gazetteer: Gazetteer
) -> bool:
    """Whether one of the sentences ties two states: then their article is worth reading whole."""
    told = _told(sentences, published, lexicon, gazetteer)
    return any(ranking.ties(one) for found in told for one in found)


def _told(
    sentences: list[Sentence], published: date | None, lexicon: Lexicon, gazetteer: Gazetteer
) -> Iterator[list[Draft]]:
    """The events of each sentence in turn, as they are met."""
    story = kind(sentences[0].text) if sentences and sentences[0].start == 0 else Kind.NEWS
    if story is Kind.SPORT:
        return
    cast = Cast(published.isoformat() if published else None)
    scenes = []
    for order, sentence in enumerate(sentences):
        scene = Scene(sentence, names(sentence, gazetteer, cast.day), cast, lexicon, order)
        note(scene)
        cast.speaker = speaker(scene) or cast.speaker
        scene.forget()
        scenes.append((scene, cast.speaker))
    before: list[Draft] = []
    for scene, cast.speaker in scenes:
        found = _code_sentence(scene, published, before)
        before = found
        yield [_told_again(one) for one in found] if story is Kind.LOOKING_BACK else found


def _told_again(draft: Draft) -> Draft:
    """A deed in a chronology or an analysis was news before."""
    current = draft.time.type is TimeType.CURRENT and draft.plover not in _SPOKEN
    when = msgspec.structs.replace(draft.time, type=TimeType.ONGOING) if current else draft.time
    return draft._replace(time=when, telling=Telling.MENTION)


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
    return {**found, **halves(sentence, found)}


def _code_sentence(scene: Scene, published: date | None, before: list[Draft]) -> list[Draft]:
    story = Story(
        scene,
        Reading(scene.sentence, scene.lexicon),
        dates.phrases(scene.sentence, published),
        published,
    )
    fired = frames.fires(scene)
    inside = owned(scene, fired)
    found: list[Draft] = []
    for fire in sorted(fired, key=lambda fire: fire.frame.fallback):
        if fire.i not in inside or "speaker" in fire.frame.source:
            if fire.frame.fallback and found:
                continue
            told = drafts(story, fire)
            found.extend(_carry_time(one, before) for one in told)
            found.extend(accusations(story, fire, told))
            found.extend(dangers(story, fire, told))
    return found


def _carry_time(draft: Draft, before: list[Draft]) -> Draft:
    """An undated deed goes with the dated one its doer was told of a sentence before."""
    undated = not draft.time.text and draft.time.type is TimeType.CURRENT
    if not undated or draft.source is None or draft.status is not ReportStatus.ASSERTED:
        return draft
    for other in before:
        if (
            other.time.text
            and other.source
            and other.source.code == draft.source.code
            and other.time.type in _EARLIER
        ):
            return draft._replace(time=other.time)
    return draft
