"""The command `tocsin alert export`: a revision of an alert in the formats of others."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from services.alert.export.cap import SENDER, cap
from services.alert.export.cloudevents import cloudevent
from tocsin import bus, settings
from tocsin.errors import BadMessage, TocsinError, UsageError
from tocsin.messages import Alert, decode
from tocsin.topics import ALERTS

_EXAMPLES: Final = """examples:
  tocsin alert export 5f2a90c1d3e4b678 --format cap          its last revision, from the alert topic
  tocsin alert export 5f2a90c1d3e4b678 --revision 1 --format cloudevents
  tocsin watch --json | head -1 | tocsin alert export --from - --format cap

--from reads alerts as on the alert topic, one JSON object a line, or one that is spread over
lines. A later revision in CAP refers to the earlier ones, so give those too.
"""
_IDLE_S: Final = 1.5  # so long nothing came: the end, since end offsets of the embedded broker lie
_MOST_BYTES: Final = 50_000_000


class NotFound(TocsinError):
    """There is no such alert."""


class _Environment(msgspec.Struct, frozen=True, kw_only=True):
    kafka: settings.Kafka = settings.Kafka()
    sender: str = SENDER  # TOCSIN_EXPORT_SENDER


def main(argv: Sequence[str]) -> int:
    """Writes the alert to the standard output; the exit code.

    Raises:
        TocsinError: there is no such alert, it cannot be read, or the command was misused.
    """
    options = _parser().parse_args(argv)
    if (options.id is None) == (options.source is None):
        raise UsageError("give the id of an alert, or --from a file")
    environment = settings.load(_Environment, os.environ, prefix="TOCSIN_EXPORT_")
    kafka = environment.kafka
    found = _read(options.source) if options.source else _subscribed(options.id, kafka)
    revisions = [each for each in found if options.run is None or each.run == options.run]
    alert = _chosen(revisions, options)
    if options.format == "cap":
        sender = options.sender or environment.sender
        sys.stdout.write(cap(alert, revisions, sender).decode())
    else:
        sys.stdout.write(cloudevent(alert).decode() + "\n")
    return 0


def _chosen(revisions: Sequence[Alert], options: argparse.Namespace) -> Alert:
    """The revision that is asked for; the last one of the last alert, if nothing is asked."""
    wanted = [each for each in revisions if options.revision in (None, each.revision)]
    if options.id is not None:
        wanted = [each for each in wanted if each.id == options.id]
    if not wanted:
        what = options.id or options.source
        number = f", revision {options.revision}" if options.revision is not None else ""
        raise NotFound(f"{what}{number}: no such alert")
    last = wanted[-1]
    same = [each for each in wanted if (each.id, each.run) == (last.id, last.run)]
    return max(same, key=lambda each: each.revision)


def _read(source: str) -> list[Alert]:
    """The alerts of a file or of the standard input, `-`."""
    name = "standard input" if source == "-" else source
    try:
        if source == "-":
            data = sys.stdin.buffer.read(_MOST_BYTES)
        else:
            with Path(source).open("rb") as file:
                data = file.read(_MOST_BYTES)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from error
    try:
        return [decode(data, Alert)]
    except BadMessage as whole:
        lines = data.splitlines()
        if len(lines) < 2:
            raise UsageError(f"{name}:1: {whole.detail or 'nothing there'}") from whole
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(decode(line, Alert))
            except BadMessage as error:
                raise UsageError(f"{name}:{number}: {error.detail}") from error
    return found


def _subscribed(name: str, kafka: settings.Kafka) -> list[Alert]:
    """Every revision of the alert that the alert topic still has."""
    kafka = msgspec.structs.replace(kafka, wait_s=min(kafka.wait_s, 10.0))
    reader = bus.Reader(kafka, [ALERTS.name], from_beginning=True)
    try:
        return [each for each in _all(reader) if each.id == name]
    finally:
        reader.close()


def _all(reader: bus.Reader) -> Iterator[Alert]:
    last = time.monotonic()
    while time.monotonic() - last < _IDLE_S:
        for record in reader.poll(0.2):
            last = time.monotonic()
            try:
                yield decode(record.value, Alert)
            except BadMessage:
                continue


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin alert export",
        description="Write an alert as CAP 1.2 XML or as a CloudEvents 1.0 event.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("id", nargs="?", help="the alert's id")
    parser.add_argument(
        "--from", dest="source", metavar="FILE", help="read alerts from it, or from -"
    )
    parser.add_argument("--format", choices=["cap", "cloudevents"], default="cap")
    parser.add_argument("--revision", type=int, help="default: the last")
    parser.add_argument("--run", help="of this replay; default: any")
    parser.add_argument(
        "--sender", help="the CAP sender, as in desk@example.org; default: TOCSIN_EXPORT_SENDER"
    )
    return parser
