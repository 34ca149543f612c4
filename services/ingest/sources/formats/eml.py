"""Mail as it was saved: newsletters, forwards, press releases. An attachment is no article."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from services.ingest.domain.dates.declared import declared
from services.ingest.domain.items import Item
from services.ingest.parse.markup import paragraphs, plain
from services.ingest.sources.formats.given import Given, decoded
from tocsin.errors import BadMessage, Reason
from tocsin.messages import PublishedBasis, digest

MAX_MAIL_BYTES: Final = 20_000_000  # with its attachments
_MOST_PARTS: Final = 100  # boundaries in one mail
_MOST_LINES: Final = 2_000_000  # times the boundaries, against each of which a line is held
_HEADER: Final = 2_000  # characters of one that are read: the library's time is their square
_DEPTH: Final = 8
_HTML: Final = 2_000_000  # characters; what a newsletter says stands before
_COMMENT: Final = re.compile(r"\([^()]*\)")
_BOUNDARY: Final = re.compile(rb"boundary\s*=", re.IGNORECASE)
_SIGNATURE: Final = re.compile(r"^-- ?$", re.MULTILINE)
_FORWARD: Final = re.compile(
    r"^(?:-{2,}[ \t]*(?:Forwarded message|Original Message)[ \t]*-{2,}|Begin forwarded message:)"
    r"[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_INNER: Final = re.compile(
    r"^\*?(From|Date|Sent|Subject|To|Cc|Reply-To)\*?:\*?\s*(.*)$", re.IGNORECASE
)
_PREFIX: Final = re.compile(r"^(?:(?:re|fwd?|tr|rv|wg|aw)\s*:\s*)+", re.IGNORECASE)
_FOOTER: Final = re.compile(
    r"^(?:.{0,40}\bunsubscribe\b.{0,160}|(?:view|read) (?:this|it|in).{0,40}\bbrowser\b.{0,60}"
    r"|(?:you(?:'re|’re| are) receiving|you received) .{0,200}|(?:manage|update) your .{0,60}"
    r"(?:preferences|subscription).{0,60}|_{10,}|-{10,}|={10,})$",
    re.IGNORECASE,
)
_INVISIBLE: Final = re.compile("[\u034f\u00ad\u200b\u2007\ufeff]+")  # what fills a mail's preview


if TYPE_CHECKING:
    _Policy = policy.EmailPolicy[EmailMessage]
else:
    _Policy = policy.EmailPolicy


class _Bounded(_Policy):
    """Mail of today, with headers of bounded length."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(name, value[:_HEADER])


