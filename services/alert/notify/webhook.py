"""The webhook sink: alert revisions posted to one URL, signed by Standard Webhooks.

One revision: `webhook-id` is `<alert id>.<revision>`, the same at every try, so that a receiver can
drop what it has; the body is the alert as on the alert topic. A channel that groups always posts
`{"type": "tocsin.alerts.v1", "group": …, "alerts": […]}`.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
from standardwebhooks import Webhook

from services.alert.notify.http import Http, outcome
from services.alert.notify.sink import Notice, Outcome
from tocsin.errors import SettingsError
from tocsin.settings import Secret
from tocsin.topics import ALERTS

_SECRET_BYTES: Final = 24


class WebhookSink:
    """Posts notifications to one URL."""

    most: Final = 100
    threaded: Final = False

    def __init__(
        self,
        http: Http,
        url: str,
        signer: Webhook,
        *,
        grouped: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._url = url
        self._signer = signer
        self._grouped = grouped
        self._clock = clock

    async def send(self, notice: Notice) -> Outcome:
        """Posts it, signed anew at each try."""
        body = self._body(notice)
        now = datetime.fromtimestamp(self._clock(), UTC)
        headers = {
            "webhook-id": notice.key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(notice.key, now, body.decode()),
        }
        trace = notice.items[0].traceparent
        if trace:
            headers["traceparent"] = trace
        return outcome(await self._http.post(self._url, body, headers))

    def _body(self, notice: Notice) -> bytes:
        if not self._grouped:
            return notice.items[0].entry.message.value or b""
        values = [msgspec.Raw(each.entry.message.value or b"null") for each in notice.items]
        return msgspec.json.encode(
            {"type": ALERTS.name, "group": notice.group, "alerts": values}, order="deterministic"
        )


def signer(secret: Secret, name: str) -> Webhook:
    """Signs with a secret of the scheme, which asks for 24 bytes or more.

    Raises:
        SettingsError: it is none; `name` says where it stands.
    """
    prefix, _, encoded = secret.reveal().partition("_")
    try:
        long_enough = len(base64.b64decode(encoded, validate=True)) >= _SECRET_BYTES
    except binascii.Error:
        long_enough = False
    if prefix != "whsec" or not long_enough:
        why = f"must be whsec_ and {_SECRET_BYTES} bytes or more in base64"
        raise SettingsError(f"{name}: {why}")
    return Webhook(secret.reveal())
