"""Who is on stage in one article: what its pronouns and bare surnames may mean."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple


class Mention(NamedTuple):
    """An actor mentioned so far. `place` orders mentions: sentence, then token."""

    code: str
    text: str
    place: tuple[int, int]
    person: bool
    subject: bool
    plural: bool = False


class Cast:
    """Grows as an article is read; `day` is its ISO publication day, none if unknown."""

    def __init__(self, day: str | None) -> None:
        """Start with an empty stage."""
        self.day = day
        self.speaker: Mention | None = None
        self._aliases: dict[str, str] = {}
        self._mentions: list[Mention] = []
        self._states: Counter[str] = Counter()

    def learn(self, name: str, code: str) -> None:
        """From now on `name`, a surname, means `code`."""
        self._aliases.setdefault(name, code)

    def known(self, name: str) -> str | None:
        """The code a surname was given earlier in the article."""
        return self._aliases.get(name)

    def mention(self, mention: Mention) -> None:
        """Note that an actor was mentioned."""
        self._mentions.append(mention)

    def count_state(self, state: str) -> None:
        """Note that a state was named."""
        self._states[state] += 1

    def last(
        self,
        before: tuple[int, int],
        *,
        person: bool | None,
        state: bool = False,
        other_than: str = "",
        single: bool = False,
    ) -> Mention | None:
        """What a pronoun at `before` likely means: the last subject, else the last mention."""
        fits = [
            one
            for one in self._mentions
            if one.place < before
            and one.place[0] >= before[0] - 3
            and (person is None or one.person is person)
            and one.code != other_than
            and not (single and one.plural)
            and (not state or len(one.code.split(".")[0]) == 3)
        ]
        subjects = [one for one in fits if one.subject]
        return (subjects or fits or [None])[-1]  # type: ignore[list-item]

    def rival(self, state: str) -> str | None:
        """The other state the article is most about."""
        others = [(count, other) for other, count in self._states.items() if other != state]
        return max(others)[1] if others else None
