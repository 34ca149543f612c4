"""What a status or an exception means for a fetch.

The library's own words are not told: they may hold a URL with its query, or what a server made up.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import h11
import httpx2

from services.ingest.fetch.result import Failed, Trouble
from tocsin.guard import Forbidden
from tocsin.retry_after import retry_after_s

_LONGEST_RETRY_AFTER_S: Final = 86_400.0
_STATUS: Final = {
    408: Trouble.TIMED_OUT,
    410: Trouble.GONE,
    429: Trouble.RATE_LIMITED,
}
_TOO_LARGE_HINT: Final = 431  # h11's word for headers over its limit
# How h11 and httpcore2 say that the line was cut, which is no fault of the answer's form.
_CUT: Final = ("closed connection", "disconnected")


def of_status(status: int, retry_after: str | None, at: str) -> Failed:
    """Why an answer with this status is of no use. `at`: the URL as `shown` gives it."""
    after_s = retry_after_s(retry_after, datetime.now(UTC), longest_s=_LONGEST_RETRY_AFTER_S)
    trouble = _STATUS.get(status)
    if trouble is None and status >= 500:
        limited = status == 503 and after_s is not None
        trouble = Trouble.RATE_LIMITED if limited else Trouble.SERVER_ERROR
    elif trouble is None:
        trouble = Trouble.REFUSED if status >= 400 else Trouble.BROKEN
    return Failed(trouble=trouble, detail=f"HTTP {status} from {at}", retry_after_s=after_s)


def of_error(error: Exception, at: str) -> Failed:
    """Why there is no answer. `at`: the URL as `shown` gives it."""
    trouble, why = _meaning(error)
    return Failed(trouble=trouble, detail=f"{why}: {at}")


def _meaning(error: Exception) -> tuple[Trouble, str]:
    for each in _causes(error):
        if isinstance(each, ssl.SSLError):
            untrusted = isinstance(each, ssl.SSLCertVerificationError)
            why = "a certificate that is not trusted" if untrusted else "TLS failed"
            return Trouble.TLS, why
        if isinstance(each, h11.RemoteProtocolError) and each.error_status_hint == _TOO_LARGE_HINT:
            return Trouble.TOO_LARGE, "headers without end"
    if isinstance(error, Forbidden):
        return Trouble.FORBIDDEN, str(error)
    if isinstance(error, httpx2.TimeoutException):
        return Trouble.TIMED_OUT, "no answer in time"
    if isinstance(error, httpx2.RemoteProtocolError) and not any(w in str(error) for w in _CUT):
        return Trouble.BROKEN, "an answer that breaks HTTP"
    if isinstance(error, httpx2.ConnectError):
        nameless = "cannot resolve" in str(error)  # the guard's words
        return Trouble.UNREACHABLE, "no such name" if nameless else "nobody listens"
    if isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError):
        return Trouble.UNREACHABLE, "the line was cut"
    return Trouble.UNREACHABLE, f"cannot be asked ({type(error).__name__})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and what led to it."""
    cause: BaseException | None = error
    for _ in range(10):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
