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
    return [_joined_to_relative(token, tokens) for token in _destinations(tokens)]


def _destinations(tokens: list[Token]) -> list[Token]:
    """The tokens with "to waters off the coast" read as a place, not as a verb "to water"."""
    found = list(tokens)
    for token in tokens:
        noun = tokens[token.head]
        if token.tag != "TO" or token.dep != "aux" or noun.tag not in {"NN", "NNS"}:
            continue
        if noun.head == noun.i:
            continue  # a root has nothing above it to go to
        found[token.i] = token._replace(tag="IN", dep="prep", head=noun.head)
        found[noun.i] = noun._replace(dep="pobj", head=token.i)
        off = next((k for k in tokens if k.head == noun.i and k.dep == "prt"), None)
        for below in tokens if off else ():
            if off and below.head == noun.i and below.dep == "dobj":
                found[off.i] = off._replace(tag="IN", dep="prep")
                found[below.i] = below._replace(dep="pobj", head=off.i)
    return found


def _joined_to_relative(token: Token, tokens: list[Token]) -> Token:
    if token.dep != "conj" or not token.is_verb:
        return token
    objects = [k for k in tokens if k.head == token.i and k.dep == "dobj" and k.lower in _PRONOUNS]
    own = [k for k in tokens if k.head == token.i and k.dep in {"nsubj", "nsubjpass"}]
    if not objects or own:
        return token
    for other in reversed(tokens[token.head + 1 : token.i]):
        if other.dep == "relcl" and other.tag == token.tag and not _below(other, token, tokens):
            return token._replace(head=other.i)
    return token


def _below(token: Token, top: Token, tokens: list[Token]) -> bool:
    """Whether `top` governs `token`, at any distance."""
    for _ in tokens:
        if token.head == token.i:
            return False
        token = tokens[token.head]
        if token.i == top.i:
            return True
    return False
