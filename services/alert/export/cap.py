"""An alert as CAP 1.2 (Common Alerting Protocol, OASIS 2010): one message a revision.

Not for warning the public: the scope is Restricted, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from services.alert.domain.fading import HOLD
from services.alert.notify.sink import OVER, is_exercise
from services.alert.notify.text import MEANING
from tocsin.errors import UsageError
from tocsin.messages import Alert, AlertPhase, Citation, LevelState, digest
from tocsin.text import cut, plain

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
SENDER: Final = "tocsin@localhost.invalid"
_FORBIDDEN: Final = re.compile(r"[\s,<&]")  # in a sender and an identifier (3.2.1)
_HEADLINE: Final = 160  # characters, as the standard recommends
_TEXT: Final = 4000
_URGENCY: Final = ("Past", "Future", "Future", "Expected", "Immediate", "Immediate")
_SEVERITY: Final = ("Minor", "Minor", "Moderate", "Moderate", "Severe", "Extreme")
_LIKELY: Final = 0.5  # the standard: Likely is more than 50 %


def cap(alert: Alert, earlier: Sequence[Alert] = (), sender: str = SENDER) -> bytes:
    """The message of a revision. `earlier` are revisions of the same alert that went before it.

    Raises:
        UsageError: the sender is none, or the revision updates messages that are not given.
    """
    if not sender or _FORBIDDEN.search(sender):
        raise UsageError("the CAP sender must be one word without comma, < or &")
    before = [each for each in earlier if _same(each, alert) and each.revision < alert.revision]
    before.sort(key=lambda each: each.revision)
    if alert.revision > 1 and not before:
        raise UsageError(
            f"revision {alert.revision} of {alert.id} updates earlier messages: give those too"
        )
    root = ET.Element("alert", xmlns=NAMESPACE)
    _add(root, "identifier", identifier(alert))
    _add(root, "sender", sender)
    _add(root, "sent", _moment(alert.at))
    _add(root, "status", "Exercise" if is_exercise(alert) else "Actual")
    _add(root, "msgType", _message_type(alert, before))
    _add(root, "source", f"Tocsin, rule {alert.rule} {alert.rule_version}")
    _add(root, "scope", "Restricted")
    _add(root, "restriction", f"For analysts, not for warning the public. {MEANING}")
    if is_exercise(alert):
        _add(root, "note", f"Exercise {alert.run or ''}: a replay of past news")
    if before:
        _add(root, "references", " ".join(_reference(each, sender) for each in before))
    _add(root, "incidents", _word(alert.id))
    _info(root, alert)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def identifier(alert: Alert) -> str:
    """Unique for each revision; the alerts of all replays have the same ids, and so their run."""
    run = f".{digest('run', alert.run)}" if alert.run else ""
    return f"{_word(alert.id)}.{alert.revision}{run}"


def certainty(alert: Alert) -> str:
    """How sure it is that what is told took place."""
    if alert.state is LevelState.CONFIRMED:
        return "Observed"
    if alert.state is LevelState.PROVISIONAL:
        return "Likely" if alert.confidence > _LIKELY else "Possible"
    return "Unknown"


def _info(root: ET.Element, alert: Alert) -> None:
    info = ET.SubElement(root, "info")
    _add(info, "language", "en")
    _add(info, "category", "Security")
    _add(info, "event", f"{alert.level_name} between states")
    _add(info, "responseType", "AllClear" if alert.phase is AlertPhase.RESOLVED else "Assess")
    _add(info, "urgency", "Past" if alert.phase in OVER else _URGENCY[alert.level])
    _add(info, "severity", _SEVERITY[alert.level])
    _add(info, "certainty", certainty(alert))
    _add(info, "effective", _moment(alert.at))
    _add(info, "onset", _moment(alert.started_at))
    if alert.phase not in OVER and alert.level in HOLD:
        _add(info, "expires", _moment(alert.at + HOLD[alert.level]))
    _add(info, "senderName", "Tocsin")
    _add(info, "headline", cut(alert.summary, _HEADLINE))
    _add(info, "description", cut(" ".join([alert.why, *map(_quoted, alert.citations)]), _TEXT))
    _add(info, "instruction", " ".join(each for each in (MEANING, alert.lowers) if each))
    for name, value in _parameters(alert):
        _pair(info, "parameter", name, value)
    area = ET.SubElement(info, "area")
    _add(area, "areaDesc", alert.dyad)
    for state in alert.dyad.split("-"):
        _pair(area, "geocode", "ISO 3166-1 alpha-3", state)


def _parameters(alert: Alert) -> Iterable[tuple[str, str]]:
    yield "tocsin:level", str(alert.level)
    yield "tocsin:level_before", str(alert.level_before)
    yield "tocsin:peak", str(alert.peak)
    yield "tocsin:state", alert.state.value
    yield "tocsin:phase", alert.phase.value
    yield "tocsin:change", alert.change.value
    yield "tocsin:revision", str(alert.revision)
    yield "tocsin:confidence", f"{alert.confidence:g}"
    yield "tocsin:threshold", f"{alert.threshold:g}"
    yield "tocsin:direction", alert.direction
    yield "tocsin:families", ", ".join(each.family for each in alert.terms)
    yield "tocsin:novelty", alert.novelty


def _message_type(alert: Alert, before: Sequence[Alert]) -> str:
    if alert.phase is AlertPhase.RETRACTED:
        return "Cancel"
    return "Update" if before else "Alert"


def _reference(alert: Alert, sender: str) -> str:
    return f"{sender},{identifier(alert)},{_moment(alert.at)}"


def _same(one: Alert, other: Alert) -> bool:
    return (one.id, one.run) == (other.id, other.run)


def _quoted(citation: Citation) -> str:
    article = citation.article
    return f"“{citation.evidence.text}” ({article.agency or article.outlet or article.guid})"


def _pair(parent: ET.Element, kind: str, name: str, value: str) -> None:
    if value:
        pair = ET.SubElement(parent, kind)
        _add(pair, "valueName", name)
        _add(pair, "value", value)


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = plain(text)


def _word(text: str) -> str:
    return _FORBIDDEN.sub("_", plain(text))


def _moment(at: datetime) -> str:
    """In UTC, which the standard writes as -00:00 and never as Z."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}-00:00"
