"""Files as a simulated feed: what is published when, and the command `tocsin replay`."""

from __future__ import annotations

import argparse
import functools
import itertools
import re
import secrets
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from services.ingest.app import Intake, Tally
from services.ingest.domain.items import Item, Refused, published
from services.ingest.domain.pace import gap_s
from services.ingest.publishing import (
    chosen_settings,
    intake_of,
    patiently,
    progress,
    stop_on_signals,
    summary,
)
from services.ingest.sources.files import Entry, Index, index, read_all
from services.ingest.sources.formats.given import Given
from services.ingest.sources.stdin import batches
from tocsin.errors import Unavailable, UsageError

_RUN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PATIENCE_S: Final = 30.0

EXAMPLES: Final = """examples:
  tocsin replay seeds                              the five seed articles, as fast as possible
  tocsin replay archive.jsonl --speed 3600         an hour of the feed a second
  tocsin replay seeds --speed 1 --max-gap 5s       as it came, but never wait over five seconds
  tocsin replay a.jsonl b/ --from 2025-08-01 --to 2025-09-01 --json
  tocsin replay archive.jsonl --run-id drill-7     the same id again goes on where it stopped
  zcat archive.jsonl.gz | tocsin replay -          from a pipe, in the order of its lines

It reads text, JSON lines, mail (.eml), NewsML, NITF, saved feeds and GDELT's lists, packed by gzip
or zip too. A folder's manifest.toml says when each text file was published; a JSON line is
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
        total.add(patiently(take, plan.patience_s, stop).tally)
    for run in _runs(plan):
        before: datetime | None = None
        for batch in _batches(found.entries, plan):
            pause_s = gap_s(
                before, batch[0].published_at, speed=plan.speed, max_gap_s=plan.max_gap_s
            )
            if stop.wait(min(pause_s, threading.TIMEOUT_MAX)):
                return total
            take = functools.partial(intake.take, read_all(batch), run=run)
            total.add(patiently(take, plan.patience_s, stop).tally)
            on_batch(run, total, batch[-1])
            before = batch[-1].published_at or before
        if stop.is_set() or not found.entries:
            return total
    return total


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
    kept = tuple(each for each in found.entries if _is_within(each.published_at, since, until))
    return msgspec.structs.replace(found, entries=kept)


def _is_within(at: datetime | None, since: datetime | None, until: datetime | None) -> bool:
    if since is None and until is None:
        return True
    return at is not None and (since is None or at >= since) and (until is None or at < until)


def replay_stream(
    batches: Iterable[Sequence[Item | Refused]],
    intake: Intake,
    plan: Plan,
    *,
    stop: threading.Event,
    on_batch: Callable[[str, Tally, datetime | None], None] = lambda *_: None,
) -> Tally:
    """Publishes batches as they come, in their order, at the pace of the plan.

    Raises:
        Unavailable: broker or Redis went away; what was published is remembered under the run.
    """
    total = Tally()
    before: datetime | None = None
    for batch in batches:
        step = 1 if plan.speed else len(batch)
        for start in range(0, len(batch), step):
            some = batch[start : start + step]
            at = max((at for each in some if (at := _at(each))), default=None)
            pause_s = gap_s(before, at, speed=plan.speed, max_gap_s=plan.max_gap_s)
            if stop.wait(min(pause_s, threading.TIMEOUT_MAX)) and plan.speed:
                return total
            take = functools.partial(intake.take, some, run=plan.run)
            total.add(patiently(take, plan.patience_s, stop).tally)
            before = at or before
        on_batch(plan.run, total, before)
    return total


def _at(each: Item | Refused) -> datetime | None:
    return each.published_at if isinstance(each, Item) else None


def main(argv: Sequence[str]) -> int:
    """The command `tocsin replay`; returns its exit code."""
    options = _parser().parse_args(argv)
    if "-" in options.path and (len(options.path) > 1 or options.loop):
        raise UsageError("- is standard input: it comes alone, and once")
    chosen = chosen_settings()
    stop = stop_on_signals()
    plan = Plan(
        run=options.run_id,
        speed=options.speed,
        max_gap_s=options.max_gap,
        loop=options.loop,
        batch=chosen.batch,
        patience_s=_PATIENCE_S,
    )
    found = None if options.path == ["-"] else _index(options)
    told = progress(plan.run)

    def tell(_: str, total: Tally, at: datetime | None) -> None:
        told(total, f", at {at:%Y-%m-%d %H:%M}" if at else "")

    try:
        with intake_of("replay", chosen) as intake:
            if found is None:
                total = replay_stream(
                    _stream(options, plan, stop), intake, plan, stop=stop, on_batch=tell
                )
            else:
                total = replay(
                    found,
                    intake,
                    plan,
                    stop=stop,
                    on_batch=lambda run, tally, entry: tell(run, tally, entry.published_at),
                )
    except Unavailable as error:
        raise Unavailable(f"{error}; go on with --run-id {plan.run}") from error
    ignored = found.ignored if found else 0
    summary({"run_id": plan.run}, total, ignored, as_json=options.json)
    return 1 if total.refused else 0


def _index(options: argparse.Namespace) -> Index:
    found = index([Path(each) for each in options.path])
    return within(found, since=options.since, until=options.until)


def _stream(
    options: argparse.Namespace, plan: Plan, stop: threading.Event
) -> Iterator[list[Item | Refused]]:
    given = Given(origin="stdin", name="stdin", source="replay", now=datetime.now(UTC))
    for batch in batches(sys.stdin.fileno(), given, plan.batch, stop):
        kept = [
            each
            for each in batch
            if isinstance(each, Refused)
            or _is_within(each.published_at, options.since, options.until)
        ]
        if kept:
            yield kept


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin replay",
        description="Publish files, folders or a stream as a simulated feed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", nargs="+", help="a file, a folder of them, or - for standard input")
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
