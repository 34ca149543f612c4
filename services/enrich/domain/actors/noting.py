"""What the cast learns from each sentence before any is coded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.actors import gazetteer
from services.enrich.domain.actors.cast import Mention

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene


def note(scene: Scene) -> None:
    """Tell the cast who this sentence mentions."""
    s = scene.sentence
    for i, token in enumerate(s.tokens):
        name = scene.names.get(i)
        if name and len(name.code.split(".")[0]) == 3 and name.kind != gazetteer.GROUP:
            scene.cast.count_state(name.code[:3])
        if not token.is_noun or token.dep in {"compound", "amod", "nmod"}:
            continue
        role = scene.role(i)
        if role is None or role.sure < 1.0:
            continue
        person = (name is not None and name.kind == gazetteer.LEADER) or (
            token.is_name and name is None
        )
        above = s.tokens[token.head].dep
        subject = (
            token.dep in {"nsubj", "nsubjpass"}
            or above == "agent"
            or (token.dep == "appos" and above in {"nsubj", "nsubjpass"})
        )
        titled = not person and token.tag == "NN" and bool(s.kids(i, "appos"))
        scene.cast.mention(
            Mention(
                role.code,
                role.text,
                (scene.order, i),
                person or titled,
                subject,
                plural=name is None and token.tag in {"NNS", "NNPS"},
            )
        )
