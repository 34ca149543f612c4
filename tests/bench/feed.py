"""Invented articles of a given share of relevant ones, each about 2 kB, by a seeded generator."""

from __future__ import annotations

import itertools
import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STATES = [
    "India", "Pakistan", "Greece", "Turkey", "Chile", "Argentina", "Kenya", "Somalia", "Egypt",
    "Sudan", "Japan", "Russia", "Norway", "Peru", "Ecuador", "Cambodia", "Thailand", "Iran",
]  # fmt: skip
_DEEDS = [
    "{a} deployed {n} troops to its border with {b} on Monday.",
    "{a} accused {b} on Monday of breaking the agreement.",
    "The foreign ministers of {a} and {b} met on Monday in Geneva.",
    "{a} imposed sanctions on {b} on Monday, the government said.",
    "Warplanes of {a} bombed a base in {b} on Monday.",
]
_FILL = [
    "The museum opens its new wing to visitors in the spring, with paintings lent from abroad.",
    "Farmers in the valley expect a good harvest after a wet and mild winter.",
    "The match ended in a draw, and both trainers praised the young players.",
    "Shares of the retailer rose by three per cent after it had told of higher sales.",
    "The city council will vote on the new tram line before the summer break.",
    "Researchers found that the bridge can carry more traffic than was believed.",
]
_START = datetime(2025, 8, 1, tzinfo=UTC)


def pairs() -> list[tuple[str, str]]:
    """All pairs of the states, in an order that is the same each time."""
    found = list(itertools.combinations(STATES, 2))
    random.Random(3).shuffle(found)
    return found


def write(file: Path, count: int, *, relevant: float) -> None:
    """A JSONL feed of `count` articles, the share `relevant` of which has a deed between states."""
    chance = random.Random(5)
    with file.open("w") as out:
        for number in range(count):
            body = [chance.choice(_FILL) for _ in range(22)]
            if chance.random() < relevant:
                a, b = chance.sample(STATES, 2)
                deed = chance.choice(_DEEDS).format(a=a, b=b, n=chance.randrange(2, 90) * 100)
                body.insert(chance.randrange(3), deed)
            text = f"Report {number}. " + " ".join(body)
            at = (_START + timedelta(minutes=number)).isoformat()
            out.write(json.dumps({"id": f"b{number}", "text": text, "published_at": at}) + "\n")
