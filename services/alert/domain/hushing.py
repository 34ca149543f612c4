"""Whether a revision is delivered: silences and acknowledgements touch that, never the level.

A higher level passes all of them; how that is meant: docs/decisions/alert-a-hush-has-a-ceiling.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from services.alert.domain.regions import touches
from tocsin.messages import (
    Acknowledgement,
    Alert,
    AlertPhase,
    AlertStatus,
    Change,
    Severity,
    Silenced,
)

_ENDS: Final = (Change.RESOLVED, Change.RETRACTED)
_RISES: Final = (Change.RAISED, Change.LEVEL_UP)


class Matcher(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which alerts are meant: all that is set must fit; at least one thing is set."""

    dyad: str | None = None
    state: str | None = None  # ISO3: every pair with this state
    region: str | None = None  # of regions.py: every pair with a state in it
    rule: str | None = None
    severity: Severity | None = None

    def fits(self, alert: Alert) -> bool:
        """Whether it means this alert."""
        return (
            self.dyad in (None, alert.dyad)
            and (self.state is None or self.state in alert.dyad.split("-"))
            and (self.region is None or touches(alert.dyad, self.region))
            and self.rule in (None, alert.rule)
            and self.severity in (None, alert.severity)
        )


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is notified of the alerts that fit, up to a ceiling, until an end.

    `levels` are the levels at which the pairs that fit stood when it was made: what goes above
    them is notified, unless `up_to` names a higher ceiling.
    """

    id: str
    matcher: Matcher
    by: str
    reason: str
    at: datetime
    until: datetime
    up_to: int = 0
    levels: dict[str, int] = {}

    def hides(self, alert: Alert) -> bool:
        """Whether it keeps this revision back. What it let begin, it lets end."""
        if not self.matcher.fits(alert):
            return False
        if alert.change in _ENDS:
            return alert.dyad not in self.levels and alert.peak <= self.up_to
        return alert.level <= max(self.up_to, self.levels.get(alert.dyad, 0))


class Decision(NamedTuple):
    """Whether a revision is delivered, and why, in a few words for a person."""

    deliver: bool
    reason: str


def decide(
    alert: Alert, silences: Iterable[Silence], acks: Mapping[str, Acknowledgement]
) -> Decision:
    """Whether this revision is notified. `silences` are those in force, `acks` go by alert id.

    Silences are for the world: what a replay may page is settled when it is started.
    """
    silence = _silence(alert, silences)
    if silence is not None:
        return Decision(
            deliver=False,
            reason=f"silenced by {silence.by} until {_minute(silence.until)}: {silence.reason}",
        )
    if alert.change in _ENDS or alert.change in _RISES:
        return Decision(deliver=True, reason=alert.change.value)
    ack = holding(alert, acks)
    if ack is not None:
        return Decision(
            deliver=False, reason=f"acknowledged by {ack.by} at level {ack.level}{_note(ack)}"
        )
    return Decision(deliver=True, reason=alert.change.value)


def holding(alert: Alert, acks: Mapping[str, Acknowledgement]) -> Acknowledgement | None:
    """The acknowledgement that still holds: one of before the last rise has cleared itself."""
    ack = acks.get(alert.id)
    if ack is None or alert.phase in (AlertPhase.RESOLVED, AlertPhase.RETRACTED):
        return None
    return ack if ack.revision >= alert.rose and ack.level >= alert.level else None


def shown(alert: Alert, silences: Iterable[Silence], acks: Mapping[str, Acknowledgement]) -> Alert:
    """The alert as a person is to see it: who has it in hand, who silenced it, until when."""
    ack = holding(alert, acks)
    silence = _silence(alert, silences)
    phase = alert.phase
    if ack is not None and phase is AlertPhase.FIRING:
        phase = AlertPhase.ACKNOWLEDGED
    hushed = silence and Silenced(
        silence=silence.id, by=silence.by, reason=silence.reason, until=silence.until
    )
    return msgspec.structs.replace(alert, phase=phase, acknowledged=ack, silenced=hushed)


def _silence(alert: Alert, silences: Iterable[Silence]) -> Silence | None:
    """The silence that hides the alert for longest."""
    if alert.status is AlertStatus.EXERCISE:
        return None
    return max((each for each in silences if each.hides(alert)), key=_end, default=None)


def _end(silence: Silence) -> tuple[datetime, str]:
    return silence.until, silence.id


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _note(ack: Acknowledgement) -> str:
    return f": {ack.note}" if ack.note else ""
