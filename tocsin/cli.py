"""The `tocsin` command: a thin dispatcher to modules with `main(argv) -> exit code`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from tocsin.errors import TocsinError


class Command(msgspec.Struct, frozen=True):
    """Where a command lives; named as text, since the kernel knows no service."""

    module: str
    help: str


COMMANDS: Final = {
    "demo": Command("tocsin.local.demo", "start all, replay the seeds, show the ladder, stop all"),
    "up": Command("tocsin.local.up", "start the embedded broker, Redis and the three services"),
    "replay": Command("services.ingest.replay", "publish files and folders as a simulated feed"),
    "sources": Command("services.ingest.sources_command", "set sources up, and see how they do"),
    "ingest": Command(
        "services.ingest.ingest_command", "publish files or a stream as live articles"
    ),
    "watch": Command("services.alert.watch", "follow the alerts as they come"),
    "alert": Command("services.alert.manage", "show, acknowledge and silence alerts"),
    "code": Command("services.enrich.code", "text in, coded events out, without a broker"),
    "backtest": Command("services.alert.backtest.command", "an archive through the rules, offline"),
    "rules": Command("services.alert.rules_command", "check a rules file; compare two on the past"),
    "explain": Command("services.alert.explain", "every term of an alert, and whether it adds up"),
    "topics": Command("tocsin.admin", "create the topics, or show them"),
    "dlq": Command("tocsin.dead_letters", "list dead letters, or replay them"),
}

_HEAD: Final = """usage: tocsin COMMAND …

Watches the news for escalation between states, and rings."""

_EXAMPLES: Final = """examples:
  tocsin demo
  tocsin up
  tocsin replay seeds --speed 3600
  tocsin watch --dyad USA-VEN --min-level 3

`tocsin COMMAND --help` tells more of each. Exit codes: 0 fine, 1 failed, 2 misused."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help", "help"):
        print(_usage())
        return 0 if arguments else 2
    if name not in COMMANDS:
        print(f"tocsin: there is no command {name!r}; see tocsin --help", file=sys.stderr)
        return 2
    try:
        module = importlib.import_module(COMMANDS[name].module)
        return int(module.main(arguments[1:]))
    except TocsinError as error:
        print(f"tocsin {name}: {error}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        print(f"tocsin {name}: this install lacks {error.name}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except UnicodeDecodeError as error:
        print(f"tocsin {name}: the input is not UTF-8: {error.reason}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # What reads us is gone, as in `tocsin watch | head`; a second error at exit helps nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _usage() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {each.help}" for name, each in COMMANDS.items())
    return f"{_HEAD}\n\ncommands:\n{commands}\n\n{_EXAMPLES}"


if __name__ == "__main__":
    sys.exit(main())
