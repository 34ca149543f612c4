"""The e-mail sink: plain text by SMTP, an episode one thread."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal

import aiosmtplib
import msgspec

from services.alert.notify.sink import (
    Delivered,
    Later,
    Notice,
    Outcome,
    Refused,
    is_exercise,
    scope,
)
from services.alert.notify.text import body, digest_lines, digest_title
from tocsin.messages import Alert, digest
from tocsin.observe import get_logger
from tocsin.settings import Secret
from tocsin.text import cut, plain

_SUBJECT: Final = 180  # characters
_TEXT: Final = 100_000


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """The SMTP server, and how to speak to it. `security`: TLS from the start, or by STARTTLS."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    attempt_s: float
    username: Secret | None = None
    password: Secret | None = None
    ca_file: str | None = None


class MailSink:
    """Sends to a list of people from one address."""

    most: Final = 500
    threaded: Final = False

    def __init__(self, relay: Relay, sender: str, to: tuple[str, ...]) -> None:
        self._relay = relay
        self._sender = sender
        self._to = to
        self._trust = ssl.create_default_context(cafile=relay.ca_file)

    async def send(self, notice: Notice) -> Outcome:
        """Hands it to the relay, for all who are to get it."""
        try:
            refused = await self._hand_over(
                message(notice, self._sender, self._to, datetime.now(UTC))
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [each.code for each in error.recipients]
            return _answered(min(codes, default=550), "all recipients refused")
        except aiosmtplib.SMTPAuthenticationError as error:
            return Later(why=f"SMTP {error.code}: the login is refused")
        except aiosmtplib.SMTPResponseException as error:
            return _answered(error.code, plain(error.message)[:120])
        except aiosmtplib.SMTPException as error:
            return Later(why=type(error).__name__)
        except (OSError, TimeoutError) as error:
            return Later(why=type(error).__name__)
        if any(code < 500 for code in refused):
            # The others get it twice, under one Message-ID; better than one who never does.
            return Later(why=f"SMTP {min(refused)}: some recipients put off")
        if refused:
            get_logger().warning("some recipients refused", count=len(refused))
        return Delivered()

    async def _hand_over(self, mail: EmailMessage) -> list[int]:
        """The codes of the recipients that were refused, while others were not."""
        relay = self._relay
        refused, _ = await aiosmtplib.send(
            mail,
            sender=self._sender,
            recipients=list(self._to),
            hostname=relay.host,
            port=relay.port,
            username=relay.username.reveal() if relay.username else None,
            password=relay.password.reveal() if relay.password else None,
            use_tls=relay.security == "tls",
            start_tls=relay.security == "starttls",
            tls_context=self._trust,
            timeout=relay.attempt_s / 2,  # of each step; the notifier bounds the whole
        )
        return [each.code for each in refused.values()]


def message(notice: Notice, sender: str, to: tuple[str, ...], now: datetime) -> EmailMessage:
    """The notification as a mail. No text of an article can become a header of it."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Date"] = format_datetime(now)
    mail["Auto-Submitted"] = "auto-generated"
    domain = plain(sender.rpartition("@")[2]).strip("<> ") or "tocsin.invalid"
    if notice.one is None:
        mail["Subject"] = cut(f"[Tocsin] {digest_title(notice)}", _SUBJECT)
        mail["Message-ID"] = f"<{digest('mail', notice.key)}@{domain}>"
        mail.set_content(cut("\n".join(digest_lines(notice)), _TEXT) + "\n")
        return mail
    alert = notice.one.alert
    thread = f"<{digest('thread', scope(alert))}@{domain}>"
    mail["Subject"] = cut(subject(alert), _SUBJECT)
    mail["Message-ID"] = f"<{digest('mail', scope(alert), str(alert.revision))}@{domain}>"
    mail["In-Reply-To"] = thread
    mail["References"] = thread
    mail["X-Tocsin-Alert"] = plain(notice.one.key)
    mail["X-Tocsin-Level"] = str(alert.level)
    mail.set_content(cut(body(alert), _TEXT) + "\n")
    return mail


def subject(alert: Alert) -> str:
    """The same for all revisions of an episode: some mail programs thread by it."""
    mark = "EXERCISE: " if is_exercise(alert) else ""
    return plain(f"[Tocsin] {mark}{alert.dyad} {alert.rule} since {alert.started_at:%Y-%m-%d}")


def _answered(code: int, why: str) -> Outcome:
    if 400 <= code < 500:
        return Later(why=f"SMTP {code}: {why}")
    return Refused(why=f"SMTP {code}: {why}", content=code in (552, 554))
