"""Files as a simulated feed: what is published when, and the command `tocsin replay`."""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import os
import re
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from services.ingest.app import Intake, Taken, Tally
from services.ingest.domain.items import published
from services.ingest.domain.pace import gap_s
from services.ingest.seen import Seen
from services.ingest.settings import Settings
from services.ingest.sources.files import Entry, Index, index, read_all
from services.ingest.stories import Stories
from tocsin import bus, settings
from tocsin.errors import Unavailable
from tocsin.observe import configure_logging, get_logger

_RUN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RETRY_S: Final = 1.0
_PATIENCE_S: Final = 30.0
_PROGRESS_S: Final = 2.0

EXAMPLES: Final = """examples:
  tocsin replay seeds                              the five seed articles, as fast as possible
  tocsin replay archive.jsonl --speed 3600         an hour of the feed a second
  tocsin replay seeds --speed 1 --max-gap 5s       as it came, but never wait over five seconds
  tocsin replay a.jsonl b/ --from 2025-08-01 --to 2025-09-01 --json
  tocsin replay archive.jsonl --run-id drill-7     the same id again goes on where it stopped

A folder's manifest.toml says when each text file was published; a line of a JSONL file is
{"text": …, "published_at"?: …, "id"?, "title"?, "url"?, "outlet"?}.
Alerts of a replay are exercises.
"""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a replay goes. `speed`: seconds of the feed a second, 0 for no waiting.

    `patience_s`: how long it tries again while broker or Redis are away.
    """

    run: str
    speed: float = 0.0
    max_gap_s: float | None = None
    loop: bool = False
    batch: int = 200
    patience_s: float = float("inf")


def replay(
    found: Index,
    intake: Intake,
    plan: Plan,
    *,
    stop: threading.Event,
    on_batch: Callable[[str, Tally, Entry], None] = lambda *_: None,
) -> Tally:
    """Publishes the index in its order and pace, until its end or `stop`.

    Raises:
        Unavailable: broker or Redis went away; what was published is remembered under the run.
    """
    total = Tally()
    for start in range(0, len(found.refused), plan.batch):
        refused = found.refused[start : start + plan.batch]
        take = functools.partial(intake.take, refused, run=plan.run)
        total.add(_patiently(take, plan.patience_s, stop).tally)
    for run in _runs(plan):
        before: datetime | None = None
        for batch in _batches(found.entries, plan):
            pause_s = gap_s(
                before, batch[0].published_at, speed=plan.speed, max_gap_s=plan.max_gap_s
            )
            if stop.wait(min(pause_s, threading.TIMEOUT_MAX)):
                return total
            take = functools.partial(intake.take, read_all(batch), run=run)
            total.add(_patiently(take, plan.patience_s, stop).tally)
            on_batch(run, total, batch[-1])
            before = batch[-1].published_at or before
        if stop.is_set() or not found.entries:
            return total
    return total


def _patiently(work: Callable[[], Taken], patience_s: float, stop: threading.Event) -> Taken:
    until = time.monotonic() + patience_s
    while True:
        try:
            return work()
        except Unavailable as error:
            if time.monotonic() > until or stop.wait(_RETRY_S):
                raise
            get_logger().warning("waiting", error=str(error))


def _runs(plan: Plan) -> Iterator[str]:
    if not plan.loop:
        return iter([plan.run])
    return (f"{plan.run}.{number}" for number in itertools.count(1))


def _batches(entries: Sequence[Entry], plan: Plan) -> Iterator[Sequence[Entry]]:
    """Whole batches when nothing is waited for, one by one when each has its time."""
    size = plan.batch if plan.speed == 0 else 1
    return (entries[start : start + size] for start in range(0, len(entries), size))


def within(found: Index, *, since: datetime | None, until: datetime | None) -> Index:
    """The articles published from `since` to before `until`; undated ones only without bounds."""
    if since is None and until is None:
        return found
    kept = tuple(
        each
        for each in found.entries
        if each.published_at is not None
        and (since is None or each.published_at >= since)
        and (until is None or each.published_at < until)
    )
    return msgspec.structs.replace(found, entries=kept)


def main(argv: Sequence[str]) -> int:
    """The command `tocsin replay`; returns its exit code."""
    options = _parser().parse_args(argv)
    found = within(
        index([Path(each) for each in options.path]), since=options.since, until=options.until
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    plan = Plan(
        run=options.run_id,
        speed=options.speed,
        max_gap_s=options.max_gap,
        loop=options.loop,
        patience_s=_PATIENCE_S,
    )
    chosen = settings.load(Settings, os.environ, prefix="TOCSIN_INGEST_")
    configure_logging(settings.Log(level="warning", format="console"), "replay")
    seen = Seen(chosen.redis, days=chosen.seen_days)
    stories = Stories(chosen.redis, days=chosen.story_days, texts=chosen.story_texts)
    producer = bus.Producer(chosen.kafka, service="replay")
    try:
        intake = Intake(
            producer,
            seen,
            stories,
            max_record_bytes=chosen.kafka.max_record_bytes,
            on_refused=_say,
        )
        total = replay(found, intake, plan, stop=stop, on_batch=_progress())
    except Unavailable as error:
        raise Unavailable(f"{error}; go on with --run-id {plan.run}") from error
    finally:
        producer.close()
        stories.close()
        seen.close()
    _summary(plan.run, total, found.ignored, as_json=options.json)
    return 1 if total.refused else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin replay",
        description="Publish text files, folders and JSONL as a simulated feed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", nargs="+", help="a .txt or .jsonl file, or a folder of them")
    parser.add_argument(
        "--speed", type=_speed, default=0.0, help="feed seconds a second; 0: no wait"
    )
    parser.add_argument("--max-gap", type=_span, metavar="5s", help="longest wait (s, m, h)")
    parser.add_argument(
        "--from", dest="since", type=_time, metavar="TIME", help="first publication"
    )
    parser.add_argument("--to", dest="until", type=_time, metavar="TIME", help="end of publication")
    parser.add_argument(
        "--loop", action="store_true", help="again and again, each a run of its own"
    )
    parser.add_argument("--run-id", type=_run, default=_new_run(), help="name of the run")
    parser.add_argument("--json", action="store_true", help="the summary as one JSON object")
    return parser


def _new_run() -> str:
    return f"r{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: a number from 0")
    return value


def _span(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text}: a time like 5s, 2m, 1h")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2] or "s"]


def _time(text: str) -> datetime:
    try:
        at = published(text)[0]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: a day or time like 2025-08-12") from error
    if at is None or len(text) > 10:
        return at or datetime.now(UTC)
    return at.replace(hour=0)  # a bound of a day is its beginning, not its noon


def _run(text: str) -> str:
    if not _RUN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text}: letters, digits, '.', '_', '-', at most 64")
    return text


def _progress() -> Callable[[str, Tally, Entry], None]:
    last = time.monotonic()

    def tell(run: str, total: Tally, entry: Entry) -> None:
        nonlocal last
        if time.monotonic() - last >= _PROGRESS_S:
            last = time.monotonic()
            at = f", at {entry.published_at:%Y-%m-%d %H:%M}" if entry.published_at else ""
            _say(f"{run}: {total.published} published, {total.seen} seen{at}")

    return tell


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _summary(run: str, total: Tally, ignored: int, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"run_id": run, **msgspec.to_builtins(total), "ignored": ignored}))
        return
    parts = [
        f"{total.published} published",
        *([f"{total.revised} revised"] if total.revised else []),
        *([f"{total.seen} seen before"] if total.seen else []),
        *([f"{total.refused} refused"] if total.refused else []),
        *([f"{ignored} files of other kinds passed over"] if ignored else []),
    ]
    print(f"{run}: {', '.join(parts)}")
