"""Attachments the parser gets wrong often enough to put right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.enrich.domain.language.tokens import Token

_PRONOUNS = frozenset({"it", "them", "him", "her"})


def repaired(tokens: list[Token]) -> list[Token]:
    """The tokens with second relative verbs joined to the first.

    "X referred to Y, which it banned and accused it of Z" has two relative verbs; the parser joins
    the second to "referred".
    """
    return [_joined_to_relative(token, tokens) for token in tokens]


def _joined_to_relative(token: Token, tokens: list[Token]) -> Token:
    if token.dep != "conj" or not token.is_verb:
        return token
    objects = [k for k in tokens if k.head == token.i and k.dep == "dobj" and k.lower in _PRONOUNS]
    own = [k for k in tokens if k.head == token.i and k.dep in {"nsubj", "nsubjpass"}]
    if not objects or own:
        return token
    for other in reversed(tokens[token.head + 1 : token.i]):
        if other.dep == "relcl" and other.tag == token.tag:
            return token._replace(head=other.i)
    return token
