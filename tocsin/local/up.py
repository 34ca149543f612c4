"""The command `tocsin up`: the embedded run until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tocsin.errors import UsageError
from tocsin.local.stack import Ports, Stack, running

_LAST_PORT: Final = 65533  # two more services follow the first
_EXAMPLES: Final = """examples:
  tocsin up                                    then, elsewhere: tocsin replay seeds; tocsin watch
  tocsin up --replay seeds --inbox ./inbox     replay the seeds, and take what is dropped there
  tocsin up --sources sources.toml             follow feeds; then: tocsin sources list sources.toml
  tocsin up --kafka-port 29092 --redis-port 26379 --http-port 9201

Nothing it holds outlives it: the embedded broker and Redis keep all in memory.
Metrics and health of ingest, enrich and alert stand on three ports from --http-port on.
"""


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C, also during the start
    stack = Stack(
        Ports(kafka=options.kafka_port, redis=options.redis_port, http=options.http_port),
        env=_sources(options),
        on_line=lambda name, line: print(f"{name:>6} | {line}", flush=True),
        on_step=lambda step: print(f"tocsin | {step}", flush=True),
    )
    with contextlib.suppress(KeyboardInterrupt), running(stack):
        print(f"tocsin | broker {stack.kafka.bootstrap}, Ctrl-C stops all", flush=True)
        while True:
            stack.check()
            time.sleep(0.2)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin up",
        description="Start the embedded broker, Redis and the three services as one group.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kafka-port", type=_port, default=19092)
    parser.add_argument("--redis-port", type=_port, default=16379)
    parser.add_argument("--http-port", type=_port, default=9101, help="first of three")
    parser.add_argument("--replay", metavar="PATH", help="replay this once after the start")
    parser.add_argument("--inbox", metavar="FOLDER", help="publish what is dropped there")
    parser.add_argument("--sources", metavar="FILE", help="the sources file: feeds, push, folders")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text}: a port from 1 to {_LAST_PORT}")
    return int(text)


def _sources(options: argparse.Namespace) -> dict[str, str]:
    env: dict[str, str] = {}
    for name in ("replay", "inbox", "sources"):
        path = getattr(options, name)
        if path is not None:
            if not Path(path).exists():
                raise UsageError(f"--{name}: {path}: no such file or folder")
            env[f"TOCSIN_INGEST_{name.upper()}"] = str(Path(path).resolve())
    return env
