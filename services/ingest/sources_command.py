"""The command `tocsin sources`: set sources up, try them out, and see how they do."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from services.ingest.feed_state import FeedState
from services.ingest.setup.listing import STATUSES, Row, ago, listed
from services.ingest.setup.opml import subscriptions
from services.ingest.setup.tables import cell, console, table
from services.ingest.setup.written import Skipped, append, written
from services.ingest.sources.config import Config
from services.ingest.sources.file import parse_sources, read_sources
from tocsin import settings
from tocsin.errors import UsageError
from tocsin.tables import read_text
from tocsin.text import plain

_EXAMPLES: Final = """examples:
  tocsin sources list sources.toml
  tocsin sources list --json --fail-on failing,stale,overdue
  tocsin sources import subscriptions.opml > sources.toml
  tocsin sources import subscriptions.opml --into sources.toml --name-prefix asia-

Without FILE the one that TOCSIN_INGEST_SOURCES names. list asks the Redis of TOCSIN_REDIS_URL.
"""
_STYLES: Final = {
    "failing": "bold red",
    "overdue": "red",
    "stale": "yellow",
    "empty": "yellow",
    "fresh": "green",
    "off": "dim",
}
_PREFIX: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


class _Environment(msgspec.Struct, frozen=True, kw_only=True):
    redis: settings.Redis = settings.Redis()


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code.

    Raises:
        TocsinError: a file is wrong, Redis is away, or the command was misused.
    """
    options = _parser().parse_args(argv)
    return _list(options) if options.work == "list" else _import(options)


def _list(options: argparse.Namespace) -> int:
    sources = read_sources(_file(options))
    chosen = settings.load(_Environment, os.environ, prefix="TOCSIN_SOURCES_")
    state = FeedState(chosen.redis, days=1)  # which only who writes needs
    try:
        cursors = state.cursors([each.name for each in sources])
    finally:
        state.close()
    now = datetime.now(UTC)
    rows = listed(sources, cursors, now)
    if options.json:
        for row in rows:
            print(msgspec.json.encode(row).decode())
    else:
        _show(rows, now)
    return 1 if any(row.status in options.fail_on for row in rows) else 0


def _show(rows: Sequence[Row], now: datetime) -> None:
    found = table(["SOURCE", "STATUS", "FOR", "ARTICLE", "POLL", "NEXT", "FAILED", ""])
    for row in rows:
        found.add_row(
            cell(row.name),
            cell(row.status, _STYLES.get(row.status, "")),
            ago(row.since, now),
            ago(row.newest, now),
            ago(row.last_poll, now),
            "now" if row.next_poll and row.next_poll <= now else ago(row.next_poll, now),
            str(row.failures or "-"),
            cell(row.words),
        )
    console().print(found)


def _file(options: argparse.Namespace) -> Path:
    name = options.file or os.environ.get("TOCSIN_INGEST_SOURCES")
    if not name:
        raise UsageError("which sources file? give FILE, or set TOCSIN_INGEST_SOURCES")
    return Path(name)


def _import(options: argparse.Namespace) -> int:
    found = subscriptions(_bytes(options.file), options.file)
    into = Path(options.into) if options.into else None
    there = _there(into) if into is not None and into.exists() else []
    made = written(found, prefix=options.name_prefix, there=there)
    for each in made.skipped:
        print(_told(options.file, each), file=sys.stderr)
    if into is not None and made.names:
        append(into, made.text)
    elif into is None:
        sys.stdout.write(made.text)
    where = f" into {options.into}" if into is not None else ""
    print(f"{len(made.names)} added{where}, {len(made.skipped)} skipped", file=sys.stderr)
    if not found:
        print(f"{options.file}: no feed in it: no outline has an xmlUrl", file=sys.stderr)
    return 0 if found else 1


def _there(into: Path) -> list[Config]:
    """The sources of a file, which may have none yet."""
    text = read_text(into, "sources file")
    return parse_sources(text, into.name) if "[[" in text else []


def _told(file: str, skipped: Skipped) -> str:
    each = skipped.subscription
    what = each.title or each.url.partition("?")[0]
    return plain(f"{file}:{each.line}: skipped {what}: {skipped.why}")


def _bytes(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin sources",
        description="Set sources up, try them out, and see how they do.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="work", required=True, metavar="list|import")
    lists = commands.add_parser("list", help="how each source does, the worst first")
    lists.add_argument("file", nargs="?", metavar="FILE", help="the sources file")
    lists.add_argument("--json", action="store_true", help="an object a line, for programs")
    lists.add_argument(
        "--fail-on",
        type=_statuses,
        default=(),
        metavar="STATUS,…",
        help="exit with 1 if a source has one of these: " + ", ".join(STATUSES),
    )
    imports = commands.add_parser("import", help="the feeds of an OPML list as sources")
    imports.add_argument("file", metavar="FILE", help="the list; - reads standard input")
    imports.add_argument("--into", metavar="FILE", help="add to this sources file, at its end")
    imports.add_argument(
        "--name-prefix", type=_prefix, default="", metavar="TEXT", help="what names begin with"
    )
    return parser


def _statuses(text: str) -> tuple[str, ...]:
    found = tuple(text.split(","))
    for each in found:
        if each not in STATUSES:
            raise argparse.ArgumentTypeError(f"{each!r}: there are {', '.join(STATUSES)}")
    return found


def _prefix(text: str) -> str:
    if text and not _PREFIX.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: small letters, digits and hyphens")
    return text
