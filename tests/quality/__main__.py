"""Every figure of the coder beside its floor, what is aimed at, and what its peers reach.

`make quality`, or `python -m tests.quality [--json]`; exit 1 if a figure is below its floor.
"""

from __future__ import annotations

import argparse
import json
import sys

import msgspec

from tests.quality.material import floors
from tests.quality.test_floors import MEASURES

# What the project aims at, and PETRARCH2's or UniversalPetrarch's figure on the same material
# (the evaluation folder's README).
AIMS: dict[str, tuple[float | None, str]] = {
    "seeds.class": (0.95, ""),
    "seeds.source": (0.90, ""),
    "seeds.both": (0.80, ""),
    "seeds.status": (0.95, ""),
    "seeds.time": (0.90, ""),
    "seeds.magnitude": (1.0, ""),
    "seeds.title": (1.0, ""),
    "seeds.agency": (1.0, ""),
    "seeds.dateline": (1.0, ""),
    "seeds.precision": (0.88, ""),
    "cameo_class.coverage": (0.85, "PETRARCH2 .508"),
    "cameo_class.accuracy": (0.70, "PETRARCH2 .360"),
    "cameo_class.macro_f1": (0.70, "PETRARCH2 .480"),
    "cameo_ner.source_f1": (0.75, ""),
    "cameo_ner.target_f1": (0.65, ""),
    "up_gold.lenient_dyad_f1": (0.85, "UniversalPetrarch .774"),
    "up_gold.lenient_country_root_f1": (0.85, "UniversalPetrarch .841"),
    "reuters.first_sentence": (8, "PETRARCH2 0"),
    "sentences.right": (1.0, ""),
    "sentences.cases": (150, ""),
    "stories.copies": (0.97, ""),
    "stories.distinct_kept": (0.999, ""),
}


class Figure(msgspec.Struct):
    """One figure; `floor` and `aim` where there are any."""

    name: str
    value: float
    floor: float | None
    aim: float | None
    peer: str


def figures() -> list[Figure]:
    """All of them, measured now."""
    found = []
    for measure, run in MEASURES.items():
        print(f"measuring {measure}", file=sys.stderr, flush=True)
        for name, value in run().items():
            aim, peer = AIMS.get(f"{measure}.{name}", (None, ""))
            floor = floors()[measure].get(name)
            found.append(Figure(f"{measure}.{name}", value, floor, aim, peer))
    return found


def main() -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = figures()
    if options.json:
        print(json.dumps(msgspec.to_builtins(found)))
    else:
        print(f"{'figure':<36}{'now':>8}{'floor':>8}{'aim':>8}  peer")
        for one in found:
            cells = (
                "" if each is None else f"{each:.3f}" for each in (one.value, one.floor, one.aim)
            )
            print(f"{one.name:<36}" + "".join(f"{cell:>8}" for cell in cells) + f"  {one.peer}")
    return 1 if any(one.floor is not None and one.value < one.floor for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
