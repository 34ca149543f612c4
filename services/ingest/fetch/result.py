"""What a fetch over HTTP comes to."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Trouble(StrEnum):
    """Why a fetch or a poll failed. A closed set: these are metric labels and words of health."""

    FORBIDDEN = "forbidden"  # the name leads to an address that is not public
    UNREACHABLE = "unreachable"  # no such name, nobody listens, the line was cut
    TLS = "tls"
    TIMED_OUT = "timed_out"
    TOO_LARGE = "too_large"
    REDIRECTS = "redirects"  # a loop, too many, or to what is no web address
    RATE_LIMITED = "rate_limited"  # 429, or 503 with a time to come back
    REFUSED = "refused"  # another 4xx
    GONE = "gone"  # 410: the publisher says that it will not come back
    SERVER_ERROR = "server_error"
    BROKEN = "broken"  # an answer that breaks HTTP or its own encoding
    NOT_A_FEED = "not_a_feed"
    HOSTILE = "hostile"  # it made the parser hang, or want too much memory


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with a body, decompressed. `url`: where it came from after redirects.

    `moved_to`: where permanent redirects alone lead, if the first answer was one.
    """

    url: str
    body: bytes
    content_type: str = ""  # as the header says, with its charset
    etag: str | None = None
    last_modified: str | None = None
    max_age_s: float | None = None
    moved_to: str | None = None


class NotModified(msgspec.Struct, frozen=True, kw_only=True):
    """304: what was fetched last still stands."""

    max_age_s: float | None = None


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """No answer to use. `detail`: in words, without query, user or password of a URL."""

    trouble: Trouble
    detail: str
    retry_after_s: float | None = None


Answer = Fetched | NotModified | Failed
