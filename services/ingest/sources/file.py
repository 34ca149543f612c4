"""The sources file: TOML, refused with its line and why; secrets come from the environment."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from services.ingest.domain.address import same_page
from services.ingest.domain.countries import ISO3
from services.ingest.sources.config import Config, FeedSource, FolderSource, PushSource, seconds
from tocsin.errors import SettingsError
from tocsin.guard import parse_networks
from tocsin.tables import Spot, Table, parse_tables, read_text, readable

_KINDS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "feed": FeedSource,
    "push": PushSource,
    "folder": FolderSource,
}
_FIELDS: Final = {
    kind: {field.encode_name: field.type for field in msgspec.structs.fields(config)}
    for kind, config in _KINDS.items()
}
# What `[defaults]` may say, and of which kinds. A folder's interval is not a feed's.
DEFAULTS: Final = {
    "tier": ("feed", "push", "folder"),
    "country": ("feed", "push", "folder"),
    "language": ("feed", "push", "folder"),
    "interval": ("feed",),
    "longest_interval": ("feed",),
    "stale_after": ("feed",),
    "page": ("feed",),
    "allow": ("feed",),
    "per_s": ("push",),
    "burst": ("push",),
}
# What people write into a file and ought not to, and what stands there in its place.
_INLINE: Final = {
    "token": "token_env",
    "secret": "token_env",
    "authorization": "authorization_env",
    "password": "authorization_env",
    "username": "authorization_env",
    "api_key": "authorization_env",
}
_SECRET: Final = re.compile(r"(?i)(.*[_-])?(token|password|passwd|pwd|secret|api_?key|auth)")
_LOOKS: Final = {
    "name": "small letters, digits and hyphens",
    "country": "three capital letters of ISO 3166, as in VEN",
    "language": "a language tag, as in en or pt-BR",
    "url": "a web address, http or https",
    "interval": "a number with its unit, as in 30s, 5m, 1h or 3d",
    "longest_interval": "a number with its unit, as in 30s, 5m, 1h or 3d",
    "stale_after": "a number with its unit, as in 30s, 5m, 1h or 3d",
    "authorization_env": "the name of a variable, in capitals",
    "token_env": "the name of a variable, in capitals",
}
# Two sources that share one of these are one source, or cannot be told apart.
_ALONE: Final = ("name", "url", "path", "token_env")


def read_sources(path: Path) -> list[Config]:
    """The sources of a file in its order, those that are not enabled too.

    Raises:
        SettingsError: with file, line, source, field and why.
    """
    return parse_sources(read_text(path, "sources file"), path.name)


def parse_sources(text: str, file: str) -> list[Config]:
    """The sources in the text of a file.

    Raises:
        SettingsError: with file, line, source, field and why.
    """
    told = parse_tables(text, file, "source", single=["defaults"])
    defaults = told.single.get("defaults")
    if defaults is not None:
        _check_defaults(defaults)
    found: list[Config] = []
    taken: dict[tuple[str, str], Spot] = {}
    for table in told.tables:
        config = _source(table, defaults.fields if defaults else {})
        _check_alone(table, config, taken)
        found.append(config)
    return found


def _check_defaults(table: Table) -> None:
    _refuse_secrets(table)
    for name, value in table.fields.items():
        if name not in DEFAULTS:
            raise table.refusal(name, f"no default{_meant(name, DEFAULTS)}")
        _converted(table, name, value, _FIELDS[DEFAULTS[name][0]][name])
    _check_words(table, table.fields)


def _source(table: Table, defaults: Mapping[str, Any]) -> Config:
    _refuse_secrets(table)
    kind = _kind(table)
    fields = _FIELDS[kind]
    for name in table.fields:
        if name != "kind" and name not in fields:
            others = [other for other, theirs in _FIELDS.items() if name in theirs]
            of = f" of kind {kind}; it is of kind {others[0]}" if others else _meant(name, fields)
            raise table.refusal(name, f"no such field{of}")
    given = {
        name: value
        for name, value in defaults.items()
        if kind in DEFAULTS[name] and name not in table.fields
    }
    told = given | table.fields
    for name, value in told.items():
        if name != "kind":
            _converted(table, name, value, fields[name])
    _check_words(table, told)
    try:
        config: Config = msgspec.convert(told | {"kind": kind}, Config)
    except msgspec.ValidationError as error:
        raise table.spot.refusal(readable(error)) from error
    _check_spans(table, config)
    return config


def _kind(table: Table) -> str:
    kind = table.fields.get("kind", "feed" if "url" in table.fields else None)
    if kind is None:
        raise table.spot.refusal(f"kind: missing; there are {', '.join(_KINDS)}")
    if kind not in _KINDS:
        raise table.refusal("kind", f"no kind {kind!r}; there are {', '.join(_KINDS)}")
    return str(kind)


def _refuse_secrets(table: Table) -> None:
    for name in table.fields:
        if name.lower() in _INLINE:
            instead = _INLINE[name.lower()]
            raise table.refusal(
                name, f"no secret in the file: give {instead}, the name of a variable"
            )
    url = table.fields.get("url")
    if not isinstance(url, str):
        return
    try:
        parts = urlsplit(url)
        secret = next((key for key, _ in parse_qsl(parts.query) if _SECRET.fullmatch(key)), None)
    except ValueError as error:
        raise table.refusal("url", "no web address that can be read") from error
    if parts.username is not None or parts.password is not None:
        raise table.refusal("url", "no user or password in the file: give authorization_env")
    if secret is not None:
        raise table.refusal("url", f"no secret in the file ({secret}): give authorization_env")


def _converted(table: Table, name: str, value: Any, kind: Any) -> None:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        looks = _LOOKS.get(name) if isinstance(value, str) else None
        # What stands for a variable's name may be the secret itself.
        shown = "" if name.endswith("_env") or name == "url" else f"{value!r:.80} "
        why = f"{shown}is not {looks}" if looks else readable(error).removeprefix(": ")
        raise table.refusal(name, why) from error


def _check_words(table: Table, told: Mapping[str, Any]) -> None:
    """What a pattern does not tell."""
    country = told.get("country")
    if country is not None and country not in ISO3:
        raise table.refusal("country", f"no country {country!r}{_meant(country, ISO3)}")
    for name in ("interval", "longest_interval", "stale_after"):
        if name in told and not seconds(told[name]):
            raise table.refusal(name, "at least 1s")
    if "allow" in told:
        try:
            parse_networks(told["allow"], "allow")
        except SettingsError as error:
            raise table.refusal("allow", str(error).removeprefix("allow: ")) from error


def _check_spans(table: Table, config: Config) -> None:
    if not isinstance(config, FeedSource):
        return
    shortest, longest = seconds(config.interval), seconds(config.longest_interval)
    if shortest > longest:
        raise table.refusal(
            "interval",
            f"{config.interval} is longer than longest_interval, {config.longest_interval}",
        )


def _check_alone(table: Table, config: Config, taken: dict[tuple[str, str], Spot]) -> None:
    for name in _ALONE:
        value = getattr(config, name, None)
        if value is None:
            continue
        value = same_page(value) if name == "url" else value
        other = taken.setdefault((name, value), table.spot)
        if other is not table.spot:
            raise table.refusal(name, f"the same as of {other.what}, line {other.line}")


def _meant(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
