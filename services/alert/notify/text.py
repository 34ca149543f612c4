"""Alerts as plain text. What articles say is hostile until shown: nothing of it may act."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from services.alert.notify.sink import Notice, gravity, is_exercise, scope
from tocsin.messages import Alert, Citation
from tocsin.text import cut, plain

_ZERO_WIDTH: Final = "\u200b"
_QUOTE: Final = 600  # characters of one sentence
_SOURCE: Final = 100
_LINE: Final = 1500
MEANING: Final = "Observed escalation in reporting, never a probability of war."


def harmless(text: str) -> str:
    """Plain text that mentions nobody: `@everyone`, `<!channel>` and their like stay text."""
    text = plain(text).replace("<", "‹").replace(">", "›")
    return text.replace("@", f"@{_ZERO_WIDTH}")


def headline(alert: Alert) -> str:
    """One line for a pager."""
    mark = "EXERCISE: " if is_exercise(alert) else ""
    over = f" [{alert.phase.value}]" if alert.phase.value not in ("firing", "pending") else ""
    return cut(harmless(f"{mark}{alert.summary}{over}"), _LINE)


def body(alert: Alert) -> str:
    """What a person needs to judge the alert, line by line."""
    lines = [headline(alert), harmless(alert.why)]
    lines += [quotation(each) for each in alert.citations]
    lines += [harmless(each) for each in (alert.novelty, alert.lowers) if each]
    if alert.acknowledged is not None:
        lines.append(harmless(f"acknowledged by {alert.acknowledged.by}"))
    lines.append(f"{MEANING} {_from(alert)}")
    return "\n".join(cut(each, _LINE) for each in lines)


def quotation(citation: Citation) -> str:
    """A sentence and who said it, when."""
    article = citation.article
    source = cut(plain(article.agency or article.outlet or article.guid), _SOURCE)
    said = f"“{cut(plain(citation.evidence.text), _QUOTE)}” ({source}{_when(article.published_at)})"
    return harmless(said)


def digest_title(notice: Notice) -> str:
    """What joins the alerts of a storm, on one line."""
    highest = max(gravity(each) for each in notice.alerts)
    mark = "EXERCISE: " if all(is_exercise(each) for each in notice.alerts) else ""
    group = notice.group.removeprefix("exercise").strip()
    where = f", {group}" if group else ""
    count = len({scope(each) for each in notice.alerts})
    return harmless(f"{mark}{count} alerts{where}; highest level {highest}")


def digest_lines(notice: Notice) -> list[str]:
    """A line a revision, those of an alert in their order, the gravest alerts first."""
    highest: dict[str, int] = {}
    for each in notice.alerts:
        highest[scope(each)] = max(gravity(each), highest.get(scope(each), 0))
    places = {name: place for place, name in enumerate(highest)}
    alerts = sorted(notice.alerts, key=lambda each: (-highest[scope(each)], places[scope(each)]))
    return [f"{headline(each)} {_from(each)}" for each in alerts]


def chunks(lines: Iterable[str], limit: int) -> list[str]:
    """The lines joined to texts of at most `limit` characters."""
    found: list[str] = []
    for line in (cut(each, limit) for each in lines):
        if found and len(found[-1]) + 1 + len(line) <= limit:
            found[-1] += f"\n{line}"
        else:
            found.append(line)
    return found


def _from(alert: Alert) -> str:
    return f"[{plain(alert.rule)} {plain(alert.id)}.{alert.revision}]"


def _when(at: datetime | None) -> str:
    return f", {at:%Y-%m-%d %H:%M} UTC" if at else ""
