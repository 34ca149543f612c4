"""The webhook channel: each alert revision posted to one URL, signed by Standard Webhooks.

`webhook-id` is `<alert id>.<revision>`, the same at every try, so that a receiver can drop what it
has. The body is the alert as on the alert topic.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2
import msgspec
from standardwebhooks import Webhook

from services.alert import metrics
from services.alert.dispatch import Channel, Sent
from services.alert.notify.guard import Forbidden, GuardedTransport, Network
from services.alert.outbox import Entry
from tocsin.errors import SettingsError
from tocsin.messages import Alert, AlertStatus
from tocsin.settings import Secret
from tocsin.topics import ALERTS

NAME: Final = "webhook"
_BATCH: Final = 100
_BACKOFF_S: Final = (1.0, 300.0)
_LONGEST_RETRY_AFTER_S: Final = 3600.0
_AGAIN: Final = (408, 425, 429)
_SECRET_BYTES: Final = 24


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where to post, and how. `exercises`: a replay's alerts too."""

    url: str
    secret: Secret
    exercises: bool
    allow: tuple[Network, ...]
    attempt_s: float
    give_up_s: float


class Poster:
    """Posts alerts one after the other; a later one never overtakes an earlier one."""

    def __init__(self, target: Target, clock: Callable[[], float] = time.time) -> None:
        self._target = target
        self._clock = clock
        self._signer = _signer(target.secret)
        self._client = httpx2.AsyncClient(
            transport=GuardedTransport(target.allow),
            follow_redirects=False,
            trust_env=False,
            timeout=target.attempt_s,
            headers={"content-type": "application/json", "user-agent": "tocsin"},
        )

    def channel(self) -> Channel:
        """The channel that posts through this."""
        return Channel(name=NAME, batch=_BATCH, send=self._send)

    async def _send(self, entries: Sequence[Entry], tries: int) -> Sent:
        skipped = 0
        for entry in entries:
            alert = self._wanted(entry)
            if alert is None:
                skipped += 1
                continue
            return self._counted(await self._post(entry, alert, skipped, tries))
        return Sent(passed=skipped)

    def _wanted(self, entry: Entry) -> Alert | None:
        if entry.message.topic != ALERTS.name:
            return None
        alert = msgspec.json.decode(entry.message.value or b"", type=Alert)
        if alert.status is AlertStatus.EXERCISE and not self._target.exercises:
            metrics.NOTIFICATIONS.labels(channel=NAME, outcome="skipped").inc()
            return None
        return alert

    async def _post(self, entry: Entry, alert: Alert, before: int, tries: int) -> Sent:
        try:
            async with asyncio.timeout(self._target.attempt_s):
                status, retry_after = await self._attempt(entry, f"{alert.id}.{alert.revision}")
        except Forbidden as error:
            return Sent(passed=before, aside=str(error))
        except (httpx2.HTTPError, TimeoutError, OSError) as error:
            return self._later(entry, before, tries, type(error).__name__)
        if 200 <= status < 300:
            return Sent(passed=before + 1)
        if status in _AGAIN or status >= 500:
            return self._later(entry, before, tries, f"HTTP {status}", retry_after)
        return Sent(passed=before, aside=f"HTTP {status}")

    async def _attempt(self, entry: Entry, name: str) -> tuple[int, float | None]:
        body = entry.message.value or b""
        now = datetime.fromtimestamp(self._clock(), UTC)
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(name, now, body.decode()),
        }
        # The answer's body is nobody's business here, and is not read.
        post = self._client.stream("POST", self._target.url, content=body, headers=headers)
        async with post as answer:
            return answer.status_code, _seconds(answer.headers.get("retry-after"), now)

    def _later(
        self, entry: Entry, before: int, tries: int, why: str, after_s: float | None = None
    ) -> Sent:
        if self._clock() - entry.since_s > self._target.give_up_s:
            return Sent(passed=before, aside=f"given up: {why}")
        first_s, longest_s = _BACKOFF_S
        wait_s = min(first_s * 2 ** min(tries, 20), longest_s)
        jittered_s = wait_s * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        return Sent(passed=before, again_in_s=max(jittered_s, after_s or 0.0))

    def _counted(self, sent: Sent) -> Sent:
        outcome = "delivered"
        if sent.aside is not None:
            outcome = "dead"
        elif sent.again_in_s is not None:
            outcome = "retried"
        metrics.NOTIFICATIONS.labels(channel=NAME, outcome=outcome).inc()
        return sent


def check_url(url: str, variable: str) -> str:
    """The URL, if it is one to post to.

    Raises:
        SettingsError: it is not. The URL itself stays out of the message: it may hold a secret.
    """
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise SettingsError(f"{variable}: not a URL") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise SettingsError(f"{variable}: not an http or https URL")
    return url


def _signer(secret: Secret) -> Webhook:
    """Raises SettingsError for a secret that the scheme excludes: it asks for 24 bytes or more."""
    prefix, _, encoded = secret.reveal().partition("_")
    try:
        long_enough = len(base64.b64decode(encoded, validate=True)) >= _SECRET_BYTES
    except binascii.Error:
        long_enough = False
    if prefix != "whsec" or not long_enough:
        why = f"must be whsec_ and {_SECRET_BYTES} bytes or more in base64"
        raise SettingsError(f"TOCSIN_ALERT_WEBHOOK_SECRET: {why}")
    return Webhook(secret.reveal())


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """A Retry-After header, seconds or a date, as seconds from now; None if it is neither."""
    if retry_after is None:
        return None
    try:
        if retry_after.strip().isdigit():
            wait_s = float(retry_after)
        else:
            wait_s = (parsedate_to_datetime(retry_after) - now).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait_s, 0.0), _LONGEST_RETRY_AFTER_S)
