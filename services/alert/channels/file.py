"""The channels file: TOML, refused with its line and why; secrets come from the environment."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from services.alert.channels.config import (
    AlertmanagerChannel,
    AppriseChannel,
    Config,
    EmailChannel,
    SlackChannel,
    WebhookChannel,
)
from services.alert.channels.notifier import Hush, Notifier, Resend, Standing
from services.alert.channels.routes import pair_names
from services.alert.domain.regions import REGIONS
from services.alert.notify.alertmanager import AlertmanagerSink
from services.alert.notify.http import Http, check_url
from services.alert.notify.longtail import AppriseSink
from services.alert.notify.mail import MailSink, Relay
from services.alert.notify.sink import Sink
from services.alert.notify.slack import API, SlackApiSink, SlackWebhookSink
from services.alert.notify.webhook import WebhookSink, signer
from tocsin.errors import SettingsError
from tocsin.guard import parse_networks
from tocsin.settings import Secret

_HEAD: Final = re.compile(r"\s*\[\[\s*channel\s*\]\]")
_PAIR: Final = re.compile(r"[A-Z*?]{1,3}-[A-Z*?]{1,3}")
# What people write into a file and ought not to.
_INLINE: Final = ("secret", "token", "password", "username", "urls")


class _Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the file, for the words of a refusal."""

    file: str
    line: int
    name: str

    def refusal(self, why: str) -> SettingsError:
        return SettingsError(f"{self.file}:{self.line}: channel {self.name}: {why}")


def read_channels(path: Path) -> list[tuple[Config, str]]:
    """The channels of a file in its order, each with where it stands.

    Raises:
        SettingsError: with file, line and why.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"channels file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"channels file {path}: not UTF-8") from error
    return parse_channels(text, path.name)


def parse_channels(text: str, file: str) -> list[tuple[Config, str]]:
    """The channels in the text of a file, each with `<file>:<line>: channel <name>`.

    Raises:
        SettingsError: with file, line and why.
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: {error}") from error
    unknown = [name for name in told if name != "channel"]
    if unknown:
        line = _line_of(text, unknown[0])
        raise SettingsError(f"{file}:{line}: no {unknown[0]!r} here; channels are [[channel]]")
    tables = told.get("channel", [])
    if not isinstance(tables, list) or not tables:
        raise SettingsError(f"{file}:1: no [[channel]]")
    lines = [n for n, line in enumerate(text.splitlines(), 1) if _HEAD.match(line)]
    found: list[tuple[Config, str]] = []
    for number, table in enumerate(tables):
        name = str(table.get("name", number + 1)) if isinstance(table, dict) else str(number + 1)
        spot = _Spot(file=file, line=lines[number] if number < len(lines) else 1, name=name)
        config = _channel(table, spot)
        if any(config.name == other.name for other, _ in found):
            raise spot.refusal("two channels have this name")
        found.append((config, f"{file}:{spot.line}: channel {name}"))
    return found


def build(
    config: Config,
    where: str,
    environment: Mapping[str, str],
    *,
    hush: Hush | None = None,
    standing: Standing | None = None,
) -> Notifier:
    """The channel at work. `standing` gives the alerts that are not over.

    Raises:
        SettingsError: a variable that it names is not set, or holds nothing usable.
    """
    resend = None
    if isinstance(config, AlertmanagerChannel) and standing is not None:
        resend = Resend(standing, config.resend_s)
    return Notifier(config, sink_of(config, where, environment), hush=hush, resend=resend)


def _channel(table: Any, spot: _Spot) -> Config:
    for name in table if isinstance(table, dict) else ():
        if name in _INLINE or (name == "url" and table.get("kind") != "alertmanager"):
            raise spot.refusal(f"no {name!r} in the file: give {name}_env, a variable's name")
    try:
        config: Config = msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise spot.refusal(_readable(str(error))) from error
    for route in config.route:
        for region in route.regions:
            if region not in REGIONS:
                raise spot.refusal(f"no region {region!r}; there are {', '.join(REGIONS)}")
        for pair in route.pairs:
            if not _PAIR.fullmatch(pair):
                raise spot.refusal(f"{pair!r} is no pair, as in USA-VEN or USA-*")
            pair_names(pair)
    why = _incomplete(config)
    if why:
        raise spot.refusal(why)
    return config


def _incomplete(config: Config) -> str | None:
    """What is missing of what belongs together."""
    if config.name == "kafka":
        return "the name is taken by the alert topic"
    if isinstance(config, SlackChannel):
        if (config.url_env is None) == (config.token_env is None):
            return "give url_env of an incoming webhook, or token_env and channel"
        if config.token_env is not None and not config.channel:
            return "token_env needs channel, as in C0123456789"
    if isinstance(config, EmailChannel) and bool(config.username_env) != bool(config.password_env):
        return "username_env and password_env belong together"
    if isinstance(config, AlertmanagerChannel):
        if bool(config.url) == bool(config.url_env):
            return "give url, or url_env"
        if "@" in config.url or "?" in config.url:
            return "no secret in the file: give url_env, a variable's name"
    return None


def sink_of(config: Config, where: str, environment: Mapping[str, str]) -> Sink:
    """The receiver of a channel.

    Raises:
        SettingsError: a variable that it names is not set, or holds nothing usable.
    """

    def secret(variable: str) -> Secret:
        if not environment.get(variable):
            raise SettingsError(f"{where}: the variable {variable} is not set")
        return Secret(environment[variable])

    def url(variable: str) -> str:
        return check_url(secret(variable).reveal(), f"{where}: {variable}")

    match config:
        case EmailChannel():
            return _mail(config, where, secret)
        case AppriseChannel():
            return AppriseSink(secret(config.urls_env), config.limit, f"{where}: {config.urls_env}")
    http = Http(parse_networks(config.allow, f"{where}: allow"), config.attempt_s)
    match config:
        case WebhookChannel():
            sign = signer(secret(config.secret_env), f"{where}: {config.secret_env}")
            return WebhookSink(http, url(config.url_env), sign, grouped=config.group_by != "none")
        case SlackChannel():
            if config.url_env is not None:
                return SlackWebhookSink(http, url(config.url_env))
            api = check_url(config.api or API, f"{where}: api")
            return SlackApiSink(http, secret(config.token_env or ""), config.channel, api)
        case AlertmanagerChannel():
            at = url(config.url_env) if config.url_env else check_url(config.url, f"{where}: url")
            return AlertmanagerSink(http, at, config.labels)


def _mail(config: EmailChannel, where: str, secret: Any) -> MailSink:
    relay = Relay(
        host=config.host,
        port=config.port,
        security=config.security,
        attempt_s=config.attempt_s,
        username=secret(config.username_env) if config.username_env else None,
        password=secret(config.password_env) if config.password_env else None,
        ca_file=config.ca_file,
    )
    try:
        return MailSink(relay, config.sender, config.to)
    except OSError as error:
        raise SettingsError(f"{where}: ca_file: {config.ca_file}: {error.strerror}") from error


def _readable(why: str) -> str:
    """`Object contains unknown field …` in the words of the file."""
    what, _, at = why.partition(" - at `$")
    place = at.strip("`").strip(".")
    what = what.replace("Object", "it", 1) if what.startswith("Object") else what
    return f"{place}: {what}" if place else what


def _line_of(text: str, key: str) -> int:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*(\[+\s*)?{re.escape(key)}\b", line):
            return number
    return 1
