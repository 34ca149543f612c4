"""The command `tocsin sources`: set sources up, try them out, and see how they do."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from services.ingest.feed_state import FeedState
from services.ingest.settings import Settings
from services.ingest.setup.check import check
from services.ingest.setup.listing import STATUSES, Row, ago, listed
from services.ingest.setup.opml import subscriptions
from services.ingest.setup.shown import show
from services.ingest.setup.tables import STYLES, cell, console, table
from services.ingest.setup.written import Skipped, append, written
from services.ingest.sources.config import Config, FeedSource
from services.ingest.sources.file import parse_sources, read_sources
from tocsin import settings
from tocsin.errors import UsageError
from tocsin.observe import configure_logging
from tocsin.tables import read_text
from tocsin.text import plain

_EXAMPLES: Final = """examples:
  tocsin sources check sources.toml
  tocsin sources check sources.toml --only bbc-world --limit 50
  tocsin sources check --url https://news.example.org/feed --json | jq .articles
  tocsin sources list sources.toml
  tocsin sources list --json --fail-on failing,stale,overdue
  tocsin sources import subscriptions.opml > sources.toml
  tocsin sources import subscriptions.opml --into sources.toml --name-prefix asia-

Without FILE the one that TOCSIN_INGEST_SOURCES names. check needs neither broker nor Redis, and
publishes nothing; exit code 1: a source fails. list asks the Redis of TOCSIN_REDIS_URL.
"""
_MOST: Final = 1000
_PREFIX: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


class _Environment(msgspec.Struct, frozen=True, kw_only=True):
    redis: settings.Redis = settings.Redis()


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code.

    Raises:
        TocsinError: a file is wrong, Redis is away, or the command was misused.
    """
    options = _parser().parse_args(argv)
    match options.work:
        case "check":
            return _check(options)
        case "list":
            return _list(options)
        case _:
            return _import(options)


def _check(options: argparse.Namespace) -> int:
    chosen = settings.load(Settings, os.environ, prefix="TOCSIN_INGEST_")
    configure_logging(settings.Log(level="warning", format="console"), "sources")
    sources = _chosen(options)
    feeds = sum(isinstance(each, FeedSource) for each in sources)
    done = 0

    def tell(name: str) -> None:
        nonlocal done
        done += 1
        print(f"{done} of {feeds} asked: {name}", file=sys.stderr, flush=True)

    found = asyncio.run(check(sources, chosen, os.environ, limit=options.limit, on_done=tell))
    if options.json:
        for each in found:
            print(msgspec.json.encode(each).decode())
    else:
        show(found, console(), datetime.now(UTC))
    return 0 if all(each.fine for each in found) else 1


def _chosen(options: argparse.Namespace) -> list[Config]:
    """The sources to check: those of the file that are enabled or named, or a URL by itself."""
    if options.url is not None:
        table = f'[[source]]\nname = "url"\nurl = {json.dumps(options.url)}\n'
        return parse_sources(table, "--url")
    sources = read_sources(_file(options))
    names = [each.name for each in sources]
    for name in options.only:
        if name not in names:
            raise UsageError(f"--only: no source {name!r}; there are {', '.join(names)}")
    if options.only:
        return [each for each in sources if each.name in options.only]
    return [each for each in sources if each.enabled]


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
            cell(row.status, STYLES.get(row.status, "")),
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
    commands = parser.add_subparsers(dest="work", required=True, metavar="check|list|import")

    def command(name: str, does: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=does,
            description=f"{does[0].upper()}{does[1:]}.",
            epilog=_examples(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    checks = command("check", "fetch each once, show what would be published")
    checks.add_argument("file", nargs="?", metavar="FILE", help="the sources file")
    checks.add_argument("--only", action="append", default=[], metavar="NAME", help="this source")
    checks.add_argument("--url", metavar="URL", help="a feed that is in no file")
    checks.add_argument(
        "--limit", type=_count, default=10, metavar="N", help="newest entries of each (10)"
    )
    checks.add_argument("--json", action="store_true", help="an object a source, a line each")
    lists = command("list", "how each source does, the worst first")
    lists.add_argument("file", nargs="?", metavar="FILE", help="the sources file")
    lists.add_argument("--json", action="store_true", help="an object a line, for programs")
    lists.add_argument(
        "--fail-on",
        type=_statuses,
        default=(),
        metavar="STATUS,…",
        help="exit with 1 if a source has one of these: " + ", ".join(STATUSES),
    )
    imports = command("import", "the feeds of an OPML list as sources")
    imports.add_argument("file", metavar="FILE", help="the list; - reads standard input")
    imports.add_argument("--into", metavar="FILE", help="add to this sources file, at its end")
    imports.add_argument(
        "--name-prefix", type=_prefix, default="", metavar="TEXT", help="what names begin with"
    )
    return parser


def _examples(name: str) -> str:
    lines = [each for each in _EXAMPLES.splitlines() if each.startswith(f"  tocsin sources {name}")]
    return "\n".join(["examples:", *lines])


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _MOST:
        raise argparse.ArgumentTypeError(f"{text}: a number from 1 to {_MOST}")
    return int(text)


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
