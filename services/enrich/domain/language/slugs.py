"""What a wire puts before a headline to say what kind of story it is: "TIMELINE-", "Tennis-"."""

from __future__ import annotations

import re
from enum import StrEnum


class Kind(StrEnum):
    """What a slug says of the story behind it."""

    NEWS = "news"
    LOOKING_BACK = "looking back"  # tells again what was news before
    SPORT = "sport"  # where "beat", "strike" and "attack" are no force


_BACK = re.compile(
    r"(?:FACTBOX|TIMELINE|CHRONOLOGY|Q\s?[+&]\s?A|ANALYSIS|SNAP ANALYSIS|FEATURE|WITNESS|PROFILE|"
    r"NEWSMAKER|PENPIX|BACKGROUND|PREVIEW|WRAPUP|SPECIAL REPORT|INSIGHT|COLUMN|COMMENTARY|"
    r"PRESS DIGEST|HIGHLIGHTS|INTERVIEW|SCENARIOS|BOOK TALK|REVIEW|OBITUARY|DIARY|EXPLAINER)"
    r"\s?[-:–]",
    re.IGNORECASE,
)
_SPORT = re.compile(
    r"(?:[\w'’]+ )?(?:soccer|football|olympics|tennis|golf|cricket|rugby|hockey|baseball|softball|"
    r"basketball|athletics|cycling|boxing|swimming|skiing|skating|volleyball|handball|rowing|"
    r"sailing|badminton|biathlon|curling|motor racing|motorcycling|nascar|nba|nfl|nhl|mlb|"
    r"paralympics|games)\s?[-:–]",
    re.IGNORECASE,
)
_UPDATE = re.compile(r"(?:(?:UPDATE \d+|CORRECTED|RPT|REFILE|REPEAT|EXCLUSIVE)\s?[-:–]\s?)+")


def kind(text: str) -> Kind:
    """The kind of story that a text begins as."""
    opening = text[_UPDATE.match(text).end() :] if _UPDATE.match(text) else text  # type: ignore[union-attr]
    if _SPORT.match(opening):
        return Kind.SPORT
    return Kind.LOOKING_BACK if _BACK.match(opening) else Kind.NEWS
