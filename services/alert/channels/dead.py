"""The command `tocsin alert dead`: what could not be delivered, and its way out."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from services.alert.notify import kafka
from services.alert.outbox import Dead, Outbox
from services.alert.store import connect
from tocsin import settings
from tocsin.errors import BadMessage, UsageError
from tocsin.messages import Alert, decode
from tocsin.text import plain
from tocsin.topics import ALERTS

_EXAMPLES: Final = """examples:
  tocsin alert dead list
  tocsin alert dead list desk-mail --json
  tocsin alert dead retry desk-mail                  all that this channel gave up
  tocsin alert dead retry desk-mail --id 1766379000123-0

What is retried goes to its channel alone, as soon as the channel may send; it is dropped there if
a later revision of the same alert has been told meanwhile. Levels are not retried: a later one
stands.
"""


class _Environment(msgspec.Struct, frozen=True, kw_only=True):
    redis: settings.Redis = settings.Redis()


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code.

    Raises:
        TocsinError: Redis is away, or the command was misused.
    """
    options = _parser().parse_args(argv)
    redis = settings.load(_Environment, os.environ, prefix="TOCSIN_DEAD_").redis
    return asyncio.run(_run(redis, options))


async def _run(redis: settings.Redis, options: argparse.Namespace) -> int:
    client = connect(redis)
    try:
        return await _do(Outbox(client, redis.prefix), options)
    finally:
        await client.aclose()


async def _do(outbox: Outbox, options: argparse.Namespace) -> int:
    known = await outbox.dead_channels()
    if options.channel is not None and options.channel not in known:
        have = f": {', '.join(known)}" if known else ""
        raise UsageError(f"no dead notifications of {plain(options.channel)!r}{have or ' or any'}")
    names = known if options.channel is None else [options.channel]
    found = [each for name in names for each in await outbox.dead(name)]
    if options.id is not None:
        found = [each for each in found if each.id == options.id]
        if not found:
            raise UsageError(f"no dead notification {plain(options.id)}; see: … dead list")
    if options.what == "retry":
        return await _retry(outbox, found, as_json=options.json)
    for each in found:
        print(json.dumps(_told(each), ensure_ascii=False) if options.json else _line(each))
    if not found and not options.json:
        print("no dead notifications")
    return 0


async def _retry(outbox: Outbox, found: Sequence[Dead], *, as_json: bool) -> int:
    stale = [each for each in found if _is_level(each)]
    count = 0
    for each in found:
        if not _is_level(each):
            count += await outbox.retry(each)
    if as_json:
        print(json.dumps({"retried": count, "left": len(stale)}))
    else:
        print(f"{count} retried" + (f", {len(stale)} levels left" if stale else ""))
    return 0


def _is_level(dead: Dead) -> bool:
    return dead.channel == kafka.NAME and dead.message.topic != ALERTS.name


def _told(dead: Dead) -> dict[str, Any]:
    told: dict[str, Any] = {
        "channel": dead.channel,
        "id": dead.id,
        "at": datetime.fromtimestamp(dead.since_s, UTC).isoformat(timespec="seconds"),
        "why": dead.why,
        "topic": dead.message.topic,
        "key": dead.message.key,
    }
    try:
        alert = decode(dead.message.value, Alert)
    except BadMessage:
        return told
    return {**told, "alert": alert.id, "revision": alert.revision, "level": alert.level}


def _line(dead: Dead) -> str:
    told = _told(dead)
    what = f"{told['alert']}.{told['revision']}" if "alert" in told else told["topic"]
    return plain(
        f"{told['channel']}  {told['id']}  {told['at']}  {told['key']}  {what}  {told['why']}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin alert dead",
        description="List the notifications that could not be delivered, or retry them.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["list", "retry"])
    parser.add_argument("channel", nargs="?", help="of this channel; default: of all")
    parser.add_argument("--id", help="only this one")
    parser.add_argument("--json", action="store_true", help="JSON, for programs")
    return parser
