"""One HTTP request to a sink: guarded, bounded in time and size, its answer as an outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import httpx2
import msgspec

from services.alert.notify.sink import Delivered, Later, Outcome, Refused
from tocsin.errors import SettingsError
from tocsin.guard import Forbidden, GuardedTransport, Network
from tocsin.retry_after import retry_after_s

_AGAIN: Final = (408, 425)
_CONTENT: Final = (400, 413, 422)
_LONGEST_RETRY_AFTER_S: Final = 3600.0
_MOST_READ: Final = 65_536


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a sink answered; `text` only if it was asked for."""

    status: int
    retry_after_s: float | None = None
    text: bytes = b""


class Http:
    """Requests to public addresses, and to the networks that are allowed, without redirects."""

    def __init__(self, allow: Sequence[Network], attempt_s: float) -> None:
        self._attempt_s = attempt_s
        self._client = httpx2.AsyncClient(
            transport=GuardedTransport(allow),
            follow_redirects=False,
            trust_env=False,
            timeout=attempt_s,
            headers={"user-agent": "tocsin"},
        )

    async def post(
        self, url: str, content: bytes, headers: Mapping[str, str], *, read: bool = False
    ) -> Answer | Later | Refused:
        """The answer to a POST of JSON; what went wrong if there is none.

        Its body is read only if it matters, and no more of it than 64 KiB.
        """
        try:
            async with asyncio.timeout(self._attempt_s):
                return await self._post(url, content, headers, read=read)
        except Forbidden as error:
            return Refused(why=str(error))
        except (httpx2.HTTPError, TimeoutError, OSError) as error:
            return Later(why=type(error).__name__)

    async def _post(
        self, url: str, content: bytes, headers: Mapping[str, str], *, read: bool
    ) -> Answer:
        asked = {"content-type": "application/json", **headers}
        async with self._client.stream("POST", url, content=content, headers=asked) as answer:
            text = bytearray()
            if read:
                async for chunk in answer.aiter_bytes():
                    text += chunk
                    if len(text) > _MOST_READ:
                        break
            after_s = retry_after_s(
                answer.headers.get("retry-after"),
                datetime.now(UTC),
                longest_s=_LONGEST_RETRY_AFTER_S,
            )
            return Answer(status=answer.status_code, retry_after_s=after_s, text=bytes(text))


def outcome(answer: Answer | Later | Refused) -> Outcome:
    """What the status of an answer means for the notification."""
    if not isinstance(answer, Answer):
        return answer
    why = f"HTTP {answer.status}"
    if 200 <= answer.status < 300:
        return Delivered()
    if answer.status == 429 or (answer.status == 503 and answer.retry_after_s is not None):
        return Later(why=why, after_s=answer.retry_after_s, limited=True)
    if answer.status in _AGAIN or answer.status >= 500:
        return Later(why=why, after_s=answer.retry_after_s)
    return Refused(why=why, content=answer.status in _CONTENT)


def check_url(url: str, name: str) -> str:
    """The URL, if it is one to post to.

    Raises:
        SettingsError: it is not. The URL itself stays out of the message: it may hold a secret.
    """
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise SettingsError(f"{name}: not a URL") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise SettingsError(f"{name}: not an http or https URL")
    return url
