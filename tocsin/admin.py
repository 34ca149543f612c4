"""The command `tocsin topics`: creates what topics.py declares, or shows it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Final

import msgspec

from tocsin import bus, settings
from tocsin.topics import DEAD_LETTER_TOPICS, TOPICS

_EXAMPLES: Final = """examples:
  tocsin topics show
  TOCSIN_KAFKA_BOOTSTRAP=kafka:9092 tocsin topics create
"""


class _Settings(msgspec.Struct, frozen=True, kw_only=True):
    kafka: settings.Kafka = settings.Kafka()


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tocsin topics",
        description="The topics that the services meet on.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["create", "show"])
    if parser.parse_args(argv).what == "show":
        for topic in TOPICS:
            kept = "compacted" if topic.retention_ms is None else f"{topic.retention_ms} ms"
            print(f"{topic.name:<24} {topic.partitions} partitions  key {topic.key}  {kept}")
        print("\n".join(DEAD_LETTER_TOPICS))
        return 0
    chosen = settings.load(_Settings, os.environ, prefix="TOCSIN_TOPICS_")
    bus.wait_for_broker(chosen.kafka)
    created = bus.create_topics(chosen.kafka)
    print(f"created: {', '.join(created)}" if created else "all topics are there")
    return 0
