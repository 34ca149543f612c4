"""Feeds and pages as they are read: asked for with courtesy, parsed where they can do no harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec

from services.ingest.fetch.result import Answer, Failed, Fetched, NotModified, Trouble
from services.ingest.parse.feed import parse_feed
from services.ingest.parse.page import parse_page
from services.ingest.parse.result import Feed, FeedEntry, Page
from services.ingest.sources.config import FeedSource
from tocsin.errors import BadMessage, Reason
from tocsin.settings import Secret

_FEEDS: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
_PAGES: Final = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
_PAGE_BYTES: Final = 5_000_000


class Fetching(Protocol):
    """Gets a URL; `fetch.client.Fetcher` is the real one."""

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
        """What the server answered."""


class Courtesy(Protocol):
    """Whose turn it is at a host; `fetch.hosts.Hosts` is the real one."""

    def turn(self, host: str) -> AbstractAsyncContextManager[float]:
        """Holds the host for one request, or tells how long it is to be left alone."""

    def back_off(self, host: str, seconds: float) -> None:
        """Leaves the host alone for so long."""


class Parsing(Protocol):
    """Runs a parser where it can do no harm; `sandbox.Sandbox` is the real one."""

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """What the function returns."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A feed that was read, with the answer that it came in."""

    answer: Fetched
    feed: Feed


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a page. `again`: it may be had another time."""

    page: Page | None = None
    again: bool = False
    failed: Failed | None = None


class Reader:
    """Reads the feeds of `sources.toml` and the pages behind them.

    `fetchers`: the one for each source, by the networks that it may connect to. `authorization`:
    header values by the variable that a source names.
    """

    def __init__(
        self,
        fetchers: Callable[[FeedSource], Fetching],
        hosts: Courtesy,
        sandbox: Parsing,
        *,
        authorization: Mapping[str, Secret] | None = None,
    ) -> None:
        self._fetchers = fetchers
        self._hosts = hosts
        self._sandbox = sandbox
        self._authorization = authorization or {}

    async def feed(
        self,
        source: FeedSource,
        *,
        url: str | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
    ) -> Document | NotModified | Failed:
        """A source's feed; from `url` if it is given, because the feed has moved there."""
        headers = {}
        if source.authorization_env and url in (None, source.url):
            headers["authorization"] = self._authorization[source.authorization_env].reveal()
        asked = url or source.url
        async with self._hosts.turn(host_of(asked)) as rest_s:
            if rest_s:
                return _rests(asked, rest_s)
            answer = await self._fetchers(source).get(
                asked, etag=etag, last_modified=last_modified, headers=headers, accept=_FEEDS
            )
        self._heed(asked, answer)
        if not isinstance(answer, Fetched):
            return answer
        try:
            feed = await self._sandbox.run(parse_feed, answer.body, answer.content_type, answer.url)
        except BadMessage as error:
            return _unread(error)
        return Document(answer=answer, feed=feed)

    async def page(self, source: FeedSource, entry: FeedEntry) -> Sought:
        """The page behind an entry; only one with text counts as found."""
        link = entry.link or ""
        async with self._hosts.turn(host_of(link)) as rest_s:
            if rest_s:
                return Sought(again=True, failed=_rests(link, rest_s))
            answer = await self._fetchers(source).get(link, accept=_PAGES, max_bytes=_PAGE_BYTES)
        self._heed(link, answer)
        if isinstance(answer, Failed):
            return Sought(again=answer.trouble in _PASSING, failed=answer)
        if not isinstance(answer, Fetched):
            return Sought()
        try:
            page: Page = await self._sandbox.run(
                parse_page, answer.body, answer.content_type, answer.url
            )
        except BadMessage as error:
            return Sought(failed=_unread(error))
        return Sought(page=page) if page.text else Sought(again=True)

    def _heed(self, url: str, answer: Answer) -> None:
        if isinstance(answer, Failed) and answer.retry_after_s:
            self._hosts.back_off(host_of(url), answer.retry_after_s)


# What may pass by the next poll; a page that is not there, or not for us, will not be.
_PASSING: Final = (
    Trouble.UNREACHABLE,
    Trouble.TIMED_OUT,
    Trouble.RATE_LIMITED,
    Trouble.SERVER_ERROR,
    Trouble.BROKEN,
    Trouble.TLS,
)


def host_of(url: str) -> str:
    """The host of an address, in small letters; empty if it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _rests(url: str, rest_s: float) -> Failed:
    why = f"{host_of(url)} asked to be left alone"
    return Failed(trouble=Trouble.RATE_LIMITED, detail=why, retry_after_s=rest_s)


def _unread(error: BadMessage) -> Failed:
    hung = error.reason in (Reason.TIMED_OUT, Reason.CRASHED)
    trouble = Trouble.HOSTILE if hung else Trouble.NOT_A_FEED
    return Failed(trouble=trouble, detail=error.detail)
