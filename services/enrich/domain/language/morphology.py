"""Word forms from lemmas, so that no lemmatiser runs: the lexicon's words are all that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_VOWELS = frozenset("aeiou")
_SIBILANTS = ("s", "x", "z", "ch", "sh")


def verb_forms(lemma: str, irregular: Mapping[str, Sequence[str]]) -> set[str]:
    """The forms of a verb, its lemma among them."""
    forms = {lemma, third_person(lemma), _participle(lemma)}
    known = irregular.get(lemma)
    forms.update(known or (_past(lemma),))
    if known and any(form.endswith("ing") for form in known):
        forms.discard(_participle(lemma))
        forms.update(known)
    return forms


def noun_forms(lemma: str, irregular: Mapping[str, Sequence[str]]) -> set[str]:
    """Singular and plural of a noun or a phrase that ends in one."""
    return {lemma, *irregular.get(lemma, (plural(lemma),))}


def plural(word: str) -> str:
    """The regular plural."""
    if word.endswith(_SIBILANTS):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return word[:-1] + "ies"
    return word + "s"


def third_person(lemma: str) -> str:
    """The present-tense form with -s."""
    return lemma + "es" if lemma.endswith("o") else plural(lemma)


def past(lemma: str, irregular: Mapping[str, Sequence[str]]) -> str:
    """The simple past."""
    known = [form for form in irregular.get(lemma, ()) if not form.endswith("ing")]
    return known[0] if known else _past(lemma)


def _past(lemma: str) -> str:
    if lemma.endswith("e"):
        return lemma + "d"
    if lemma.endswith("y") and lemma[-2:-1] not in _VOWELS:
        return lemma[:-1] + "ied"
    return lemma + "ed"


def _participle(lemma: str) -> str:
    if lemma.endswith("e") and not lemma.endswith(("ee", "oe", "ye")):
        return lemma[:-1] + "ing"
    return lemma + "ing"


def table(
    lemmas: Iterable[str], irregular: Mapping[str, Sequence[str]], *, verbs: bool
) -> dict[str, str]:
    """Each form with its lemma; a word that is itself a lemma is its own."""
    words = set(lemmas)
    found: dict[str, str] = {}
    for lemma in sorted(words):
        for form in (verb_forms if verbs else noun_forms)(lemma, irregular):
            found.setdefault(form, lemma)
    found.update({lemma: lemma for lemma in words})
    return found
