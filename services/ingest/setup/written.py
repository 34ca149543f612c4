"""Subscriptions as the tables of a sources file, and into the file that is there."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from services.ingest.domain.address import same_page
from services.ingest.setup.opml import Subscription
from services.ingest.sources.config import Config, FeedSource
from services.ingest.sources.file import parse_sources
from tocsin.errors import SettingsError, UsageError
from tocsin.text import plain

_LONGEST: Final = 63
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Skipped(msgspec.Struct, frozen=True):
    """A feed of the list that is not taken over, and why."""

    subscription: Subscription
    why: str


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """The tables as text, one for each feed that was taken, and those that were not."""

    text: str
    names: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def written(
    subscriptions: Sequence[Subscription], *, prefix: str = "", there: Sequence[Config] = ()
) -> Written:
    """The feeds as `[[source]]` tables that read_sources takes beside those that are there."""
    names = {each.name for each in there}
    feeds = {same_page(each.url): each.name for each in there if isinstance(each, FeedSource)}
    tables: list[str] = []
    taken: list[str] = []
    skipped: list[Skipped] = []
    for each in subscriptions:
        why = _fault(_table(each, "feed"))
        if why is not None:
            skipped.append(Skipped(each, why))
            continue
        name = _free(slug(each, prefix), names)
        known = feeds.setdefault(same_page(each.url), name)
        if known is not name:
            skipped.append(Skipped(each, f"the same feed as {known}"))
            continue
        names.add(name)
        tables.append(_table(each, name))
        taken.append(name)
    return Written(text="\n".join(tables), names=tuple(taken), skipped=tuple(skipped))


def slug(subscription: Subscription, prefix: str = "") -> str:
    """A name of small letters, digits and hyphens: the title's, or the host's."""
    host = (urlsplit(subscription.url).hostname or "").removeprefix("www.")
    words = _words(subscription.title) or _words(host) or "feed"
    return f"{prefix}{words}"[:_LONGEST].strip("-")


def append(path: Path, text: str) -> None:
    """Adds to the end of a sources file in one step, which leaves what is there as it is.

    Raises:
        SettingsError: the whole would be no sources file; nothing is written.
        UsageError: it cannot be written.
    """
    target = path.resolve()
    try:
        before = target.read_bytes() if target.exists() else b""
        gap = b"" if not before else b"\n" if before.endswith(b"\n") else b"\n\n"
        whole = before + gap + text.encode("utf-8")
        parse_sources(whole.decode("utf-8-sig"), path.name)
        _replace(target, whole)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _replace(target: Path, data: bytes) -> None:
    number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            os.fchmod(number, target.stat().st_mode & 0o7777 if target.exists() else 0o644)
            file.write(data)
            file.flush()
            os.fsync(number)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _table(each: Subscription, name: str) -> str:
    about = [" / ".join(each.folder), ", ".join(each.categories), each.site]
    lines = [f"# {told}" for told in map(plain, about) if told]
    lines += ["[[source]]", f"name = {_quoted(name)}", f"url = {_quoted(each.url)}"]
    if each.title:
        lines.append(f"outlet = {_quoted(each.title)}")
    if _LANGUAGE.fullmatch(each.language):
        lines.append(f"language = {_quoted(each.language)}")
    return "\n".join(lines) + "\n"


def _fault(table: str) -> str | None:
    """What the sources file would have against it, without the place."""
    try:
        parse_sources(table, "")
    except SettingsError as error:
        return str(error).partition(": source ")[2].partition(": ")[2] or str(error)
    return None


def _free(name: str, taken: Collection[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name[: _LONGEST - 5]}-{number}" in taken:
        number += 1
    return f"{name[: _LONGEST - 5]}-{number}"


def _words(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", bare))


def _quoted(text: str) -> str:
    """A TOML string: JSON's, and the one control character that JSON lets stand."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
