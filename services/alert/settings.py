"""The settings of alert: TOCSIN_ALERT_*, beside the shared ones."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tocsin.settings import Http, Kafka, Log, Port, Redis, Secret

Positive = Annotated[float, msgspec.Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How alert runs. The defaults suit the embedded run."""

    kafka: Kafka = Kafka()
    redis: Redis = Redis()
    http: Http = Http()
    log: Log = Log()
    rules: str = ""  # path of a rules file; empty: the packaged data/rules.yaml
    families: str = ""  # path of a families file; empty: the packaged data/families.toml
    lateness_h: Positive = 6.0  # h; how late a report may come and still count as on time
    blind_after_h: Positive = 24.0  # h without any article until levels stand still as blind
    tick_s: Positive = 5.0  # s between looks at the pairs whose level is due to fall
    api_token: Secret | None = None  # bearer token of the HTTP API; unset: there is no API
    api_host: str = "127.0.0.1"  # the address it listens on
    api_port: Port = 0  # 0 takes any free one, which the log names
    channels: str = ""  # path of a channels file, beside the webhook of these settings
    webhook_url: Secret | None = None  # where alerts are posted; may hold a token; unset: nowhere
    webhook_secret: Secret | None = None  # whsec_... of the Standard Webhooks scheme
    webhook_exercises: bool = False  # whether a replay's alerts are posted too
    webhook_allow: tuple[str, ...] = ()  # CIDRs to post to although they are not public
    webhook_attempt_s: Positive = 10.0  # s for one attempt, from connecting to the answer
    webhook_give_up_h: Positive = 24.0  # h until an undeliverable notification is set aside
