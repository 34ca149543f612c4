"""The command `tocsin dlq`: what was refused and why, and its way back."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tocsin import bus, settings
from tocsin.errors import UsageError
from tocsin.text import plain
from tocsin.topics import DEAD_LETTER_TOPICS

_IDLE_S: Final = 1.5  # so long nothing came: the end, since end offsets of the embedded broker lie
_EXAMPLES: Final = """examples:
  tocsin dlq list
  tocsin dlq list --reason not_json --json
  tocsin dlq replay tocsin.articles.v1.enrich.dlq --reason crashed

A replayed record goes back to its topic, with its original key, value and headers; alert drops
what it knows already. Letters stay where they are: one that fails again stands there twice.
"""


class _Settings(msgspec.Struct, frozen=True, kw_only=True):
    kafka: settings.Kafka = settings.Kafka()


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    options = _parser().parse_args(argv)
    names = options.topic or list(DEAD_LETTER_TOPICS)
    for name in names:
        if name not in DEAD_LETTER_TOPICS:
            raise UsageError(f"{name} is no dead-letter topic: {', '.join(DEAD_LETTER_TOPICS)}")
    kafka = settings.load(_Settings, os.environ, prefix="TOCSIN_DLQ_").kafka
    found = (
        record
        for record in letters(kafka, names)
        if options.reason in (None, record.header(bus.REASON_HEADER))
    )
    if options.what == "replay":
        return _replay(kafka, list(found))
    count = 0
    for count, record in enumerate(found, start=1):  # noqa: B007 - told below
        print(_line(record, as_json=options.json))
    if not count and not options.json:
        print("no dead letters")
    return 0


def letters(kafka: settings.Kafka, names: Sequence[str]) -> Iterator[bus.Record]:
    """Every dead letter of these topics, oldest first within each.

    Raises:
        Unavailable: the broker does not answer.
    """
    reader = bus.Reader(kafka, names, from_beginning=True)
    try:
        last = time.monotonic()
        while time.monotonic() - last < _IDLE_S:
            for record in reader.poll(0.2):
                last = time.monotonic()
                yield record
    finally:
        reader.close()


def restored(record: bus.Record) -> bus.Outgoing | None:
    """The record as it was when it was refused; None if it never was one (a refused file)."""
    topic, _, rest = (record.header(bus.ORIGIN_HEADER) or "").partition("/")
    if not topic or rest.startswith("-1"):
        return None
    ours = (bus.REASON_HEADER, bus.DETAIL_HEADER, bus.ORIGIN_HEADER)
    return bus.Outgoing(
        topic=topic,
        key=record.key.decode("utf-8", "replace") if record.key is not None else None,
        value=record.value,
        headers=tuple(pair for pair in record.headers if pair[0] not in ours),
    )


def _replay(kafka: settings.Kafka, found: Sequence[bus.Record]) -> int:
    back = [each for each in map(restored, found) if each is not None]
    producer = bus.Producer(kafka, service="dlq")
    try:
        producer.publish(back)
    finally:
        producer.close()
    files = len(found) - len(back)
    print(
        f"{len(back)} replayed" + (f", {files} refused files left: replay those" if files else "")
    )
    return 0


def _line(record: bus.Record, *, as_json: bool) -> str:
    told = {
        "topic": record.topic,
        "offset": record.offset,
        "reason": record.header(bus.REASON_HEADER),
        "detail": record.header(bus.DETAIL_HEADER),
        "origin": record.header(bus.ORIGIN_HEADER),
        "bytes": len(record.value or b""),
    }
    if as_json:
        return json.dumps(told, ensure_ascii=False)
    line = f"{told['reason']}: {told['detail']}  ({told['origin']}, {told['bytes']} bytes)"
    return plain(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin dlq",
        description="List dead letters, or send them back to where they came from.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["list", "replay"])
    parser.add_argument("topic", nargs="*", help="dead-letter topics; all if none is named")
    parser.add_argument("--reason", help="only letters of this reason")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser
