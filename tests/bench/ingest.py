"""CPU seconds of ingest alone for articles of 2 kB: read, cleaned, dated, fingerprinted, told apart.

`python -m tests.bench.ingest [--articles 6000] [--json]`, with a Redis of its own and no broker.
Stories are counted as a replay has them: a tenth of the articles are copies by other outlets.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.ingest.app import Intake
from services.ingest.domain.near import sketch
from services.ingest.seen import Seen
from services.ingest.sources.files import index, read_all
from services.ingest.stories import Stories
from tests.support.redis import RedisServer
from tocsin import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

AIM_PER_S = 1_500
_BATCH = 200


class _Nowhere:
    """A broker that acknowledges at once."""

    def publish(self, batch: Sequence[Any], timeout_s: float = 30.0) -> None:
        pass


class _NoStories:
    """Every article a story of its own, at no cost."""

    def assign(self, _: str, tellings: Sequence[Any]) -> tuple[str, ...]:
        return tuple(each.id for each in tellings)


def write(file: Path, count: int) -> None:
    """A feed of articles of about 2 kB in words that follow each other as in no other article."""
    chance = random.Random(5)
    words = [
        "".join(chance.choice("bcdfglmnprst") + chance.choice("aeiou") for _ in range(size))
        for size in (1, 2, 2, 3, 3, 4)
        for _ in range(700)
    ]
    at = datetime(2025, 8, 1, tzinfo=UTC)
    with file.open("w") as out:
        text = ""
        for number in range(count):
            if number % 10 or not text:
                lines = []
                for _ in range(6):
                    line = " ".join(chance.choice(words) for _ in range(50))
                    lines.append(f"{line.capitalize()} {chance.randrange(10, 999)} times.")
                text = "\n".join(lines)
            else:
                text += "\nAll rights reserved."
            told = (at + timedelta(seconds=20 * number)).isoformat()
            line = {"id": f"b{number}", "text": text, "published_at": told, "outlet": f"o{number}"}
            out.write(json.dumps(line) + "\n")


def measure(folder: Path, count: int) -> dict[str, float]:
    """Articles a CPU second with and without stories, the cost of these, and Redis's memory."""
    file = folder / "feed.jsonl"
    write(file, count)
    server = RedisServer(folder / "redis")
    server.start()
    at = settings.Redis(url=settings.Secret(server.url))
    seen, stories = Seen(at, days=1), Stories(at, days=3, texts=30_000)
    without = _cpu_s(file, Intake(_Nowhere(), seen, _NoStories()), "without")  # type: ignore[arg-type]
    before = _memory(stories)
    whole = _cpu_s(file, Intake(_Nowhere(), seen, stories), "with")
    kept = _memory(stories) - before
    text = json.loads(file.read_text().splitlines()[0])["text"]
    began = time.process_time()
    for _ in range(1000):
        sketch(text)
    made = time.process_time() - began
    seen.close()
    stories.close()
    server.stop()
    return {
        "articles": count,
        "characters": len(text),
        "per_s": round(count / whole),
        "per_s_without_stories": round(count / without),
        "story_ms": round(1000 * (whole - without) / count, 3),
        "of_it_sketch_ms": round(made, 3),
        "redis_kb_an_article": round(kept / count / 1000, 2),
    }


def _cpu_s(file: Path, intake: Intake, run: str) -> float:
    began = time.process_time()
    entries = index([file]).entries
    for start in range(0, len(entries), _BATCH):
        intake.take(read_all(entries[start : start + _BATCH]), run=run)
    return time.process_time() - began


def _memory(stories: Stories) -> int:
    """Bytes of all that belongs to the index of stories and seen."""
    client = stories._redis
    keys = client.keys("tocsin:ingest:*:near*")
    return sum(client.memory_usage(key, samples=0) for key in keys)


def main() -> int:
    """Prints the figures; exit 1 below the aim."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ingest", description=__doc__)
    parser.add_argument("--articles", type=int, default=6000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.articles)
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:24}{value:>10}")
    return int(found["per_s"] < AIM_PER_S)


if __name__ == "__main__":
    sys.exit(main())
