"""The feeds of sources.toml, watched: what polls them, put together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence

from services.ingest.app import Intake
from services.ingest.domain.rhythm import Status
from services.ingest.feed_state import FeedState
from services.ingest.fetch.client import Fetcher
from services.ingest.fetch.hosts import Hosts
from services.ingest.poller import Poller
from services.ingest.sandbox import Sandbox
from services.ingest.seen import Seen
from services.ingest.settings import Settings
from services.ingest.sources.config import Config, FeedSource
from services.ingest.sources.feeds import Feeds
from services.ingest.sources.reader import Reader
from services.ingest.sources.taking import Limits, Taking
from tocsin.errors import SettingsError
from tocsin.guard import parse_networks
from tocsin.observe import Health
from tocsin.settings import Secret


def feeds_of(sources: Sequence[Config]) -> list[FeedSource]:
    """Those that are to be polled."""
    return [each for each in sources if isinstance(each, FeedSource) and each.enabled]


def authorization(
    sources: Sequence[FeedSource], environment: Mapping[str, str]
) -> dict[str, Secret]:
    """The header values that feeds name, by their variables.

    Raises:
        SettingsError: a variable is not set, or could not be sent.
    """
    found = {}
    for each in sources:
        if name := each.authorization_env:
            value = environment.get(name, "").strip()
            if not value or not value.isascii() or not value.isprintable():
                raise SettingsError(f"{name}: the source {each.name} needs a header value in it")
            found[name] = Secret(value)
    return found


class Fetchers:
    """One fetcher for each set of networks that sources may connect to."""

    def __init__(self, *, total_s: float) -> None:
        self._total_s = total_s
        self._fetchers: dict[tuple[str, ...], Fetcher] = {}

    def __call__(self, source: FeedSource) -> Fetcher:
        """The one for this source."""
        if source.allow not in self._fetchers:
            networks = parse_networks(source.allow, f"the source {source.name}: allow")
            self._fetchers[source.allow] = Fetcher(networks, total_s=self._total_s)
        return self._fetchers[source.allow]

    async def close(self) -> None:
        """Closes their connections."""
        for each in self._fetchers.values():
            await each.close()


class Watch:
    """Polls the feeds until it is told to stop; tells the service's health if all of them fail."""

    def __init__(
        self,
        sources: Sequence[FeedSource],
        secrets: Mapping[str, Secret],
        chosen: Settings,
        intake: Intake,
        seen: Seen,
        health: Health,
    ) -> None:
        self._sources = sources
        self._secrets = secrets
        self._chosen = chosen
        self._intake = intake
        self._seen = seen
        self._health = health

    def run(self, stop: threading.Event) -> None:
        """Returns soon after `stop` is set."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        chosen = self._chosen
        limits = Limits(
            batch=chosen.batch,
            pages=chosen.pages,
            lease_s=chosen.lease_s,
            days=chosen.seen_days,
        )
        fetchers = Fetchers(total_s=chosen.fetch_s)
        hosts = Hosts(gap_s=chosen.host_gap_s)
        sandbox = Sandbox(chosen.parsers)
        state = FeedState(chosen.redis, days=chosen.seen_days)
        poller = Poller(
            self._sources,
            Feeds(
                Reader(fetchers, hosts, sandbox, authorization=self._secrets),
                state,
                Taking(state, self._intake, self._seen, limits),
                limits,
            ),
            state,
            hosts,
            polls=chosen.polls,
            lease_s=chosen.lease_s,
            on_survey=self._survey,
        )
        try:
            await poller.run(stop)
        finally:
            await fetchers.close()
            sandbox.close()
            state.close()

    def _survey(self, counted: Mapping[Status, int]) -> None:
        """All failing is most likely our own line; the service is ready all the same."""
        total, failing = sum(counted.values()), counted.get(Status.FAILING, 0)
        if total and failing == total:
            self._health.mark_degraded("feeds", f"all {total} are failing")
        else:
            self._health.mark_fine("feeds")
