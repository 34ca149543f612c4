"""The command `tocsin rules`: check a rules file, and try another one on the past."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from services.alert.backtest import command
from services.alert.backtest.difference import Difference, difference
from services.alert.backtest.progress import meter
from services.alert.backtest.replaying import replay
from services.alert.backtest.tables import raised
from services.alert.rules import mistakes, parse_rules
from tocsin.errors import UsageError
from tocsin.messages import Alert
from tocsin.text import plain

_EXAMPLES: Final = """examples:
  tocsin rules check my.yaml
  tocsin rules diff services/alert/data/rules.yaml my.yaml --replay seeds
  tocsin rules diff old.yaml new.yaml --replay wire.jsonl.gz --outlet Reuters --coded wire.coded.gz
  tocsin rules diff old.yaml new.yaml --coded wire.coded.gz --json

The third codes the archive once and keeps it; the fourth replays what was kept. A `+` is said by
the new rules alone, a `-` by the old ones alone, with what holds it back. Exit code of check: 1 if
the file is wrong.
"""


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code.

    Raises:
        UsageError: a file cannot be read.
    """
    options = _parser().parse_args(argv)
    return _check(options) if options.work == "check" else _diff(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin rules",
        description="Check a rules file, or show what another one would change.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="work", required=True, metavar="check|diff")
    check = commands.add_parser("check", help="say what is wrong in a file, with line and reason")
    check.add_argument("file", type=Path, nargs="+", metavar="FILE")
    check.add_argument("--json", action="store_true", help="the mistakes as one object")
    diff = commands.add_parser("diff", help="which alerts new rules add and take away")
    diff.add_argument("old", type=Path, metavar="OLD")
    diff.add_argument("new", type=Path, metavar="NEW")
    diff.add_argument("--replay", dest="path", nargs="+", type=Path, default=[], metavar="PATH")
    command.sources(diff)
    diff.add_argument("--json", action="store_true", help="the difference as one object")
    return parser


def _check(options: argparse.Namespace) -> int:
    wrong: list[str] = []
    for file in options.file:
        text = command.text_of(file)
        found = mistakes(text, str(file))
        wrong += found
        if not found and not options.json:
            count = len(parse_rules(text, str(file)))
            print(f"{file}: {count} {'rule' if count == 1 else 'rules'}, fine")
    if options.json:
        print(msgspec.json.encode({"mistakes": wrong}).decode())
    else:
        for each in wrong:
            print(plain(each), file=sys.stderr)
    return 1 if wrong else 0


def _diff(options: argparse.Namespace) -> int:
    old = command.configured(options.old, options.families)
    new = command.configured(options.new, options.families)
    if not options.path and options.coded is None:
        raise UsageError("give --replay PATH, or --coded with a file that is there")
    coded = command.reports(options)
    runs = [
        replay(coded.reports, each, progress=meter(name, len(coded.reports)))
        for name, each in (("old rules", old), ("new rules", new))
    ]
    found = difference(runs[0].alerts, runs[1].alerts, new.rules)
    if options.json:
        print(msgspec.json.encode(_object(found)).decode())
        return 0
    for line in _lines(found):
        print(line)
    return 0


def _lines(found: Difference) -> list[str]:
    marked = [
        *((each.at, each.dyad, f"+ {_told(each)}") for each in found.added),
        *(
            (each.alert.at, each.alert.dyad, f"- {_told(each.alert)}\n    {each.why}")
            for each in found.removed
        ),
    ]
    counts = f"{len(found.added)} added, {len(found.removed)} removed, {found.kept} as before"
    return [*(text for _, _, text in sorted(marked)), counts]


def _told(alert: Alert) -> str:
    return f"{alert.change.value:12} {alert.rule:14} {plain(raised(alert))}"


def _object(found: Difference) -> dict[str, Any]:
    def told(alert: Alert) -> dict[str, Any]:
        return {
            "at": alert.at,
            "dyad": alert.dyad,
            "rule": alert.rule,
            "change": alert.change,
            "from": alert.level_before,
            "to": alert.level,
            "alert": alert.id,
        }

    return {
        "added": [told(each) for each in found.added],
        "removed": [told(each.alert) | {"why": each.why} for each in found.removed],
        "kept": found.kept,
    }
