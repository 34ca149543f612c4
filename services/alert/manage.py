"""The command `tocsin alert`: what stands, who has it in hand, and what is silenced."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from services.alert import words
from services.alert.app import letters
from services.alert.articles import Articles
from services.alert.channels import command as channels
from services.alert.channels import dead
from services.alert.config import read_config
from services.alert.domain.hushing import Silence
from services.alert.domain.regions import REGIONS
from services.alert.export import command as export
from services.alert.hushes import Ask, Conflict, Hushes
from services.alert.rebuild import rebuild, records
from services.alert.settings import Settings
from services.alert.store import Store, connect
from services.alert.watch import line
from tocsin import settings
from tocsin.messages import Alert, Severity
from tocsin.text import plain

_EXAMPLES: Final = """examples:
  tocsin alert list
  tocsin alert show 5f2a90c1d3e4b678
  tocsin alert ack 5f2a90c1d3e4b678 --by ana --note "with the desk"
  tocsin alert silence add --dyad GRC-TUR --for 4h --by ana --reason "exercise at sea"
  tocsin alert silence add --region western-asia --up-to 3 --for 2d --by bo --reason "known"
  tocsin alert silence list --json
  tocsin alert silence expire 1f2e3d4c5b6a
  tocsin alert rebuild --incarnation 20261122-0a1b2c3d
  tocsin alert channels check channels.toml
  tocsin alert dead list
  tocsin alert export 5f2a90c1d3e4b678 --format cap

An acknowledgement stops repeats until the level rises. A silence keeps back what is at or below
the level at which each pair stood when it was made, or --up-to if that is higher. Neither changes a
level, and a higher level passes both.
"""

Work = Callable[[Hushes, argparse.Namespace], Awaitable[int]]
# Commands with parsers of their own.
_ELSEWHERE: Final = {
    "channels": (channels.main, "a channels file checked, and a channel tried out"),
    "dead": (dead.main, "the notifications that could not be delivered, and their retry"),
    "export": (export.main, "an alert as CAP 1.2 XML or as a CloudEvent"),
}


class _Environment(msgspec.Struct, frozen=True, kw_only=True):
    redis: settings.Redis = settings.Redis()


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code.

    Raises:
        TocsinError: Redis is away, there is no such alert or silence, or the command was misused.
    """
    if argv and argv[0] in _ELSEWHERE:
        return _ELSEWHERE[argv[0]][0](argv[1:])
    options = _parser().parse_args(argv)
    if options.work is None:
        return asyncio.run(_rebuild(options))
    redis = settings.load(_Environment, os.environ, prefix="TOCSIN_MANAGE_").redis
    return asyncio.run(_at_work(redis, options))


async def _at_work(redis: settings.Redis, options: argparse.Namespace) -> int:
    client = connect(redis)
    try:
        store = Store(client, redis.prefix, letters)
        work: Work = options.work
        return await work(Hushes(client, redis.prefix, store), options)
    finally:
        await client.aclose()


async def _list(hushes: Hushes, options: argparse.Namespace) -> int:
    alerts = await hushes.alerts(options.run)
    if options.json:
        _print_json(alerts)
        return 0
    for alert in alerts:
        print(_row(alert))
    if not alerts:
        print("no alert that is not over")
    return 0


async def _show(hushes: Hushes, options: argparse.Namespace) -> int:
    alert = await hushes.alert(options.id, options.run)
    if options.json:
        _print_json(alert)
        return 0
    print(line(alert).plain)
    print(f"  {plain(alert.summary)}; phase {alert.phase.value}, rule {plain(alert.rule)}")
    print(f"  since {alert.started_at:%Y-%m-%d %H:%M} UTC; {plain(alert.lowers)}")
    for term in alert.terms:
        print(f"  {plain(term.family)} ({plain(term.tier)}): {term.weight:.2f}")
    for told in _hands(alert):
        print(f"  {told}")
    return 0


async def _ack(hushes: Hushes, options: argparse.Namespace) -> int:
    by, note = words.said(options.by, "--by"), words.said(options.note, "--note", needed=False)
    alert = await hushes.alert(options.id, options.run)
    ack = await hushes.acknowledge(alert, by=by, note=note, revision=options.revision)
    if options.json:
        _print_json(ack)
    else:
        print(f"{ack.alert} acknowledged by {ack.by} at level {ack.level}, until it rises")
    return 0


async def _add(hushes: Hushes, options: argparse.Namespace) -> int:
    ask = Ask(
        matcher=words.matcher(
            dyad=options.dyad,
            state=options.state,
            region=options.region,
            rule=options.rule,
            severity=options.severity,
        ),
        by=words.said(options.by, "--by"),
        reason=words.said(options.reason, "--reason"),
        until=words.end(datetime.now(UTC), period=options.period, until=options.until),
        up_to=options.up_to,
    )
    made = await hushes.silence(ask)
    _print_json(made) if options.json else print(_silence(made))
    return 0


async def _silences(hushes: Hushes, options: argparse.Namespace) -> int:
    silences = await hushes.silences()
    if options.json:
        _print_json(silences)
        return 0
    for each in silences:
        print(_silence(each))
    if not silences:
        print("no silences")
    return 0


