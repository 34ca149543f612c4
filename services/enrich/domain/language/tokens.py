"""A parsed sentence as plain data, and the walks over its tree that coding needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Token(NamedTuple):
    """One word. `head` is an index into the sentence, its own at a root; offsets are the text's."""

    i: int
    text: str
    lower: str
    lemma: str
    tag: str
    dep: str
    head: int
    start: int
    end: int

    @property
    def is_verb(self) -> bool:
        """Whether the tagger saw a verb."""
        return self.tag[0] == "V"

    @property
    def is_noun(self) -> bool:
        """Whether the tagger saw a common or proper noun."""
        return self.tag[:2] == "NN"

    @property
    def is_name(self) -> bool:
        """Whether the tagger saw a proper noun."""
        return self.tag[:3] == "NNP"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A parsed stretch of the text: one sentence, or a quotation of several with its speaker."""

    text: str
    start: int
    tokens: tuple[Token, ...]
    children: tuple[tuple[int, ...], ...] = field(repr=False)
    words: frozenset[str] = field(repr=False)  # lower-cased

    @property
    def end(self) -> int:
        """Where the sentence ends in the text, exclusive."""
        return self.start + len(self.text)

    def kids(self, i: int, *deps: str) -> list[int]:
        """The children of token `i` with one of these relations, left to right."""
        children = self.children[i]
        return [k for k in children if self.tokens[k].dep in deps] if children else []

    def kid(self, i: int, *deps: str) -> int | None:
        """The first such child."""
        return next((k for k in self.children[i] if self.tokens[k].dep in deps), None)

    def head(self, i: int) -> int | None:
        """The governor of token `i`, none at a root."""
        head = self.tokens[i].head
        return None if head == i else head

    def subtree(self, i: int) -> list[int]:
        """Token `i` and all below it, in the order of the text."""
        found, todo = [], [i]
        while todo:
            one = todo.pop()
            found.append(one)
            todo.extend(self.children[one])
        return sorted(found)

    def ancestors(self, i: int) -> list[int]:
        """The governors of token `i`, nearest first."""
        found: list[int] = []
        head = self.head(i)
        while head is not None and len(found) < len(self.tokens):
            found.append(head)
            head = self.head(head)
        return found

    def slice(self, indices: list[int]) -> str:
        """The text from the first to the last of these tokens."""
        if not indices:
            return ""
        first, last = self.tokens[min(indices)], self.tokens[max(indices)]
        return self.text[first.start - self.start : last.end - self.start]


def sentence(text: str, start: int, tokens: list[Token]) -> Sentence:
    """The tree over `tokens`, with its children worked out once."""
    children: list[list[int]] = [[] for _ in tokens]
    for token in tokens:
        if token.head != token.i:
            children[token.head].append(token.i)
    words = frozenset([token.lower for token in tokens])
    return Sentence(text, start, tuple(tokens), tuple(tuple(kids) for kids in children), words)
