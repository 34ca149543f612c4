"""What people may say to alert, by command or by HTTP: who, why, until when, and of what."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from services.alert.domain.hushing import Matcher
from services.alert.domain.regions import REGIONS
from tocsin.errors import UsageError
from tocsin.messages import Severity
from tocsin.text import plain

_PERIOD: Final = re.compile(r"([1-9]\d{0,3})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_STATE: Final = re.compile(r"[A-Z]{3}")
_PAIR: Final = re.compile(r"([A-Z]{3})-([A-Z]{3})")
_LONGEST: Final = timedelta(days=366)
_MAX: Final = 300


def said(text: str, what: str, *, needed: bool = True) -> str:
    """A person's words on one line.

    Raises:
        UsageError: there are none, or far too many.
    """
    line = plain(text)
    if needed and not line:
        raise UsageError(f"{what} must not be empty")
    if len(line) > _MAX:
        raise UsageError(f"{what} is longer than {_MAX} characters")
    return line


def matcher(
    *,
    dyad: str | None = None,
    state: str | None = None,
    region: str | None = None,
    rule: str | None = None,
    severity: str | None = None,
) -> Matcher:
    """What a silence is for.

    Raises:
        UsageError: nothing is named, or something that there is not.
    """
    if dyad is not None:
        pair = _PAIR.fullmatch(dyad.upper())
        if pair is None or pair[1] == pair[2]:
            raise UsageError("dyad: give two ISO 3166 codes, as in USA-VEN")
        dyad = "-".join(sorted(pair.groups()))
    if state is not None and not _STATE.fullmatch(state):
        raise UsageError("state: give an ISO 3166 code, as in VEN")
    if region is not None and region not in REGIONS:
        raise UsageError(f"region: there are {', '.join(REGIONS)}")
    if severity is not None and severity not in set(Severity):
        raise UsageError(f"severity: there are {', '.join(Severity)}")
    if rule is not None:
        rule = said(rule, "rule")
    if not any((dyad, state, region, rule, severity)):
        raise UsageError("say what to silence: dyad, state, region, rule or severity")
    return Matcher(
        dyad=dyad,
        state=state,
        region=region,
        rule=rule,
        severity=Severity(severity) if severity else None,
    )


def end(now: datetime, *, period: str | None = None, until: str | None = None) -> datetime:
    """When a silence ends: after `90m`, `4h`, `2d`, or at an ISO time with its zone.

    Raises:
        UsageError: neither, both, or one that is not to be read.
    """
    if (period is None) == (until is None):
        raise UsageError("say when it ends: after a period (4h), or until a time")
    if until is not None:
        try:
            moment = datetime.fromisoformat(until)
        except ValueError:
            raise UsageError("until: give a time as in 2026-03-01T18:00+00:00") from None
        if moment.tzinfo is None:
            raise UsageError("until: give the zone too, as in 2026-03-01T18:00+00:00")
        moment = moment.astimezone(UTC)
    else:
        match = _PERIOD.fullmatch(period or "")
        if match is None:
            raise UsageError("for: give a period as in 90m, 4h, 2d")
        moment = now + timedelta(**{_UNITS[match[2]]: int(match[1])})
    if moment - now > _LONGEST:
        raise UsageError("a silence lasts a year at most")
    return moment
