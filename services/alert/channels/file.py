"""The channels file: TOML, refused with its line and why; secrets come from the environment."""

from __future__ import annotations

import re
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
from tocsin.tables import Spot, parse_tables, read_text, readable

_PAIR: Final = re.compile(r"[A-Z*?]{1,3}-[A-Z*?]{1,3}")
# What people write into a file and ought not to.
_INLINE: Final = ("secret", "token", "password", "username", "urls")


def read_channels(path: Path) -> list[tuple[Config, str]]:
    """The channels of a file in its order, each with where it stands.

    Raises:
        SettingsError: with file, line and why.
    """
    return parse_channels(read_text(path, "channels file"), path.name)


def parse_channels(text: str, file: str) -> list[tuple[Config, str]]:
    """The channels in the text of a file, each with `<file>:<line>: channel <name>`.

    Raises:
        SettingsError: with file, line and why.
    """
    found: list[tuple[Config, str]] = []
    for table in parse_tables(text, file, "channel").tables:
        config = _channel(table.fields, table.spot)
        if any(config.name == other.name for other, _ in found):
            raise table.spot.refusal("two channels have this name")
        found.append((config, str(table.spot)))
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


def _channel(table: dict[str, Any], spot: Spot) -> Config:
    for name in table:
        if name in _INLINE or (name == "url" and table.get("kind") != "alertmanager"):
            raise spot.refusal(f"no {name!r} in the file: give {name}_env, a variable's name")
    try:
        config: Config = msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise spot.refusal(readable(error)) from error
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
