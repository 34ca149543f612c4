"""What a channel is told to do: the words of the channels file."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from services.alert.dispatch import LEASE_S
from tocsin.messages import AlertStatus

Positive = Annotated[float, msgspec.Meta(gt=0)]
AtLeastZero = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Variable = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9_]{0,62}$")]
Label = Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
Level = Annotated[int, msgspec.Meta(ge=0, le=5)]

GroupBy = Literal["none", "pair", "region", "all"]

_MARGIN_S = 5.0  # of the lease over an attempt: an event loop that is late, an answer of Redis


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which alerts a channel gets: all that is set must fit."""

    pairs: tuple[str, ...] = ()  # globs: USA-*, GRC-TUR
    regions: tuple[str, ...] = ()  # of domain/regions.py: a state of the pair lies in one of them
    min_level: Level = 0
    rules: tuple[str, ...] = ()  # globs
    status: AlertStatus | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What channels of every kind may be told."""

    name: Name
    route: tuple[Route, ...] = ()  # an alert goes out if one fits; none: all alerts
    exercises: bool = False  # a replay's alerts too
    group_by: GroupBy = "none"
    group_wait_s: AtLeastZero = 5.0  # from the first alert to its notification
    group_interval_s: AtLeastZero = 60.0  # between notifications of a group, below level 4
    per_minute: Positive | None = None  # notifications, on average; unset: as many as there are
    burst: Count = 5  # at once
    attempt_s: Positive = 10.0  # for one attempt
    give_up_h: Positive = 24.0  # until an undeliverable notification is set aside
    breaker_after: Count = 5  # failures in a row until the breaker opens
    breaker_open_s: Positive = 30.0  # until it lets one through to try; doubles up to 15 min

    @property
    def lease_s(self) -> float:
        """Longer than an attempt, so that no other worker sends while one is under way."""
        return max(LEASE_S, self.attempt_s + _MARGIN_S)


class WebhookChannel(Policy, frozen=True, kw_only=True, tag_field="kind", tag="webhook"):
    """Posts to a URL, signed by Standard Webhooks."""

    url_env: Variable
    secret_env: Variable
    allow: tuple[str, ...] = ()  # CIDRs to post to although they are not public


class SlackChannel(Policy, frozen=True, kw_only=True, tag_field="kind", tag="slack"):
    """Posts to an incoming webhook (`url_env`), or to a channel with a bot's token."""

    url_env: Variable | None = None
    token_env: Variable | None = None
    channel: str = ""
    api: str = ""
    allow: tuple[str, ...] = ()
    group_by: GroupBy = "all"
    per_minute: Positive | None = 50.0  # Slack takes one message a second and channel


class EmailChannel(Policy, frozen=True, kw_only=True, tag_field="kind", tag="email"):
    """Sends by SMTP."""

    host: str
    sender: Annotated[str, msgspec.Meta(pattern=r"^[^\r\n]*@[^\r\n]*$")]
    to: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username_env: Variable | None = None
    password_env: Variable | None = None
    ca_file: str | None = None
    group_by: GroupBy = "region"
    group_wait_s: AtLeastZero = 30.0
    group_interval_s: AtLeastZero = 300.0
    per_minute: Positive | None = 20.0


class AlertmanagerChannel(Policy, frozen=True, kw_only=True, tag_field="kind", tag="alertmanager"):
    """Posts to Alertmanager's API v2, which groups and routes by itself."""

    url: str = ""
    url_env: Variable | None = None
    labels: dict[Label, str] = {}
    resend_s: Positive = 300.0  # between reminders of what stands: a restart forgets all
    allow: tuple[str, ...] = ()
    group_by: GroupBy = "all"
    group_wait_s: AtLeastZero = 0.0
    group_interval_s: AtLeastZero = 0.0


class AppriseChannel(Policy, frozen=True, kw_only=True, tag_field="kind", tag="apprise"):
    """Sends by Apprise; the variable holds its URLs, with blanks between."""

    urls_env: Variable
    limit: Annotated[int, msgspec.Meta(ge=200)] = 1900  # characters; Discord takes 2,000
    group_by: GroupBy = "all"
    per_minute: Positive | None = 20.0


Config = WebhookChannel | SlackChannel | EmailChannel | AlertmanagerChannel | AppriseChannel
