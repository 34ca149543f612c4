"""`cameo_ner_train.txt`: do the source and target of the first events overlap the marked spans?

`python -m tests.quality.cameo_ner [-v]`. R marks a party of a reciprocal event and counts as both.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from services.enrich.domain.language.text import tidy
from tests.quality.material import code, eval_file


class Marked(NamedTuple):
    text: str
    spans: list[tuple[str, int, int]]


def sentences() -> list[Marked]:
    blocks = eval_file("cameo_ner_train.txt").read_text(encoding="utf-8").strip().split("\n\n")
    return [one for block in blocks if (one := read(block)).text]


def read(block: str) -> Marked:
    """The sentence with its tokens joined by spaces, and its spans by role."""
    text, spans = "", []
    for line in block.splitlines():
        parts = line.split()
        if len(parts) < 2:
            continue
        start = len(text) + 1 if text else 0
        text = f"{text} {parts[0]}" if text else parts[0]
        tag = parts[-1]
        if tag.startswith("B-"):
            spans.append((tag[2], start, len(text)))
        elif tag.startswith("I-") and spans:
            spans[-1] = (spans[-1][0], spans[-1][1], len(text))
    return Marked(text, spans)


def measure(verbose: bool = False) -> dict[str, float]:
    marked = sentences()
    enriched = code([(one.text, None) for one in marked], size=64)
    totals = {role: [0, 0, 0] for role in "ST"}  # hits, predicted, gold
    for one, coded in zip(marked, enriched, strict=True):
        for role, name in (("S", "source"), ("T", "target")):
            gold = [(start, end) for kind, start, end in one.spans if kind in {role, "R"}]
            said = spans(one.text, coded.events, name)
            hits = sum(any(overlap(a, b) for b in said) for a in gold)
            right = sum(any(overlap(a, b) for b in gold) for a in said)
            totals[role][0] += right
            totals[role][1] += len(said)
            totals[role][2] += len(gold)
            if verbose and hits < len(gold):
                print(
                    role,
                    [one.text[a:b] for a, b in gold],
                    "got",
                    [one.text[a:b] for a, b in said],
                    "|",
                    one.text,
                )
    return {"source_f1": f1(*totals["S"]), "target_f1": f1(*totals["T"])}


def spans(text: str, events, role: str) -> list[tuple[int, int]]:
    """Where the roles of the first event and those told with it stand."""
    text, _ = tidy(text)  # the actors' words are those of the text as the parser sees it
    found = []
    first = events[0] if events else None
    for event in events:
        if (event.plover, event.cameo) != (first.plover, first.cameo):
            continue
        actor = getattr(event, role)
        at = text.find(actor.text) if actor and actor.text else -1
        if at >= 0 and (at, at + len(actor.text)) not in found:
            found.append((at, at + len(actor.text)))
    return found


def overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def f1(hits: int, said: int, gold: int) -> float:
    return 2 * hits / max(1, said + gold)


if __name__ == "__main__":
    for name, value in measure("-v" in sys.argv).items():
        print(f"{name:10} {value:.3f}")
