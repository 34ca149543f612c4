"""Articles in, event reports out, by pipe: what a backtest asks of the coder, without a broker.

`python -m services.enrich.batch` reads one `Article` a line and writes, in the same order, one
JSON array a line: the reports on pairs of states that the article gives, often none.
"""

from __future__ import annotations

import itertools
import signal
import sys
from typing import IO, TYPE_CHECKING, Final

import msgspec

from services.enrich.domain.reports import reports
from services.enrich.nlp import Coder
from tocsin.messages import Article, EventReport

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH: Final = 512  # articles; of headlines few are parsed, and the parser likes company
_BATCH_BYTES: Final = 256_000  # of full texts fewer


def main() -> int:
    """Codes standard input until its end; the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    run(sys.stdin.buffer, sys.stdout.buffer, Coder())
    return 0


def run(lines: IO[bytes], out: IO[bytes], coder: Coder) -> None:
    """One line of reports for each line that holds an article.

    Raises:
        msgspec.DecodeError: a line is none; only our own processes write here.
    """
    articles = msgspec.json.Decoder(Article)
    encoder = msgspec.json.Encoder(order="deterministic")
    for batch in _batches(lines):
        for found in _coded(coder, [articles.decode(line) for line in batch]):
            out.write(encoder.encode(found) + b"\n")
        out.flush()


def _coded(coder: Coder, batch: list[Article]) -> list[list[EventReport]]:
    """The reports of each article; one on which the coder fails has none, and is named."""
    try:
        return [reports(enriched) for enriched in coder.enrich(batch)]
    except Exception as error:  # noqa: BLE001 - one text must not end a run of a million
        if len(batch) > 1:
            return [found for one in batch for found in _coded(coder, [one])]
        sys.stderr.write(f"{batch[0].guid}: not coded: {type(error).__name__}: {error}\n")
        return [[]]


def _batches(lines: IO[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    held = 0
    for line in itertools.filterfalse(bytes.isspace, lines):
        batch.append(line)
        held += len(line)
        if len(batch) == _BATCH or held > _BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


if __name__ == "__main__":
    sys.exit(main())
