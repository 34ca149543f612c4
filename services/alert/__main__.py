"""Settings → wiring → run. The only file of alert that reads the environment."""

from __future__ import annotations

import functools
import os
import sys
from datetime import timedelta
from pathlib import Path

from services.alert import app
from services.alert.api import Api, listen
from services.alert.articles import Articles
from services.alert.channels import file, status
from services.alert.channels.config import WebhookChannel
from services.alert.channels.notifier import Hush, Notifier, Standing
from services.alert.config import read_config
from services.alert.dispatch import Carrier, drain
from services.alert.hushes import Hushes
from services.alert.notify.http import Http, check_url
from services.alert.notify.kafka import Publisher
from services.alert.notify.webhook import WebhookSink, signer
from services.alert.outbox import Outbox
from services.alert.settings import Settings
from services.alert.store import Store, connect
from tocsin.errors import SettingsError, TocsinError
from tocsin.guard import parse_networks
from tocsin.observe import Health, configure_logging, get_logger, serve
from tocsin.settings import load
from tocsin.streams import Background, Stage, run
from tocsin.topics import ENRICHED, EVENTS


def main() -> int:
    """Runs alert until SIGTERM; the exit code."""
    try:
        settings = load(Settings, os.environ, prefix="TOCSIN_ALERT_")
        configure_logging(settings.log, "alert")
        return _run(settings)
    except TocsinError as error:
        sys.stderr.write(f"alert: {error}\n")
        return error.exit_code


def _run(settings: Settings) -> int:
    client = connect(settings.redis)
    store = Store(client, settings.redis.prefix, app.letters)
    outbox = Outbox(client, settings.redis.prefix)
    hushes = Hushes(client, settings.redis.prefix, store)
    articles = Articles(client, settings.redis.prefix, timedelta(hours=settings.blind_after_h))
    alert = app.App(store, read_config(settings), hushes, articles)
    publisher = Publisher(settings.kafka)
    channels: list[Carrier] = [
        publisher.channel(),
        *_webhook(settings, hushes.reasons),
        *_channels(settings, hushes.reasons, store.alerts),
    ]
    answering = _api(settings, hushes)
    health = Health()
    server = serve(settings.http, health)
    try:
        return run(
            Stage(
                kafka=settings.kafka,
                service="alert",
                topic=EVENTS,
                beside=(ENRICHED,),
                handle=alert.handle,
                health=health,
                on_dead=app.on_dead,
                background=(
                    functools.partial(app.tick_along, alert, settings.tick_s),
                    functools.partial(app.show, store, outbox, settings.tick_s),
                    functools.partial(status.watch, outbox, channels, health, settings.tick_s),
                    *(_draining(outbox, each, channels) for each in channels),
                    *answering,
                ),
            )
        )
    finally:
        publisher.close()
        server.close()


def _draining(outbox: Outbox, channel: Carrier, channels: list[Carrier]) -> Background:
    return functools.partial(drain, outbox, channel, [each.name for each in channels])


def _api(settings: Settings, hushes: Hushes) -> list[Background]:
    if settings.api_token is None:
        return []
    answering = Api(hushes, settings.api_token)
    listening = listen(settings.api_host, settings.api_port)
    host, port = listening.getsockname()[:2]
    get_logger().info("api", address=f"{host}:{port}")
    return [functools.partial(answering.serve, listening)]


def _webhook(settings: Settings, hush: Hush) -> list[Notifier]:
    """The one channel that needs no file: every alert by itself, as fast as it is taken."""
    if settings.webhook_url is None:
        return []
    if settings.webhook_secret is None:
        raise SettingsError("TOCSIN_ALERT_WEBHOOK_SECRET must be set with TOCSIN_ALERT_WEBHOOK_URL")
    policy = WebhookChannel(
        name="webhook",
        url_env="TOCSIN_ALERT_WEBHOOK_URL",
        secret_env="TOCSIN_ALERT_WEBHOOK_SECRET",  # noqa: S106 - a variable's name
        exercises=settings.webhook_exercises,
        attempt_s=settings.webhook_attempt_s,
        give_up_h=settings.webhook_give_up_h,
    )
    allow = parse_networks(settings.webhook_allow, "TOCSIN_ALERT_WEBHOOK_ALLOW")
    sink = WebhookSink(
        Http(allow, policy.attempt_s),
        check_url(settings.webhook_url.reveal(), policy.url_env),
        signer(settings.webhook_secret, policy.secret_env),
    )
    return [Notifier(policy, sink, hush=hush)]


def _channels(settings: Settings, hush: Hush, standing: Standing) -> list[Notifier]:
    if not settings.channels:
        return []
    found = file.read_channels(Path(settings.channels))
    for config, where in found:
        if config.name == "webhook" and settings.webhook_url is not None:
            raise SettingsError(f"{where}: TOCSIN_ALERT_WEBHOOK_URL has this name already")
    return [
        file.build(config, where, os.environ, hush=hush, standing=standing)
        for config, where in found
    ]


if __name__ == "__main__":
    sys.exit(main())
