"""Who fills a role in an act."""

from __future__ import annotations

from typing import NamedTuple

INFERRED = 0.85  # a role that is not in the words of the clause itself (ours)


def is_state(code: str) -> bool:
    """Whether a code, without its sector, is a state's."""
    return len(code) == 3 and code not in {"IGO", "NGO", "CRM", "REB", "UNK"}


class Role(NamedTuple):
    """Who fills a role: the code, the head token, and how sure its words are (1 or less)."""

    code: str
    token: int
    sure: float = 1.0
    text: str = ""

    @property
    def state(self) -> str:
        """The state part of the code; other actors have none."""
        first = self.code.split(".")[0].split("@")[0]
        return first if is_state(first) else ""

    @property
    def tied(self) -> str:
        """The state a group is tied to: `CRM@VEN` to VEN."""
        return self.code.partition("@")[2][:3]
