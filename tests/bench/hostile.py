"""Seconds for each hostile text; exit 1 if one takes longer than reliability.md 11 allows.

`python -m tests.bench.hostile`
"""

from __future__ import annotations

import sys
import time

from services.enrich.nlp import Coder
from tests.unit.enrich.stories import text_article
from tests.unit.enrich.test_hostile import HOSTILE

BOUND_S = 2.0


def main() -> int:
    """Prints the times."""
    coder = Coder()
    coder.enrich([text_article("Iran attacked Israel.")])  # loads what is loaded once
    slow = 0
    for name, text in HOSTILE.items():
        began = time.perf_counter()
        coder.enrich([text_article(text)])
        took_s = time.perf_counter() - began
        slow += took_s > BOUND_S
        print(f"{name:<40}{len(text):>12} characters {took_s:6.2f} s")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
