"""The command `tocsin explain`: an alert term by term, each with its sentence and offsets."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from services.alert.app import letters
from services.alert.domain.alerts import verify
from services.alert.domain.wording import number
from services.alert.hushes import Hushes
from services.alert.store import Store, connect
from tocsin import settings
from tocsin.errors import UsageError
from tocsin.messages import Alert, Term
from tocsin.text import plain

_EXAMPLES: Final = """examples:
  tocsin explain 5f2a90c1d3e4b678                an alert that is not over, from Redis
  tocsin explain alert.json --verify             a webhook's payload, from a file
  tocsin watch --from-beginning --json | tocsin explain - --verify
  tocsin explain alert.json --json

With --verify its confidence, threshold, level and severity are worked out again from the payload
alone; exit code 1 if something in it does not follow.
"""
_ID: Final = re.compile(r"[0-9a-f]{16}")


class _Environment(msgspec.Struct, frozen=True, kw_only=True):
    redis: settings.Redis = settings.Redis()


def main(argv: Sequence[str]) -> int:
    """Explains one alert, or each line of alerts; returns the exit code.

    Raises:
        TocsinError: there is no such alert, or the input is none.
    """
    options = _parser().parse_args(argv)
    wrong = 0
    for alert in _alerts(options.alert, options.run):
        found = verify(alert) if options.verify or options.json else []
        wrong += bool(found)
        if options.json:
            print(msgspec.json.encode({"alert": alert, "wrong": found}).decode())
            continue
        print("\n".join(explained(alert)))
        if options.verify:
            print(_verdict(alert, found))
    return 1 if wrong else 0


def explained(alert: Alert) -> list[str]:
    """The alert in plain lines."""
    run = f", exercise {plain(alert.run)}" if alert.run else ""
    level = f"level {alert.level}, {alert.level_name} ({alert.state})"
    rule = f"rule {plain(alert.rule)} {plain(alert.rule_version)}"
    aim = "at the state" if alert.directed_at_state else "not at the state itself"
    lines = [
        f"{alert.dyad}: {level}, {alert.change.value}, level before: {alert.level_before}",
        f"  {alert.at:%Y-%m-%d %H:%M} UTC, alert {alert.id} revision {alert.revision}{run}",
        f"  {rule}; {plain(alert.direction)}, {aim}; peak {alert.peak}",
        f"  {plain(alert.why)}",
        f"  confidence {_product(alert)}, at least {number(alert.threshold)} is needed",
    ]
    for term in alert.terms:
        lines += _term(term)
    return [*lines, *(f"  {plain(each)}" for each in (alert.novelty, alert.lowers) if each)]


def _product(alert: Alert) -> str:
    factors = " × ".join(f"(1 - {number(term.weight)})" for term in alert.terms)
    total = number(alert.confidence)
    return f"{total} = 1 - {factors}" if factors else total


def _term(term: Term) -> list[str]:
    article, evidence = term.citation.article, term.citation.evidence
    anonymous = " × .70, only anonymous sources," if term.anonymous else ""
    published = f"{article.published_at:%Y-%m-%d %H:%M} UTC" if article.published_at else "undated"
    where = plain(article.agency or article.outlet or "no outlet named")
    weight = f"{number(term.weight)} = {number(term.tier_weight)} ({plain(term.tier)}){anonymous}"
    offsets = f"characters {evidence.start} to {evidence.end}"
    return [
        f"  {plain(term.family)}: {weight} × {number(term.certainty)} certainty",
        f'    "{plain(evidence.text)}"',
        f"    {where}, {published}, article {plain(article.id)}, {offsets}",
        f"    event {plain(term.event)}",
        *([f"    {plain(article.url)}"] if article.url else []),
    ]


def _verdict(alert: Alert, wrong: Sequence[str]) -> str:
    if not wrong:
        return f"  verified: level {alert.level} follows from this payload alone"
    return "\n".join(f"  NOT verified: {plain(each)}" for each in wrong)


def _alerts(name: str, run: str | None) -> list[Alert]:
    if name == "-":
        return _decoded(sys.stdin.buffer.read(), "standard input")
    if _ID.fullmatch(name) and not Path(name).exists():
        return [asyncio.run(_stored(name, run))]
    try:
        return _decoded(Path(name).read_bytes(), name)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}; give an id, a file or -") from error


def _decoded(data: bytes, origin: str) -> list[Alert]:
    """One alert, a list of them, or one a line.

    Raises:
        UsageError: with the line and the field that is wrong.
    """
    try:
        return msgspec.json.decode(data, type=list[Alert])
    except msgspec.MsgspecError:
        pass
    try:
        return [msgspec.json.decode(data, type=Alert)]
    except msgspec.MsgspecError as error:
        if len(data.splitlines()) < 2:
            raise UsageError(f"{origin}: no alert: {error}") from error
    found = []
    for place, line in enumerate(data.splitlines(), start=1):
        try:
            found += [msgspec.json.decode(line, type=Alert)] if line.strip() else []
        except msgspec.MsgspecError as error:
            raise UsageError(f"{origin}:{place}: no alert: {error}") from error
    return found


async def _stored(name: str, run: str | None) -> Alert:
    redis = settings.load(_Environment, os.environ, prefix="TOCSIN_EXPLAIN_").redis
    client = connect(redis)
    try:
        return await Hushes(client, redis.prefix, Store(client, redis.prefix, letters)).alert(
            name, run
        )
    finally:
        await client.aclose()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin explain",
        description="Every term of an alert, with its sentence, article and offsets.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("alert", metavar="ALERT", help="an alert's id, a JSON file, or -")
    parser.add_argument("--run", help="the run of a replay whose alert it is")
    parser.add_argument("--verify", action="store_true", help="work the level out again")
    parser.add_argument("--json", action="store_true", help="the alert and what is wrong in it")
    return parser
