"""The Alertmanager sink: alerts by its API v2, one identity an episode, resolved with it.

Alertmanager tells alerts apart by their labels, so that only what never changes in an episode is a
label; level and severity are annotations.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from services.alert.notify.http import Http, outcome
from services.alert.notify.sink import OVER, Notice, Outcome
from services.alert.notify.text import headline, quotation
from tocsin.messages import Alert
from tocsin.text import cut, plain

# The longest that an episode says nothing: the 14 days of level 5 and the lateness, rounded up.
# Without an end Alertmanager would resolve an alert after its resolve_timeout of 5 minutes.
HOLD: Final = timedelta(days=15)
_ANNOTATION: Final = 2000  # characters


class AlertmanagerSink:
    """Posts to `<url>/api/v2/alerts`."""

    most: Final = 200
    threaded: Final = False

    def __init__(self, http: Http, url: str, labels: Mapping[str, str]) -> None:
        self._http = http
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        self._labels = labels

    async def send(self, notice: Notice) -> Outcome:
        """Posts the revisions; of one alert the last wins."""
        now = datetime.now(UTC)
        latest = {(each.run, each.id): each for each in notice.alerts}
        told = [posted(each, now, self._labels) for each in latest.values()]
        return outcome(await self._http.post(self._url, msgspec.json.encode(told), {}))


def posted(alert: Alert, now: datetime, more: Mapping[str, str]) -> dict[str, Any]:
    """An alert as Alertmanager takes it. `more` are the labels of the channel."""
    starts = min(alert.started_at, now)
    ends = max(now, starts + timedelta(milliseconds=1)) if alert.phase in OVER else now + HOLD
    return {
        "labels": labels(alert, more),
        "annotations": notes(alert),
        "startsAt": starts.isoformat(),
        "endsAt": ends.isoformat(),
    }


def labels(alert: Alert, more: Mapping[str, str]) -> dict[str, str]:
    """What makes the alert's identity; labels of rule and channel never replace a part of it."""
    one, _, other = alert.dyad.partition("-")
    identity = {
        "alertname": alert.rule,
        "alert_id": alert.id,
        "dyad": alert.dyad,
        "state_a": one,
        "state_b": other,
        "status": alert.status.value,
        "run": alert.run or "",  # an empty label is none
    }
    return {name: plain(text) for name, text in {**alert.labels, **more, **identity}.items()}


def notes(alert: Alert) -> dict[str, str]:
    """What may change from revision to revision."""
    told = {
        **alert.annotations,
        "summary": headline(alert),
        "description": alert.why,
        "evidence": " ".join(quotation(each) for each in alert.citations),
        "level": str(alert.level),
        "level_name": alert.level_name,
        "severity": alert.severity.value,
        "state": alert.state.value,
        "revision": str(alert.revision),
        "lowers": alert.lowers,
    }
    return {name: cut(plain(text), _ANNOTATION) for name, text in told.items() if text}
