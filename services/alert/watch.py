"""The command `tocsin watch`: the alerts as they come, a line each."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import msgspec
from rich.console import Console
from rich.text import Text

from tocsin import bus, settings
from tocsin.errors import BadMessage, UsageError
from tocsin.messages import Alert, AlertPhase, AlertStatus, decode, encode
from tocsin.text import plain
from tocsin.topics import ALERTS

_EXAMPLES: Final = """examples:
  tocsin watch                                  every alert from now on
  tocsin watch --dyad USA-VEN --min-level 3     one pair, from a display of force up
  tocsin watch --from-beginning --json | jq .   all that the broker still has
"""
_POLL_S: Final = 0.5
_PATIENCE_S: Final = 10.0  # a person is waiting
_DYAD: Final = re.compile(r"([A-Z]{3})-([A-Z]{3})")
_STYLES: Final = ("green", "green", "yellow", "dark_orange", "red", "bold red")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts to show."""

    dyad: str | None
    min_level: int
    exercises: bool


class _Environment(msgspec.Struct, frozen=True, kw_only=True):
    kafka: settings.Kafka = settings.Kafka()


def main(argv: Sequence[str]) -> int:
    """Shows alerts until Ctrl-C, which is how one leaves: exit code 0.

    Raises:
        TocsinError: the broker is away, or the command was misused.
    """
    options = _parser().parse_args(argv)
    wanted = Wanted(
        dyad=_dyad(options.dyad), min_level=options.min_level, exercises=options.exercises
    )
    kafka = settings.load(_Environment, os.environ, prefix="TOCSIN_WATCH_").kafka
    kafka = msgspec.structs.replace(kafka, wait_s=min(kafka.wait_s, _PATIENCE_S))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        reader = bus.Reader(kafka, [ALERTS.name], from_beginning=options.from_beginning)
        try:
            _show(reader, wanted, as_json=options.json)
        finally:
            reader.close()
    except KeyboardInterrupt:
        return 0


def shown(alert: Alert, wanted: Wanted) -> bool:
    """Whether the alert is one of those. What is over counts by its peak."""
    if wanted.dyad is not None and alert.dyad != wanted.dyad:
        return False
    if alert.status is AlertStatus.EXERCISE and not wanted.exercises:
        return False
    return max(alert.level, alert.level_before, _gravity(alert)) >= wanted.min_level


def line(alert: Alert) -> Text:
    """The alert for a terminal, its quotation on a line of its own."""
    style = _STYLES[alert.level]
    text = Text()
    text.append(f"{alert.at:%Y-%m-%d %H:%M}  ", style="dim")
    text.append(f"{plain(alert.dyad)}  {alert.level} {plain(alert.level_name)}", style=style)
    text.append(f" {alert.state}, {alert.change.replace('_', ' ')}")
    text.append(f"  {plain(alert.why)}")
    text.append(f"  [{plain(alert.id)}.{alert.revision}", style="dim")
    text.append(", exercise]" if alert.status is AlertStatus.EXERCISE else "]", style="dim")
    for citation in alert.citations[:1]:
        article = citation.article
        source = article.agency or article.outlet or article.guid
        text.append(f"\n    “{plain(citation.evidence.text)}” ({plain(source)})", style="italic")
    return text


def _gravity(alert: Alert) -> int:
    over = alert.phase in (AlertPhase.RESOLVED, AlertPhase.RETRACTED)
    return alert.peak if over else alert.level


def _show(reader: bus.Reader, wanted: Wanted, *, as_json: bool) -> NoReturn:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    while True:
        for record in reader.poll(_POLL_S):
            alert = _alert(record)
            if alert is None or not shown(alert, wanted):
                continue
            if as_json:
                sys.stdout.write(encode(alert).decode() + "\n")
                sys.stdout.flush()
            else:
                console.print(line(alert))


def _alert(record: bus.Record) -> Alert | None:
    """The alert in a record; what is none is left out."""
    try:
        return decode(record.value, Alert)
    except BadMessage:
        return None


def _dyad(text: str | None) -> str | None:
    if text is None:
        return None
    match = _DYAD.fullmatch(text.strip().upper())
    if match is None or match[1] == match[2]:
        why = f"--dyad {plain(text)}: give two ISO 3166 codes, as in USA-VEN"
        raise UsageError(why)
    return "-".join(sorted(match.groups()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin watch",
        description="Show alerts as they come.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dyad", help="only this pair of states, in any order: USA-VEN")
    parser.add_argument(
        "--min-level", type=int, choices=range(6), default=0, help="only from this level up"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--from-beginning", action="store_true", help="first what the broker still has"
    )
    parser.add_argument(
        "--exercises",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="show the alerts of replays too",
    )
    return parser
