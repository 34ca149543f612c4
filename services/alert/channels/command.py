"""The command `tocsin alert channels`: a channels file checked, and a channel tried out."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from services.alert.channels.config import Config, Policy, Route
from services.alert.channels.file import read_channels, sink_of
from services.alert.domain.levels import NAMES
from services.alert.notify.sink import Delivered, Item, Notice
from services.alert.outbox import Entry
from tocsin.bus import outgoing
from tocsin.errors import TocsinError, UsageError
from tocsin.messages import Alert, AlertPhase, AlertStatus, Change, LevelState, Severity
from tocsin.topics import ALERTS

_EXAMPLES: Final = """examples:
  tocsin alert channels check deploy/alert/channels.example.toml --file-only
  tocsin alert channels check channels.toml --json
  tocsin alert channels test channels.toml desk-mail

check reads the file, and that the variables which it names are set. test sends one exercise alert,
of a pair that does not exist, through one channel, whatever its routes.
"""
_PAIR: Final = "XAA-XZZ"  # ISO 3166 leaves XAA to XZZ to its users: no state


class NotDelivered(TocsinError):
    """The receiver did not take it: its word says why."""


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code.

    Raises:
        TocsinError: the file is wrong, a variable is missing, or the receiver did not take it.
    """
    options = _parser().parse_args(argv)
    found = read_channels(Path(options.file))
    if options.what == "test":
        return _test(found, options, os.environ)
    for config, where in found:
        if not options.file_only:
            sink_of(config, where, os.environ)
    told = [_told(config) for config, _ in found]
    if options.json:
        print(json.dumps(told, ensure_ascii=False))
        return 0
    for each in told:
        print(f"{each['name']}  {each['kind']}  {each['gets']}  {each['sends']}")
    return 0


def example(now: datetime) -> Alert:
    """An exercise alert that says what it is."""
    return Alert(
        id="0000000000000000",
        revision=1,
        rule="test",
        rule_version="0",
        dyad=_PAIR,
        phase=AlertPhase.FIRING,
        status=AlertStatus.EXERCISE,
        severity=Severity.INFO,
        change=Change.RAISED,
        level_before=0,
        level=1,
        level_name=NAMES[1],
        state=LevelState.PROVISIONAL,
        started_at=now,
        at=now,
        confidence=0.3,
        threshold=0.3,
        summary="a test of this channel; nothing happened",
        why="somebody ran: tocsin alert channels test",
        direction=_PAIR.replace("-", "→"),
        directed_at_state=True,
        peak=1,
        run=f"test-{now:%Y%m%dT%H%M%S}",
    )


def _test(
    found: Sequence[tuple[Config, str]], options: argparse.Namespace, environment: Mapping[str, str]
) -> int:
    if options.channel is None:
        raise UsageError("test needs the name of a channel")
    for config, where in found:
        if config.name == options.channel:
            return asyncio.run(_send(config, where, environment))
    names = ", ".join(config.name for config, _ in found)
    raise UsageError(f"no channel {options.channel!r} in {options.file}; there are {names}")


async def _send(config: Config, where: str, environment: Mapping[str, str]) -> int:
    alert = example(datetime.now(UTC))
    message = outgoing(ALERTS, alert.dyad, alert, id=f"{alert.id}.1", at=alert.at)
    notice = Notice(items=(Item(alert=alert, entry=Entry(id="0-0", message=message)),))
    try:
        async with asyncio.timeout(config.attempt_s):
            outcome = await sink_of(config, where, environment).send(notice)
    except TimeoutError:
        raise NotDelivered(f"{config.name}: no answer within {config.attempt_s:g} s") from None
    if not isinstance(outcome, Delivered):
        raise NotDelivered(f"{config.name}: {outcome.why}")
    print(f"{config.name}: delivered")
    return 0


def _told(config: Config) -> dict[str, str]:
    routes = " or ".join(_route(each) for each in config.route) or "all alerts"
    return {
        "name": config.name,
        "kind": str(config.__struct_config__.tag),
        "gets": f"{routes}{', exercises too' if config.exercises else ''}",
        "sends": _pace(config),
    }


def _route(route: Route) -> str:
    parts = [*route.pairs, *route.regions, *(f"rule {each}" for each in route.rules)]
    if route.min_level:
        parts.append(f"level {route.min_level}+")
    if route.status is not None:
        parts.append(route.status.value)
    return " ".join(parts) or "all alerts"


def _pace(config: Policy) -> str:
    if config.group_by == "none":
        grouped = "each by itself"
    else:
        grouped = f"by {config.group_by}, after {config.group_wait_s:g} s"
    limit = f", up to {config.per_minute:g} a minute" if config.per_minute else ""
    return grouped + limit


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin alert channels",
        description="Check a channels file, or try out one of its channels.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["check", "test"])
    parser.add_argument("file", help="the channels file")
    parser.add_argument("channel", nargs="?", help="for test: its name")
    parser.add_argument("--file-only", action="store_true", help="do not ask for the variables")
    parser.add_argument("--json", action="store_true", help="JSON, for programs")
    return parser
