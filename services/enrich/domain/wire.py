"""A draft as the event that goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.messages import Actor, CodedEvent, Evidence, digest

if TYPE_CHECKING:
    from services.enrich.domain.actors.role import Role
    from services.enrich.domain.acts.story import Draft
    from tocsin.messages import Article


# Flags of an article: what of it was not read.
TRUNCATED = "truncated"  # beyond the cap
FOREIGN = "language"  # in a language that is not coded


def coded(article: Article, ordinal: int, draft: Draft, version: str) -> CodedEvent:
    """The event, its id stable for the article's revision, its place among them and the coder."""
    return CodedEvent(
        id=digest(article.id, str(article.revision), str(ordinal), version),
        plover=draft.plover,
        cameo=draft.cameo,
        status=draft.status,
        time=draft.time,
        scope=draft.scope,
        telling=draft.telling,
        score=draft.score,
        confidence=draft.confidence,
        evidence=tuple(
            Evidence(text=article.text[start:end], start=start, end=end)
            for start, end in draft.spans
        ),
        source=_actor(draft.source),
        target=_actor(draft.target),
        mode=draft.mode,
        directed_at_state=draft.directed_at_state,
        magnitude=draft.magnitude,
        place=draft.place,
        attribution=draft.attribution,
    )


def _actor(role: Role | None) -> Actor | None:
    return Actor(code=role.code, text=role.text) if role else None
