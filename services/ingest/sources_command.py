"""The command `tocsin sources`: set sources up, try them out, and see how they do."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from services.ingest.setup.opml import subscriptions
from services.ingest.setup.written import Skipped, append, written
from services.ingest.sources.config import Config
from services.ingest.sources.file import parse_sources
from tocsin.errors import UsageError
from tocsin.tables import read_text
from tocsin.text import plain

_EXAMPLES: Final = """examples:
  tocsin sources import subscriptions.opml > sources.toml
  tocsin sources import subscriptions.opml --into sources.toml --name-prefix asia-
"""
_PREFIX: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns its exit code.

    Raises:
        TocsinError: a file is wrong, or the command was misused.
    """
    options = _parser().parse_args(argv)
    return _import(options)


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
    commands = parser.add_subparsers(dest="work", required=True, metavar="import")
    imports = commands.add_parser("import", help="the feeds of an OPML list as sources")
    imports.add_argument("file", metavar="FILE", help="the list; - reads standard input")
    imports.add_argument("--into", metavar="FILE", help="add to this sources file, at its end")
    imports.add_argument(
        "--name-prefix", type=_prefix, default="", metavar="TEXT", help="what names begin with"
    )
    return parser


def _prefix(text: str) -> str:
    if text and not _PREFIX.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: small letters, digits and hyphens")
    return text
