"""The pages behind a feed's thin entries, as many as one poll may ask for."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from services.ingest import metrics
from services.ingest.domain.entries import Change
from services.ingest.metrics import PageOutcome
from services.ingest.sources.config import FeedSource
from services.ingest.sources.feed_items import is_better, wants_page
from services.ingest.sources.reader import Reader, Sought, host_of


async def seek(
    reader: Reader, source: FeedSource, changes: Sequence[Change], *, most: int, within_s: float
) -> dict[str, Sought]:
    """What came of the pages of the first `most` that want one, by the changes' keys.

    Those that are not there were not asked for, or not answered within the time: ask later.
    """
    wanted = [each for each in changes if wants_page(each.entry, source)]
    hosts: dict[str, list[Change]] = defaultdict(list)
    for each in wanted[:most]:
        hosts[host_of(each.entry.link or "")].append(each)
    found: dict[str, Sought] = {}

    async def ask(some: Sequence[Change]) -> None:
        for each in some:  # one host's pages in turn, so that another feed's come in between
            found[each.key] = await reader.page(source, each.entry)

    try:
        async with asyncio.timeout(within_s), asyncio.TaskGroup() as group:
            for some in hosts.values():
                group.create_task(ask(some))
    except TimeoutError:
        pass
    for each in wanted:
        metrics.PAGES.labels(_outcome(found.get(each.key), each).value).inc()
    return found


def _outcome(sought: Sought | None, change: Change) -> PageOutcome:
    if sought is None:
        return PageOutcome.LATER
    if sought.page is None:
        return PageOutcome.FAILED
    better = is_better(sought.page, change.entry)
    return PageOutcome.FOUND if better else PageOutcome.NO_BETTER
