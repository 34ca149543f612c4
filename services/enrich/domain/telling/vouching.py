"""Who vouches for a telling: the narrator, an official, unnamed sources, another outlet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.messages import Attribution, AttributionKind

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene

NARRATOR = Attribution(kind=AttributionKind.NARRATOR)


def attribution(scene: Scene, i: int) -> Attribution:
    """Who vouches for the act at token `i`, by the nearest reporting verb or "according to"."""
    return _according(scene, i) or _reported(scene, i) or _added(scene, i) or NARRATOR


def _according(scene: Scene, i: int) -> Attribution | None:
    s = scene.sentence
    for one in (i, *s.ancestors(i)):
        for k in s.kids(one, "prep"):
            if s.tokens[k].lower == "according":
                for to in s.kids(k, "prep"):
                    for below in s.kids(to, "pobj"):
                        return _kind(scene, below)
    return None


def _reported(scene: Scene, i: int) -> Attribution | None:
    """As in "Officials said that it sank", "it is reported that it sank"."""
    s = scene.sentence
    below = i
    for up in s.ancestors(i):
        verb = s.tokens[up]
        if verb.is_verb and s.tokens[below].dep in {"ccomp", "xcomp"}:
            if verb.lemma in scene.lexicon.sources["passive"] and s.kids(up, "auxpass"):
                text = s.slice([*s.kids(up, "nsubjpass"), up])
                return Attribution(kind=AttributionKind.ANONYMOUS, text=text)
            who = s.kid(up, "nsubj")
            if who is not None and verb.lemma in scene.lexicon.operators["report"]:
                return _kind(scene, who)
        below = up
    return None


def _added(scene: Scene, i: int) -> Attribution | None:
    """As in "It sank, officials said", with the report below the deed."""
    s = scene.sentence
    for k in s.kids(i, "parataxis", "ccomp"):
        who = s.kid(k, "nsubj")
        if who is not None and s.tokens[k].lemma in {"say", "report", "add", "tell"}:
            return _kind(scene, who)
    return None


def _kind(scene: Scene, who: int) -> Attribution:
    s = scene.sentence
    token = s.tokens[who]
    text = s.slice([k for k in s.subtree(who) if k <= who] or [who])
    named = any(s.tokens[k].is_name for k in s.kids(who, "appos")) or (
        token.is_name and token.lemma not in scene.lexicon.sources["anonymous"]
    )
    lemma = token.lemma
    outlet = any(
        s.tokens[k].lower in scene.lexicon.sources["media"] for k in s.subtree(who) if k <= who
    )
    if outlet and not scene.role(who):
        return Attribution(kind=AttributionKind.MEDIA, text=text)
    if lemma in scene.lexicon.sources["anonymous"] and not named:
        return Attribution(kind=AttributionKind.ANONYMOUS, text=text)
    role = scene.role(who)
    if role and role.state:
        return Attribution(kind=AttributionKind.OFFICIAL, text=text)
    if lemma in scene.lexicon.sources["anonymous"]:
        return Attribution(kind=AttributionKind.ANONYMOUS, text=text)
    return Attribution(kind=AttributionKind.NARRATOR, text=text)
