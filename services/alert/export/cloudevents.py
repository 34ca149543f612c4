"""An alert as a CloudEvents 1.0 event in structured JSON; its attributes are those on the wire."""

from __future__ import annotations

from datetime import UTC
from typing import Final

import msgspec

from tocsin.bus import outgoing
from tocsin.messages import Alert, encode
from tocsin.topics import ALERTS

CONTENT_TYPE: Final = "application/cloudevents+json"


def cloudevent(alert: Alert, traceparent: str | None = None) -> bytes:
    """The event: id and source as in the headers of the alert's record, the alert as its data."""
    record = outgoing(
        ALERTS,
        alert.dyad,
        alert,
        id=f"{alert.id}.{alert.revision}",
        at=alert.at.astimezone(UTC),
        traceparent=traceparent,
    )
    told = {name: value.decode() for name, value in record.headers}
    event = {
        name.removeprefix("ce_"): value for name, value in told.items() if name.startswith("ce_")
    }
    event |= {"datacontenttype": told["content-type"], "subject": alert.dyad}
    if traceparent:
        event["traceparent"] = traceparent
    return msgspec.json.encode({**event, "data": msgspec.Raw(encode(alert))}, order="deterministic")
