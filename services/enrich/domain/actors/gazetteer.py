"""Names of states, people and groups, found in raw text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

if TYPE_CHECKING:
    from collections.abc import Iterable

# What a name names; it decides whether a mere place may act.
STATE, DEMONYM, SEAT, CITY, LEADER, GROUP = "state", "demonym", "seat", "city", "leader", "group"


class Name(NamedTuple):
    """One meaning of a name. The dates are ISO days or months or years, empty for open ends."""

    text: str
    code: str
    kind: str
    since: str = ""
    until: str = ""
    home: str = ""

    def holds(self, day: str) -> bool:
        """Whether the bearer was in office on that ISO day."""
        return (not self.since or self.since <= day) and (not self.until or day <= self.until + "~")


class Hit(NamedTuple):
    """A name met in a text, with all its meanings; offsets are that text's."""

    start: int
    end: int
    names: tuple[Name, ...]

    def on(self, day: str | None) -> Name:
        """The meaning that fits the day, else the newest; a state or group before a person."""
        if day:
            for name in self.names:
                if name.kind != LEADER or name.holds(day):
                    return name
        return max(self.names, key=lambda name: (name.kind != LEADER, name.until == "", name.since))


class Gazetteer:
    """All names in one automaton."""

    def __init__(self, names: Iterable[Name]) -> None:
        """Compile the names; the first given for a text ranks first."""
        meanings: dict[str, list[Name]] = {}
        for name in names:
            meanings.setdefault(name.text, []).append(name)
        self._meanings = [tuple(found) for found in meanings.values()]
        self._automaton = AhoCorasick(list(meanings), matchkind=MatchKind.LeftmostLongest)

    def find(self, text: str) -> list[Hit]:
        """The names in `text` that stand as words, left to right, longest first."""
        found = []
        for which, start, end in self._automaton.find_matches_as_indexes(text):
            if _bounded(text, start, end):
                found.append(Hit(start, end, self._meanings[which]))
        return found


def actors(hits: Iterable[Hit]) -> set[str]:
    """The different states and groups named; a city is a place."""
    return {
        hit.names[0].code.split(".")[0] if hit.names[0].kind != GROUP else hit.names[0].code
        for hit in hits
        if hit.names[0].kind != CITY
    }


def _bounded(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (before.isalnum() or before in "_@") and not (after.isalnum() or after == "_")
