"""What alert counts: tocsin_alert_*. Labels are enums and the pairs of states."""

from __future__ import annotations

import itertools
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from services.alert.domain.fold import Outcome
from tocsin.errors import Reason
from tocsin.messages import AlertStatus, Change, Severity

REPORTS: Final = Counter(
    "tocsin_alert_reports_total", "Event reports, by what became of them.", ["outcome"]
)
DEAD_LETTERS: Final = Counter(
    "tocsin_alert_dead_letters_total", "Records that could not be used, by reason.", ["reason"]
)
LEVEL: Final = Gauge(
    "tocsin_alert_level",
    "Level of a pair of states, 0 to 5: observed escalation in reporting.",
    ["dyad", "status"],
)
PRESSURE: Final = Gauge(
    "tocsin_alert_pressure",
    "Decayed sum of conflict scores of a pair, half-life 72 h.",
    ["dyad", "status"],
)
ALERTS: Final = Counter(
    "tocsin_alert_alerts_total", "Revisions of alerts.", ["change", "severity", "status"]
)
OUTBOX_ENTRIES: Final = Gauge(
    "tocsin_alert_outbox_entries", "Messages that some channel has still to pass on."
)
NOTIFICATIONS: Final = Counter(
    "tocsin_alert_notifications_total", "Notifications, by outcome.", ["channel", "outcome"]
)
SKIPPED: Final = Counter(
    "tocsin_alert_skipped_total", "Alerts that a channel left out, by why.", ["channel", "reason"]
)
GROUPED: Final = Counter(
    "tocsin_alert_grouped_total", "Alerts that went out together with others.", ["channel"]
)
BREAKER_STATE: Final = Gauge(
    "tocsin_alert_breaker_state", "0 closed, 1 half-open, 2 open: nothing is tried.", ["channel"]
)
LAG_SECONDS: Final = Gauge(
    "tocsin_alert_lag_seconds",
    "Age of the oldest message that the channel has not passed on; 0 if it has all.",
    ["channel"],
)
STEP_SECONDS: Final = Histogram(
    "tocsin_alert_step_seconds",
    "One report into the state of its pair, with the store.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)

# There with 0 from the start, so that the first one counts as a rise.
for _outcome in (*Outcome, "dead"):
    REPORTS.labels(outcome=str(_outcome))
for _reason in Reason:
    DEAD_LETTERS.labels(reason=_reason.value)
for _change, _severity, _status in itertools.product(Change, Severity, AlertStatus):
    ALERTS.labels(change=_change.value, severity=_severity.value, status=_status.value)


def open_channel(name: str) -> None:
    """Lets the counters of a channel begin at 0."""
    for outcome in ("delivered", "retried", "dead", "skipped"):
        NOTIFICATIONS.labels(channel=name, outcome=outcome)
    GROUPED.labels(channel=name)
    BREAKER_STATE.labels(channel=name).set(0)
    LAG_SECONDS.labels(channel=name).set(0)


open_channel("webhook")
