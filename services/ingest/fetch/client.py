"""Fetches over HTTP from whoever may be hostile: guarded, bounded in bytes and time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx2
import msgspec

from services.ingest.fetch.faults import of_error, of_status
from services.ingest.fetch.freshness import max_age_s
from services.ingest.fetch.inflate import Body, Broken, TooMuch
from services.ingest.fetch.result import Answer, Failed, Fetched, NotModified, Trouble
from services.ingest.fetch.shown import shown
from tocsin.guard import GuardedTransport, Network

USER_AGENT: Final = "tocsin (news feed reader)"
_HOPS: Final = 5
_MOST_HEADERS: Final = 200
_MOST_HEADER_BYTES: Final = 65_536
_LONGEST_VALIDATOR: Final = 1000
_PERMANENT: Final = (301, 308)
_REDIRECTS: Final = (301, 302, 303, 307, 308)


class _Moved(msgspec.Struct, frozen=True):
    """A redirect. `to`: absolute, without user and password."""

    to: httpx2.URL
    permanent: bool


class Fetcher:
    """Gets feeds and pages from public addresses, and from the networks that are allowed.

    `total_s` is the time for all of a fetch: every redirect and the last byte of the body.
    Nothing is remembered between two fetches, no cookie either.
    """

    def __init__(
        self,
        allow: Sequence[Network] = (),
        *,
        total_s: float = 30.0,
        max_bytes: int = 10_000_000,
    ) -> None:
        self._total_s = total_s
        self._max_bytes = max_bytes
        self._client = httpx2.AsyncClient(
            transport=GuardedTransport(allow, connections=None),  # hosts are taken in turn
            follow_redirects=False,
            trust_env=False,
            # A name has several addresses, of which the first may be of a network that is not here.
            timeout=httpx2.Timeout(total_s, connect=total_s / 3),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        headers: Mapping[str, str] | None = None,
        accept: str | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """What the server answered, or why there is nothing to use; a server cannot make it raise.

        `headers` are for the server of `url` alone: another host, scheme or port that it redirects
        to does not get them. A user and password in the URL are sent as basic authentication.
        """
        try:
            parsed = httpx2.URL(url)
        except httpx2.InvalidURL:
            return Failed(trouble=Trouble.UNREACHABLE, detail=shown(url))
        ours = {
            "user-agent": USER_AGENT,
            "accept": accept or "*/*",
            "accept-encoding": "gzip",  # the only one that `Body` unpacks within bounds
            **({"if-none-match": etag} if etag else {}),
            **({"if-modified-since": last_modified} if last_modified else {}),
        }
        try:
            async with asyncio.timeout(self._total_s):
                return await self._follow(parsed, ours, headers or {}, max_bytes or self._max_bytes)
        except TimeoutError:
            why = f"no whole answer within {self._total_s:g} s from {shown(url)}"
            return Failed(trouble=Trouble.TIMED_OUT, detail=why)

    async def close(self) -> None:
        """Closes its connections."""
        await self._client.aclose()

    async def _follow(
        self, url: httpx2.URL, ours: Mapping[str, str], theirs: Mapping[str, str], most: int
    ) -> Answer:
        """The answer at the end of the redirects."""
        if url.userinfo:
            basic = httpx2.BasicAuth(url.username, url.password)
            named = {each.lower() for each in theirs}
            if "authorization" not in named:
                theirs = {**theirs, "authorization": _authorization(basic, url)}
        # Where a URL with a password moved to is not told: it would be kept without it.
        permanent, moved_to = not url.userinfo, None
        url = url.copy_with(userinfo=b"", fragment=None)
        been = {url}
        for _ in range(_HOPS + 1):
            found = await self._hop(url, {**ours, **theirs}, most)
            if isinstance(found, Fetched):
                return msgspec.structs.replace(found, moved_to=moved_to)
            if not isinstance(found, _Moved):
                return found
            if found.to in been:
                return Failed(trouble=Trouble.REDIRECTS, detail=f"a loop at {shown(str(url))}")
            been.add(found.to)
            permanent = permanent and found.permanent
            if permanent:
                moved_to = str(found.to)
            if _origin(found.to) != _origin(url):
                theirs = {}
            url = found.to
        return Failed(trouble=Trouble.REDIRECTS, detail=f"more than {_HOPS}, at {shown(str(url))}")

    async def _hop(self, url: httpx2.URL, headers: Mapping[str, str], most: int) -> Answer | _Moved:
        """What one server answers."""
        at = shown(str(url))
        try:
            async with self._client.stream("GET", url, headers=headers, auth=None) as answer:
                return await _read(answer, url, most)
        except TooMuch:
            return Failed(trouble=Trouble.TOO_LARGE, detail=f"more than {most} bytes from {at}")
        except Broken as error:
            return Failed(trouble=Trouble.BROKEN, detail=f"{error} from {at}")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            return of_error(error, at)


async def _read(answer: httpx2.Response, url: httpx2.URL, most: int) -> Answer | _Moved:
    """An answer by its status and headers; its body only where that is what was asked for."""
    status, headers, at = answer.status_code, answer.headers, shown(str(url))
    sizes = [len(name) + len(value) for name, value in headers.raw]
    if len(sizes) > _MOST_HEADERS or sum(sizes) > _MOST_HEADER_BYTES:
        return Failed(trouble=Trouble.TOO_LARGE, detail=f"headers without end from {at}")
    age_s = max_age_s(headers)
    if status == 304:
        return NotModified(max_age_s=age_s)
    if status in _REDIRECTS:
        return _moved(url, headers.get("location"), permanent=status in _PERMANENT)
    if not 200 <= status < 300 or status == 206:
        return of_status(status, headers.get("retry-after"), at)
    body = Body(headers.get("content-encoding", "").strip().lower(), most)
    async for chunk in answer.aiter_raw():
        body.add(chunk)
    return Fetched(
        url=str(url),
        body=body.whole(),
        content_type=headers.get("content-type", ""),
        etag=_validator(headers.get("etag")),
        last_modified=_validator(headers.get("last-modified")),
        max_age_s=age_s,
    )


def _moved(url: httpx2.URL, location: str | None, *, permanent: bool) -> _Moved | Failed:
    at = shown(str(url))
    try:
        to = url.join((location or "").strip())
        to = to.copy_with(userinfo=b"", fragment=None)
    except (httpx2.InvalidURL, ValueError):
        return Failed(trouble=Trouble.REDIRECTS, detail=f"to what is no address, from {at}")
    if not location or to.scheme not in ("http", "https") or not to.host:
        return Failed(trouble=Trouble.REDIRECTS, detail=f"to what is no web address, from {at}")
    return _Moved(to, permanent)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _authorization(basic: httpx2.BasicAuth, url: httpx2.URL) -> str:
    return next(basic.auth_flow(httpx2.Request("GET", url))).headers["authorization"]


def _validator(value: str | None) -> str | None:
    """An ETag or a date to send back, if it can be."""
    return value if value and value.isascii() and len(value) <= _LONGEST_VALIDATOR else None
