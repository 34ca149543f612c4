"""A settings file of TOML tables, `[[word]]` each: what is wrong in it is told with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from tocsin.errors import SettingsError


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the file, for the words of a refusal. `what`: as in `channel desk`."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"

    def refusal(self, why: str) -> SettingsError:
        """What to raise."""
        return SettingsError(f"{self}: {why}")


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[word]]` of the file, with where it begins and where each of its fields stands."""

    fields: dict[str, Any]
    spot: Spot
    lines: dict[str, int]

    def refusal(self, field: str, why: str) -> SettingsError:
        """What to raise of one field, at its line."""
        spot = msgspec.structs.replace(self.spot, line=self.lines.get(field, self.spot.line))
        return spot.refusal(f"{field}: {why}")


class TableFile(msgspec.Struct, frozen=True, kw_only=True):
    """The `[[word]]` tables of a file in its order, and its single tables, each if it is there."""

    tables: tuple[Table, ...]
    single: dict[str, Table]


def read_text(path: Path, what: str) -> str:
    """The text of a settings file. `what`: as in `channels file`.

    Raises:
        SettingsError: naming the file and why.
    """
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{what} {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{what} {path}: not UTF-8") from error


def parse_tables(text: str, file: str, word: str, *, single: Collection[str] = ()) -> TableFile:
    """The tables in the text of a file; `single`: names of tables that may stand there once.

    Raises:
        SettingsError: with file, line and why.
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: {error}") from error
    lines = text.split("\n")
    for name in told:
        if name != word and name not in single:
            line = _line_of(lines, name)
            raise SettingsError(f"{file}:{line}: no {name!r} here; {word}s are [[{word}]]")
    tables = told.get(word, [])
    if not isinstance(tables, list) or not tables:
        raise SettingsError(f"{file}:1: no [[{word}]]")
    heads = _heads(lines, rf"\[\[\s*{word}\s*\]\]")
    found: list[Table] = []
    for number, table in enumerate(tables):
        line = heads[number] if number < len(heads) else 1
        name = str(table.get("name", number + 1)) if isinstance(table, dict) else str(number + 1)
        spot = Spot(file=file, line=line, what=f"{word} {name[:80]}")
        if not isinstance(table, dict):
            raise spot.refusal(f"{word}s are [[{word}]]")
        found.append(Table(fields=table, spot=spot, lines=_fields(lines, line)))
    return TableFile(tables=tuple(found), single=_single(told, lines, file, single))


def readable(error: msgspec.ValidationError) -> str:
    """What msgspec refuses, in the words of the file: `field: why`."""
    what, _, at = str(error).partition(" - at `$")
    place = at.strip("`").strip(".")
    what = what.removeprefix("Object ") if what.startswith("Object missing") else what
    what = what.replace("Object", "it", 1) if what.startswith("Object") else what
    return f"{place}: {what}" if place else what


def _single(
    told: dict[str, Any], lines: list[str], file: str, names: Collection[str]
) -> dict[str, Table]:
    found: dict[str, Table] = {}
    for name in names:
        if name not in told:
            continue
        heads = _heads(lines, rf"\[\s*{name}\s*\](?!\])")
        spot = Spot(file=file, line=heads[0] if heads else 1, what=name)
        if not isinstance(told[name], dict):
            raise spot.refusal(f"it is a table, [{name}]")
        found[name] = Table(fields=told[name], spot=spot, lines=_fields(lines, spot.line))
    return found


def _heads(lines: list[str], pattern: str) -> list[int]:
    return [n for n, line in enumerate(lines, 1) if re.match(rf"\s*{pattern}", line)]


def _fields(lines: list[str], head: int) -> dict[str, int]:
    """The lines of the fields of the table that begins at a line."""
    found: dict[str, int] = {}
    for number in range(head, len(lines)):
        if re.match(r"\s*\[", lines[number]):
            break
        key = re.match(r'\s*"?([A-Za-z0-9_-]+)"?\s*=', lines[number])
        if key:
            found.setdefault(key[1], number + 1)
    return found


def _line_of(lines: list[str], key: str) -> int:
    for number, line in enumerate(lines, 1):
        if re.match(rf"\s*(\[+\s*)?{re.escape(key)}\b", line):
            return number
    return 1
