"""Attachments the parser gets wrong often enough to put right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.language.passives import victims

if TYPE_CHECKING:
    from services.enrich.domain.language.tokens import Token

_SHARED = frozenset("allies partners neighbours neighbors backers leaders governments".split())
_FINITE = frozenset({"VBD", "VBZ", "VBP", "MD"})
_PRONOUNS = frozenset({"it", "them", "him", "her"})


def repaired(tokens: list[Token]) -> list[Token]:
    """The tokens with second relative verbs joined to the first.

    "X referred to Y, which it banned and accused it of Z" has two relative verbs; the parser joins
    the second to "referred".
    """
    tokens = _nouns_that_act(_destinations(_joint_owners(_listed_names(tokens))))
    found = victims(_garden_paths(_told_by_nouns(_deeds_as_nouns(tokens))))
    return [_joined_to_relative(token, found) for token in found]


def _joint_owners(tokens: list[Token]) -> list[Token]:
    """The tokens with the allies in "Greece and Turkey's allies" being those of both."""
    found = list(tokens)
    for noun in tokens:
        first = tokens[noun.head]
        if noun.dep != "conj" or noun.lower not in _SHARED or not first.is_name:
            continue
        second = next((k for k in tokens if k.head == noun.i and k.dep == "poss"), None)
        if second is None or second.i < first.i or not second.is_name:
            continue
        found[noun.i] = noun._replace(dep=first.dep, head=first.head)
        found[first.i] = first._replace(dep="poss", head=noun.i)
        found[second.i] = second._replace(dep="conj", head=first.i)
    return found


def _listed_names(tokens: list[Token]) -> list[Token]:
    """The tokens with both doing it in the headline "France, Britain warn Libya"."""
    comma = next((k.i for k in tokens[1:4] if k.text == ","), None)
    first = tokens[comma - 1] if comma else (tokens[0] if tokens else None)
    if first is None:
        return tokens
    verb = tokens[first.head]
    named = first.tag.startswith("NNP") and verb.i > first.i
    if named and comma is None and first.dep == "dep" and verb.tag == "VB":
        return [first._replace(dep="nsubj"), *tokens[1:]]  # "Iran to expel envoy"
    who = next((k for k in tokens if k.head == verb.i and k.dep == "nsubj"), None)
    if not named or comma is None or first.dep != "npadvmod" or who is None:
        return tokens
    found = list(tokens)
    found[first.i] = first._replace(dep="conj", head=who.i)
    return found


def _nouns_that_act(tokens: list[Token]) -> list[Token]:
    """The tokens with a noun that has an object as the verb it is: "aircraft attack camp"."""
    found = list(tokens)
    for noun in tokens:
        if noun.dep != "dobj":
            continue
        verb = tokens[noun.head]
        if verb.tag not in {"NN", "NNS"} or noun.i < verb.i:
            continue
        left = [k for k in tokens[: verb.i] if k.head == verb.i]
        doers = [k for k in left if k.dep in {"compound", "nmod", "amod"}]
        if any(k.dep == "nsubj" for k in left):
            doers = []
        found[verb.i] = verb._replace(tag="VBP" if verb.tag == "NN" else "VBZ")
        for k in doers[:-1]:
            found[k.i] = k._replace(head=doers[-1].i)
        for k in left if doers else ():
            if k.dep in {"det", "poss", "nummod"}:
                found[k.i] = k._replace(head=doers[-1].i)
        if doers:
            tag = "NNS" if doers[-1].tag in {"JJ", "NN"} else doers[-1].tag
            found[doers[-1].i] = doers[-1]._replace(dep="nsubj", tag=tag)
    return found


def _deeds_as_nouns(tokens: list[Token]) -> list[Token]:
    """The tokens with "in Israeli tank shelling" read as a noun, not as the shelling of a tank."""
    found = list(tokens)
    for deed, noun in zip(tokens[1:], tokens, strict=False):
        prep = tokens[noun.head]
        named = deed.tag == "VBG" and deed.dep == "advcl" and noun.dep == "pobj"
        if not named or prep.head != deed.head or prep.lower not in {"in", "by", "after"}:
            continue
        if any(k.head == deed.i and k.dep in {"dobj", "nsubj", "mark"} for k in tokens):
            continue
        found[deed.i] = deed._replace(tag="NN", dep="pobj", head=prep.i, lemma=deed.lower)
        found[noun.i] = noun._replace(dep="compound", head=deed.i)
    return found


def _told_by_nouns(tokens: list[Token]) -> list[Token]:
    """The tokens with "The air force carried out strikes" read as a clause, not as a noun phrase.

    A past participle with its own object is no passive, and a full sentence has a finite verb:
    the noun above it is its subject.
    """
    found = list(tokens)
    for verb in tokens:
        noun = tokens[verb.head]
        bare = verb.dep == "acl" and verb.tag in {"VBN", "VBD"} and noun.head == noun.i
        if not bare or not noun.tag.startswith("NN"):
            continue
        own = any(k.head == verb.i and k.dep == "dobj" for k in tokens)
        whole = tokens[-1].text in {".", '"'}
        finite = any(k.tag in _FINITE and k.i != verb.i for k in tokens)
        if own or (whole and (verb.tag == "VBD" or not finite)):
            found[verb.i] = verb._replace(tag="VBD", dep="ROOT", head=verb.i)
            found[noun.i] = noun._replace(dep="nsubj", head=verb.i)
    return found


def _garden_paths(tokens: list[Token]) -> list[Token]:
    """The tokens with "the men jailed for it were freed" read as freed men, not as jailing ones."""
    found = list(tokens)
    for token in tokens:
        first = tokens[token.head]
        if token.dep != "conj" or token.tag != "VBN" or first.tag not in {"VBD", "VBN"}:
            continue
        below = [k for k in tokens if k.head == token.i]
        above = [k for k in tokens if k.head == first.i]
        who = next((k for k in above if k.dep == "nsubj"), None)
        whole = any(k.dep in {"nsubj", "nsubjpass"} for k in below)
        joined = any(k.dep in {"cc", "dobj", "aux"} for k in above)
        passive = any(k.dep == "auxpass" for k in below)
        if who is None or whole or joined or not passive:
            continue
        root = first.head == first.i
        found[token.i] = token._replace(dep=first.dep, head=token.i if root else first.head)
        found[who.i] = who._replace(dep="nsubjpass", head=token.i)
        found[first.i] = first._replace(tag="VBN", dep="acl", head=who.i)
    return found


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
