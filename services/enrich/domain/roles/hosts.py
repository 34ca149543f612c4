"""Forces sent to a state are as often its guests as its enemies: "sends troops to Iraq"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.messages import Plover

if TYPE_CHECKING:
    from services.enrich.domain.actors.phrases import Scene
    from services.enrich.domain.actors.role import Role

# (ours) The certainty that they face the state they go to: too little for one source to ring on.
# To its border, off its coast, into or against it they face it.
HOST: Final = 0.4
_TO: Final = frozenset({"to", "in"})
_WHOLE: Final = frozenset({"state", "city", "seat"})


def is_host(scene: Scene, plover: Plover, target: Role | None) -> bool:
    """Whether the target of a mobilisation is only the state, by name, that forces go to."""
    if plover is not Plover.MOBILIZE or target is None:
        return False
    name = scene.names.get(target.token)
    s = scene.sentence
    token = s.tokens[target.token]
    if name is None or name.kind not in _WHOLE or token.dep != "pobj":
        return False
    prep = s.tokens[token.head]
    outer = s.tokens[prep.head].lower if prep.lower == "in" else ""
    return prep.lower in _TO and outer not in {"border", "frontier", "waters", "coast"}
