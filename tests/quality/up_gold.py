"""`up_gold_78.xml`: gold (source, target, CAMEO) triples against all events of each sentence.

`python -m tests.quality.up_gold [-v]` prints F1 of the pair of states alone, and of the pair and root,
by two rules; a role with no state is compared as unknown.

- strict: every event that is not in the gold counts against us.
- lenient, the rule by which the peers' figures were taken: a gold triple is found if any event of its
  sentence is it; a sentence with events none of which is in its gold counts once against us, and what
  else is said beside a hit is not counted.
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
PEER = {"lenient_dyad_f1": 0.774, "lenient_country_root_f1": 0.841}  # UniversalPetrarch


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


def said_of(coded) -> set[Triple]:
    """The triples of an article's events."""
    return {
        (
            country(e.source.code if e.source else ""),
            country(e.target.code if e.target else ""),
            e.cameo[:2],
        )
        for e in coded.events
        if e.source or e.target
    }


def measure(verbose: bool = False) -> dict[str, float]:
    gold = items()
    enriched = code([(item.text, item.day) for item in gold], size=64)
    totals = {
        name: [0, 0, 0]
        for name in (
            "dyad_f1",
            "country_root_f1",
            "lenient_dyad_f1",
            "lenient_country_root_f1",
        )
    }
    for item, coded in zip(gold, enriched, strict=True):
        said = said_of(coded)
        pairs, dyads = {t[:2] for t in item.triples}, {t[:2] for t in said}
        add(totals["dyad_f1"], pairs, dyads)
        add(totals["country_root_f1"], item.triples, said)
        add(totals["lenient_dyad_f1"], pairs, lenient(pairs, dyads))
        add(totals["lenient_country_root_f1"], item.triples, lenient(item.triples, said))
        if verbose and item.triples != said:
            missed = "" if pairs <= dyads and (pairs or not dyads) else "DYAD "
            missed += "ROOT" if item.triples - said or (said and not item.triples) else ""
            print(missed, "GOLD", sorted(item.triples), "GOT", sorted(said), "|", item.text)
    return {name: 2 * hit / max(1, said + want) for name, (hit, said, want) in totals.items()}


def lenient(want: set, said: set) -> set:
    """What counts as said: the hits, or one miss if there are none."""
    return want & said or set(sorted(said)[:1])


def add(total: list[int], want: set, said: set) -> None:
    total[0] += len(want & said)
    total[1] += len(said)
    total[2] += len(want)


if __name__ == "__main__":
    for name, value in measure("-v" in sys.argv).items():
        peer = f"   UniversalPetrarch {PEER[name]:.3f}" if name in PEER else ""
        print(f"{name:24} {value:.3f}{peer}")