async def _expire(hushes: Hushes, options: argparse.Namespace) -> int:
    ended = await hushes.expire(options.id)
    _print_json(ended) if options.json else print(f"{ended.id} ended")
    return 0


async def _rebuild(options: argparse.Namespace) -> int:
    found = settings.load(Settings, os.environ, prefix="TOCSIN_ALERT_")
    client = connect(found.redis)
    try:
        store = Store(client, found.redis.prefix, letters)
        if not options.force and await store.busy():
            raise Conflict("an alert worker is at work; stop all of them, or wait for 15 s")
        after = timedelta(hours=found.blind_after_h)
        sight = await Articles(client, found.redis.prefix, after).sight()
        given = records(found.kafka, lambda n: print(f"{n} records", file=sys.stderr))
        done = await rebuild(store, given, read_config(found), sight, options.incarnation)
    finally:
        await client.aclose()
    if options.json:
        _print_json(done)
    else:
        print(
            f"{done.records} records, {done.refused} refused: {done.pairs} pairs, {done.alerts} "
            f"alerts that are not over, in incarnation {done.incarnation}; nobody was notified"
        )
    return 0


def _row(alert: Alert) -> str:
    told = "".join(f"; {each}" for each in _hands(alert))
    return (
        f"{plain(alert.id)}  {plain(alert.dyad)}  {alert.level} {alert.level_name}"
        f" {alert.state.value}  {alert.phase.value}  since {alert.started_at:%Y-%m-%d %H:%M}"
        f"  revision {alert.revision}{told}"
    )


def _hands(alert: Alert) -> list[str]:
    """Who has it in hand and who silenced it, why and until when."""
    told = []
    if alert.acknowledged is not None:
        ack = alert.acknowledged
        note = f": {plain(ack.note)}" if ack.note else ""
        told.append(f"acknowledged by {plain(ack.by)} at level {ack.level}{note}")
    if alert.silenced is not None:
        quiet = alert.silenced
        until = f"{quiet.until:%Y-%m-%d %H:%M} UTC"
        told.append(f"silenced by {plain(quiet.by)} until {until}: {plain(quiet.reason)}")
    return told


def _silence(silence: Silence) -> str:
    named = msgspec.structs.asdict(silence.matcher).items()
    what = ", ".join(f"{name} {plain(str(value))}" for name, value in named if value)
    ceilings = [f"{dyad} {level}" for dyad, level in sorted(silence.levels.items())]
    if silence.up_to or not ceilings:
        ceilings.append(f"others {silence.up_to}" if ceilings else f"all {silence.up_to}")
    return (
        f"{silence.id}  {what}  up to level: {', '.join(ceilings)}"
        f"  until {silence.until:%Y-%m-%d %H:%M} UTC  by {plain(silence.by)}: "
        f"{plain(silence.reason)}"
    )


def _print_json(value: object) -> None:
    print(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin alert",
        description="Show alerts, take them in hand, silence them.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listed = _command(commands, "list", _list, "the alerts that are not over")
    show = _command(commands, "show", _show, "one alert with all its terms")
    ack = _command(commands, "ack", _ack, "take an alert in hand")
    for each in (show, ack):
        each.add_argument("id", help="the alert's id")
    for each in (listed, show, ack):
        each.add_argument("--run", help="of this replay; default: of the world")
    ack.add_argument("--by", required=True, help="who takes it")
    ack.add_argument("--note", default="", help="what is shown with it")
    ack.add_argument("--revision", type=int, help="as it stood then (default: as it stands)")
    again = _command(commands, "rebuild", None, "fresh states, from the events topic; pages nobody")
    again.add_argument(
        "--incarnation",
        default="",
        help="of the lost store, so that the alert ids stay; default: this store's own",
    )
    again.add_argument("--force", action="store_true", help="although a worker seems to be at work")
    silence = commands.add_parser("silence", help="keep notifications back for a while")
    silences = silence.add_subparsers(required=True, metavar="COMMAND")
    _silence_options(_command(silences, "add", _add, "a new silence"))
    _command(silences, "list", _silences, "the silences that have not ended")
    for name, (_, what) in _ELSEWHERE.items():
        commands.add_parser(name, help=what, add_help=False)
    _command(silences, "expire", _expire, "end one now").add_argument("id", help="its id")
    return parser


def _silence_options(add: argparse.ArgumentParser) -> None:
    add.add_argument("--dyad", help="this pair: USA-VEN")
    add.add_argument("--state", help="every pair with this state: VEN")
    add.add_argument("--region", help=f"every pair with a state in it: {', '.join(REGIONS)}")
    add.add_argument("--rule", help="alerts of this rule")
    add.add_argument("--severity", help=f"alerts of this severity: {', '.join(Severity)}")
    add.add_argument("--for", dest="period", help="how long: 90m, 4h, 2d")
    add.add_argument("--until", help="or until when: 2026-03-01T18:00+00:00")
    add.add_argument("--by", required=True, help="who wants it")
    add.add_argument("--reason", required=True, help="why")
    add.add_argument(
        "--up-to",
        type=int,
        choices=range(6),
        default=0,
        help="keep back up to this level, for pairs that stand lower now too",
    )


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    work: Work | None,
    what: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=what, description=what)
    parser.add_argument("--json", action="store_true", help="JSON, for programs")
    parser.set_defaults(work=work)
    return parser
