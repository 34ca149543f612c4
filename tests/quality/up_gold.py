"""`up_gold_78.xml`: gold (source, target, CAMEO) triples against all events of each sentence.

`python -m tests.quality.up_gold [-v]` prints F1 of the pair of states alone, of pair and root, and of
country and root one role at a time; a role with no state is compared as unknown.
"""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

from tests.quality.material import code, eval_file

_SENTENCE = re.compile(r"<Sentence (?P<head>[^>]*)>(?P<body>.*?)</Sentence>", re.DOTALL)
_TEXT = re.compile(r"<Text>(.*?)</Text>", re.DOTALL)
_EVENT = re.compile(r'eventcode="(\d+)" sourcecode="([^"]*)" targetcode="([^"]*)"')
_NOT_STATES = {"IGO", "NGO", "IMG", "CRM", "REB", "UNK", "NGB"}
Triple = tuple[str, str, str]


class Item(NamedTuple):
    text: str
    day: str | None
    triples: set[Triple]


def items() -> list[Item]:
    source = eval_file("up_gold_78.xml").read_text(encoding="utf-8")
    found = []
    for match in _SENTENCE.finditer(source):
        text = " ".join(_TEXT.search(match["body"])[1].split())
        date = re.search(r'date="(\d{8})"', match["head"])
        day = f"{date[1][:4]}-{date[1][4:6]}-{date[1][6:]}" if date else None
        triples = {(country(s), country(t), c[:2]) for c, s, t in _EVENT.findall(match["body"])}
        found.append(Item(text, day, triples))
    return [item for item in found if item.text]


def country(code: str) -> str:
    first = code[:3].upper()
    return "" if first in _NOT_STATES or not first.isalpha() else first


def measure(verbose: bool = False) -> dict[str, float]:
    gold = items()
    enriched = code([(item.text, item.day) for item in gold], size=64)
    totals = {"dyad_f1": [0, 0, 0], "country_root_f1": [0, 0, 0]}
    for item, coded in zip(gold, enriched, strict=True):
        said = {
            (
                country(e.source.code if e.source else ""),
                country(e.target.code if e.target else ""),
                e.cameo[:2],
            )
            for e in coded.events
            if e.source or e.target
        }
        add(totals["dyad_f1"], {t[:2] for t in item.triples}, {t[:2] for t in said})
        add(totals["country_root_f1"], item.triples, said)
        if verbose and item.triples != said:
            print("GOLD", sorted(item.triples), "GOT", sorted(said), "|", item.text)
    return {name: 2 * hit / max(1, said + want) for name, (hit, said, want) in totals.items()}


def add(total: list[int], want: set, said: set) -> None:
    total[0] += len(want & said)
    total[1] += len(said)
    total[2] += len(want)


if __name__ == "__main__":
    for name, value in measure("-v" in sys.argv).items():
        print(f"{name:16} {value:.3f}")