class _Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail says, and what a forward in it says of its first sending."""

    text: str
    title: str | None
    byline: str | None
    written: str | None
    flags: tuple[str, ...] = ()


_POLICY: Final = _Bounded()


def items(data: bytes, given: Given) -> Iterator[Item]:
    """The one article of a mail.

    Raises:
        BadMessage: it has no text, or is made to be hard to read.
    """
    if len(data) > MAX_MAIL_BYTES:
        raise BadMessage(Reason.TOO_LARGE, f"{given.origin}: a mail of over {MAX_MAIL_BYTES} bytes")
    parts = len(_BOUNDARY.findall(data))
    if parts > _MOST_PARTS or (parts + 1) * data.count(b"\n") > _MOST_LINES:
        raise BadMessage(Reason.TOO_LARGE, f"{given.origin}: a mail of too many parts and lines")
    try:
        yield _item(_parsed(data), given)
    except BadMessage:
        raise
    except Exception as error:  # the library raises of every kind on headers made to that end
        why = f"{given.origin}: a mail that cannot be read ({type(error).__name__})"
        raise BadMessage(Reason.WRONG_SHAPE, why) from error


def _parsed(data: bytes) -> EmailMessage:
    return message_from_bytes(data, policy=_POLICY)


def _item(mail: EmailMessage, given: Given) -> Item:
    listed = any(name.lower().startswith("list-") for name in mail.keys())  # noqa: SIM118 - mail
    inner = _attached(mail)
    said = _forwarded(_text(inner if inner is not None else mail), inner or mail)
    if inner is not None:
        said = msgspec.structs.replace(said, flags=(*said.flags, "forwarded"))
    if not said.text.strip():
        raise BadMessage(Reason.EMPTY, f"{given.origin}: a mail without text")
    at, flags = _sent(said.written, forwarded="forwarded" in said.flags)
    return Item(
        guid=_header(inner if inner is not None else mail, "Message-ID")
        or digest("mail", said.title or "", said.text),
        source=given.source,
        origin=given.origin,
        text=said.text,
        title=said.title,
        byline=said.byline,
        # A list sends what it publishes; whoever else sends a mail may have it from anybody.
        outlet=_domain(_header(mail, "From")) if listed else None,
        published_at=at,
        published_basis=PublishedBasis.FEED if at else PublishedBasis.NONE,
        flags=(*said.flags, *flags),
    )


def _attached(mail: EmailMessage) -> EmailMessage | None:
    """The mail that was forwarded as an attachment, if the outer one only covers it."""
    for part in mail.walk() if mail.is_multipart() else ():
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0)
            return cast("EmailMessage", inner)
    return None


def _text(mail: EmailMessage) -> str:
    plains: list[str] = []
    htmls: list[str] = []
    for part in _parts(mail, 0):
        if part.get_content_disposition() == "attachment" or part.get_filename():
            continue
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html"):
            data = part.get_payload(decode=True)
            data = data if isinstance(data, bytes) else b""
            found = decoded(data, str(part.get_content_charset() or "") or None)[0]
            (plains if kind == "text/plain" else htmls).append(found)
    text = "\n".join(plains).strip()
    if not text:
        text = "\n".join(paragraphs(each[:_HTML]) for each in htmls)
    return _INVISIBLE.sub("", text.replace("\x00", "").replace("\r\n", "\n"))


def _parts(mail: EmailMessage, depth: int) -> Iterator[EmailMessage]:
    if not mail.is_multipart():
        yield mail
    elif depth < _DEPTH:
        for part in mail.iter_parts():
            yield from _parts(cast("EmailMessage", part), depth + 1)


def _forwarded(text: str, mail: EmailMessage) -> _Words:
    """The words of a mail; of a forward in its text those of the first mail, and its own date."""
    title = _PREFIX.sub("", _header(mail, "Subject") or "") or None
    byline = parseaddr(_header(mail, "From") or "")[0] or None
    found = _FORWARD.search(text)
    if found is None:
        return _Words(text=_body(text), title=title, byline=byline, written=_date(mail))
    heads: dict[str, str] = {}
    lines = text[found.end() :].lstrip().split("\n")
    after = 0
    while after < len(lines) and (head := _INNER.match(lines[after].strip())):
        heads[head[1].lower()] = head[2].strip()
        after += 1
    return _Words(
        text=_body("\n".join(lines[after:])),
        title=_PREFIX.sub("", heads.get("subject", "")) or title,
        byline=parseaddr(heads.get("from", ""))[0] or None,
        written=heads.get("date") or heads.get("sent"),
        flags=("forwarded",),
    )


def _body(text: str) -> str:
    """The text without signature, quotation marks of a reply and the footer of a list."""
    text = _SIGNATURE.split(text, maxsplit=1)[0]
    lines = [line.rstrip() for line in text.split("\n")]
    quoted = [line for line in lines if line.startswith(">")]
    if quoted and len(quoted) * 2 > sum(map(bool, lines)):
        lines = [line.lstrip("> ") for line in lines]
    kept = [line for line in lines if not _FOOTER.match(line.strip())]
    return plain("\n".join(kept))


def _header(mail: EmailMessage, name: str) -> str | None:
    return " ".join(str(mail[name] or "").split()) or None


def _date(mail: EmailMessage) -> str | None:
    """The header as it came: read by the library, one without a zone is given one."""
    raw = next((value for name, value in mail.raw_items() if name.lower() == "date"), None)
    return _COMMENT.sub("", str(raw)[:_HEADER]).strip() if raw is not None else None


def _domain(sender: str | None) -> str | None:
    domain = parseaddr(sender or "")[1].rpartition("@")[2].lower()
    return domain if "." in domain else None


def _sent(text: str | None, *, forwarded: bool) -> tuple[datetime | None, tuple[str, ...]]:
    """The time of a Date header with its zone; the day of a forward, whose mailer drops it."""
    found = declared(text or "")
    if found.at is None or "zone_assumed" not in found.flags:
        return found.at, found.flags
    if not forwarded:
        return None, ("bad_date",)
    return found.at.replace(hour=12, minute=0, second=0, microsecond=0), ("day_only",)
