"""The Aegean crisis of 27 to 30 March 1987 in Reuters-21578: stories whose lead gives an event.

`python -m tests.quality.reuters [-v]` counts the stories on Greece and Turkey whose first sentence, and
whose first three, hold an event of level 2 or more between the two.
"""

from __future__ import annotations

import gzip
import json
import re
import sys

from tests.quality.material import code, eval_file, the_coder
from tocsin.messages import EnrichedArticle, ReportStatus, TimeType

PAIR = "GRC-TUR"
_VOID = {ReportStatus.DENIED, ReportStatus.NEGATED}


def stories() -> list[tuple[str, str, str]]:
    """(day, first sentence, first three) of the stories that name both."""
    found = []
    with gzip.open(eval_file("reuters21578.jsonl.gz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            story = json.loads(line)
            body = " ".join((story["body"] or "").split())
            named = re.search(r"Gree(ce|k)", body) and "Turk" in body
            if "1987-03-27" <= story["date"][:10] <= "1987-03-30" and named:
                cut = re.split(r"(?<=[a-z\"]\.)\s+", body)
                found.append((story["date"][:10], cut[0], " ".join(cut[:3])))
    return found


def alarming(one: EnrichedArticle) -> bool:
    """Whether an event of level 2 or more ties the two states."""
    levels = the_coder().levels
    return any(
        {e.source.state, e.target.state} == {"GRC", "TUR"}
        and levels[e.plover] >= 2
        and e.status not in _VOID
        and e.time.type is not TimeType.HISTORICAL
        for e in one.events
        if e.source and e.target
    )


def measure(verbose: bool = False) -> dict[str, float]:
    told = stories()
    first = code([(lead, day) for day, lead, _ in told])
    three = code([(text, day) for day, _, text in told])
    if verbose:
        for (_, lead, _), a, b in zip(told, first, three, strict=True):
            print(
                alarming(a),
                alarming(b),
                [
                    (
                        str(e.plover),
                        e.source and e.source.code,
                        e.target and e.target.code,
                        str(e.status),
                    )
                    for e in a.events
                ],
                "|",
                lead,
            )
    return {
        "stories": len(told),
        "first_sentence": sum(map(alarming, first)),
        "first_three": sum(map(alarming, three)),
    }


if __name__ == "__main__":
    for name, value in measure("-v" in sys.argv).items():
        print(f"{name:15} {value}")
