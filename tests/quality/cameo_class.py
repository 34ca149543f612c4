"""`cameo_class_train.tsv`: the first event's CAMEO root as five classes; no event counts as wrong.

`python -m tests.quality.cameo_class [-v CLASS]` prints the figures, and with -v what is wrong there.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter

from tests.quality.material import code, eval_file

CLASSES = range(5)
PETRARCH2 = {"coverage": 0.508, "accuracy": 0.360, "macro_f1": 0.480}


def quad(cameo: str) -> int:
    """0 neutral, 1 and 2 verbal and material cooperation, 3 and 4 the same in conflict."""
    root = int(cameo[:2])
    return 0 if root <= 2 else 1 if root <= 5 else 2 if root <= 8 else 3 if root <= 13 else 4


def rows() -> list[tuple[str, int]]:
    with eval_file("cameo_class_train.tsv").open(encoding="utf-8", newline="") as file:
        return [
            (text.strip(), int(label))
            for text, label in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def predicted(texts: list[str]) -> list[int | None]:
    enriched = code([(text, None) for text in texts], size=64)
    return [quad(one.events[0].cameo) if one.events else None for one in enriched]


def measure() -> dict[str, float]:
    pairs = rows()
    guesses = predicted([text for text, _ in pairs])
    return scores([label for _, label in pairs], guesses)


def scores(gold: list[int], guesses: list[int | None]) -> dict[str, float]:
    f1 = []
    for wanted in CLASSES:
        hits = sum(g == p == wanted for g, p in zip(gold, guesses, strict=True))
        f1.append(2 * hits / max(1, gold.count(wanted) + guesses.count(wanted)))
    return {
        "coverage": sum(p is not None for p in guesses) / len(gold),
        "accuracy": sum(g == p for g, p in zip(gold, guesses, strict=True)) / len(gold),
        "macro_f1": sum(f1) / len(f1),
    }


if __name__ == "__main__":
    pairs = rows()
    enriched = code([(text, None) for text, _ in pairs], size=64)
    guesses = [quad(one.events[0].cameo) if one.events else None for one in enriched]
    for name, value in scores([label for _, label in pairs], guesses).items():
        print(f"{name:10} {value:.3f}   PETRARCH2 {PETRARCH2[name]:.3f}")
    print(Counter((label, guess) for (_, label), guess in zip(pairs, guesses, strict=True)))
    if "-v" in sys.argv:
        for (text, label), guess, one in zip(pairs, guesses, enriched, strict=True):
            if guess != label and label == int(sys.argv[-1]):
                told = [(str(e.plover), e.cameo, str(e.status)) for e in one.events[:2]]
                print(guess, told, "|", text)
