"""The Apprise sink: whatever else people read, as plain text."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import apprise

from services.alert.notify.sink import Delivered, Later, Notice, Outcome
from services.alert.notify.text import body, digest_lines, digest_title, headline
from tocsin.errors import SettingsError
from tocsin.messages import Severity
from tocsin.settings import Secret
from tocsin.text import cut

_TITLE: Final = 200  # characters
_TYPES: Final = {
    Severity.INFO: apprise.NotifyType.INFO,
    Severity.WARNING: apprise.NotifyType.WARNING,
    Severity.CRITICAL: apprise.NotifyType.FAILURE,
}


class AppriseSink:
    """Sends by the services that some Apprise URLs name. `limit` bounds the text, in characters."""

    most: Final = 10
    threaded: Final = True

    def __init__(self, urls: Secret, limit: int, name: str) -> None:
        # Its log lines may hold the URLs, and so their tokens.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        self._limit = limit
        self._apprise = apprise.Apprise()
        for url in urls.reveal().split():
            if not self._apprise.add(url):
                raise SettingsError(f"{name}: one of its URLs is none that Apprise knows")
        if not len(self._apprise):
            raise SettingsError(f"{name}: no URL")

    async def send(self, notice: Notice) -> Outcome:
        """Sends to all; Apprise does not say why one failed."""
        fine = await asyncio.to_thread(self._notify, notice)
        return Delivered() if fine else Later(why="Apprise: not all were notified")

    def _notify(self, notice: Notice) -> bool:
        gravest = max(notice.alerts, key=lambda each: each.level)
        title, text = _told(notice, self._limit)
        return bool(
            self._apprise.notify(
                body=text,
                title=title,
                notify_type=_TYPES[gravest.severity],
                body_format=apprise.NotifyFormat.TEXT,
                interpret_escapes=False,
            )
        )


def _told(notice: Notice, limit: int) -> tuple[str, str]:
    if notice.one is None:
        share = limit // len(notice.items) - 1
        lines = [cut(each, share) for each in digest_lines(notice)]
        return cut(digest_title(notice), _TITLE), cut("\n".join(lines), limit)
    alert = notice.one.alert
    text = "\n".join(body(alert).split("\n")[1:])
    return cut(headline(alert), _TITLE), cut(text, limit)
