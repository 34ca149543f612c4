"""The command `tocsin backtest`: archives through the product's own code, without a broker."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from services.alert.backtest import coding, scoring
from services.alert.backtest.coding import Coded
from services.alert.backtest.progress import meter
from services.alert.backtest.replaying import raises, replay
from services.alert.backtest.tables import lines, raised, result
from services.alert.backtest.timeline import page
from services.alert.domain.families import parse_families
from services.alert.domain.state import Config
from services.alert.rules import parse_rules
from tocsin.errors import UsageError

DATA: Final = Path(__file__).parent.parent / "data"
_LATENESS: Final = timedelta(hours=6)

_EXAMPLES: Final = """examples:
  tocsin backtest seeds
  tocsin backtest wire.jsonl.gz --outlet Reuters --truth crises.csv --html wire.html
  tocsin backtest wire.jsonl.gz --outlet Reuters --coded wire.coded.gz      codes once, …
  tocsin backtest --coded wire.coded.gz --rules new.yaml --raises           … replays in seconds

A line of JSONL has "text", "body" or "title", and may have "published_at", "date" or "ts",
"outlet" and "id"; a folder is read as `tocsin replay` reads it. --truth is a CSV of name, trigger,
states_iso3; --labels one of article, dyad, right (yes, no). Exit code 1: an alert does not follow
from its payload.
"""


def main(argv: Sequence[str]) -> int:
    """Codes, replays, scores and prints; returns the exit code.

    Raises:
        UsageError: an input is not there or not in shape; it names file and line.
    """
    options = parser().parse_args(argv)
    config = configured(options.rules, options.families)
    truth = scoring.crises(options.truth) if options.truth else ()
    told = scoring.labels(options.labels) if options.labels else None
    began = time.monotonic()
    coded = reports(options)
    between = time.monotonic()
    run = replay(coded.reports, config, progress=meter("replayed", len(coded.reports)))
    took = {"coding_s": round(between - began, 1), "fold_s": round(time.monotonic() - between, 1)}
    figures = scoring.score(
        run, len(coded.days), coded.articles, truth=truth, told=told, level=options.level
    )
    ups = raises(run.alerts, options.level)
    if options.html:
        _write(options.html, page(run, coded.days, truth, level=options.level))
    if options.json:
        print(msgspec.json.encode(result(figures, ups, took)).decode())
    else:
        shown = lines(figures, took, options.level)
        print("\n".join([*shown, "", *map(raised, ups)] if options.raises else shown))
    for alert, why in run.unverified[:10]:
        print(f"backtest: {alert}: {why}", file=sys.stderr)
    return 1 if run.unverified else 0


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    found = argparse.ArgumentParser(
        prog="tocsin backtest",
        description="What the rules would have said of an archive: no broker, all cores.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inputs(found)
    found.add_argument("--rules", type=Path, default=DATA / "rules.yaml", help="a rules file")
    found.add_argument("--truth", type=Path, metavar="CSV", help="crises that should be found")
    found.add_argument("--labels", type=Path, metavar="CSV", help="articles labelled by hand")
    found.add_argument(
        "--level", type=int, choices=(2, 3, 4, 5), default=3, help="raises that count (3)"
    )
    found.add_argument("--html", type=Path, metavar="OUT", help="write a timeline")
    found.add_argument("--raises", action="store_true", help="list every raise with its sentence")
    found.add_argument("--json", action="store_true", help="the figures and raises as one object")
    return found


def inputs(found: argparse.ArgumentParser) -> None:
    """The options that say what is replayed."""
    found.add_argument("path", nargs="*", type=Path, help="JSONL (.gz), text files or folders")
    sources(found)


def sources(found: argparse.ArgumentParser) -> None:
    """The options of how it is read."""
    found.add_argument("--outlet", help="who publishes what names no outlet")
    found.add_argument(
        "--coded", type=Path, metavar="FILE", help="coded reports: read if there, else written"
    )
    found.add_argument("--families", type=Path, default=DATA / "families.toml")
    found.add_argument("--jobs", type=_jobs, default=os.cpu_count() or 1, help="coder processes")


def reports(options: argparse.Namespace) -> Coded:
    """The coded reports that the options ask for, from the file of them or from the articles.

    Raises:
        UsageError: there is nothing to read.
    """
    file: Path | None = options.coded
    if file is not None and file.exists():
        if options.path:
            print(f"backtest: {file} is there; it is replayed as it is", file=sys.stderr)
        return coding.load(file)
    if not options.path:
        raise UsageError("give PATH, or --coded with a file that is there")
    for path in options.path:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
    coded = coding.code(
        options.path, outlet=options.outlet, jobs=options.jobs, progress=meter("coded")
    )
    if file is not None:
        coding.save(coded, file)
    return coded


def configured(rules: Path, families: Path) -> Config:
    """The configuration of the fold from two files.

    Raises:
        TocsinError: with file, line and why.
    """
    return Config(
        rules=parse_rules(text_of(rules), str(rules)),
        families=parse_families(text_of(families)),
        lateness=_LATENESS,
    )


def text_of(path: Path) -> str:
    """What stands in a file.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _jobs(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text}: a number of processes, 1 to 256")
    return int(text)
