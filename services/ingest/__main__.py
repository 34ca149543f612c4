"""The ingest service: settings, wiring, run. The only file of it that reads the environment."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from services.ingest.app import Intake
from services.ingest.replay import Plan, replay
from services.ingest.seen import Seen
from services.ingest.settings import Settings
from services.ingest.sources import push
from services.ingest.sources.config import Config, FolderSource, seconds
from services.ingest.sources.file import read_sources
from services.ingest.sources.files import index
from services.ingest.sources.inbox import Inbox, watch
from services.ingest.stopping import on_signals
from services.ingest.stories import Stories
from services.ingest.watch import Watch, authorization, feeds_of
from tocsin import bus, settings
from tocsin.errors import TocsinError
from tocsin.observe import Health, configure_logging, get_logger, serve

Source = Callable[[threading.Event], None]


def main() -> int:
    """Runs the service until SIGTERM; returns the exit code."""
    try:
        chosen = settings.load(Settings, os.environ, prefix="TOCSIN_INGEST_")
        configure_logging(chosen.log, "ingest")
        return _run(chosen)
    except TocsinError as error:
        print(f"ingest: {error}", file=sys.stderr)  # noqa: T201 - there may be no log yet
        return error.exit_code


def _run(chosen: Settings) -> int:
    told = _sources(chosen)
    admitted = push.access(told, os.environ, chosen.push_port)
    feeds = feeds_of(told)
    secrets = authorization(feeds, os.environ)
    health = Health()
    server = serve(chosen.http, health)
    stop = threading.Event()
    on_signals(stop)
    get_logger().info("starting", port=server.port)
    bus.wait_for_broker(chosen.kafka)
    failed: list[TocsinError] = []
    sources: dict[str, Source] = {}
    if chosen.replay:
        sources["replay"] = functools.partial(_replay, chosen)
    for folder, called in _folders(chosen, told):
        sources[called] = functools.partial(_folder, chosen, folder, called)
    if admitted:
        sources["push"] = push.Push(admitted, chosen, _intake(chosen)[0]).run
    if feeds:
        sources["feeds"] = Watch(feeds, secrets, chosen, *_intake(chosen), health).run
    threads = [
        threading.Thread(target=_source, args=(name, run, stop, failed), name=name)
        for name, run in sources.items()
    ]
    for thread in threads:
        thread.start()
    health.mark_ready()
    get_logger().info("ready", sources=list(sources))
    stop.wait()
    health.mark_not_ready("stop", "stopping")
    for thread in threads:
        thread.join(timeout=8)
    server.close()
    if failed:
        raise failed[0]
    return 0


def _sources(chosen: Settings) -> list[Config]:
    return read_sources(Path(chosen.sources)) if chosen.sources else []


def _source(name: str, run: Source, stop: threading.Event, failed: list[TocsinError]) -> None:
    try:
        run(stop)
    except Exception as error:  # noqa: BLE001 - a source that fell silent must not look ready
        if not stop.is_set():
            get_logger().exception("a source failed", source=name)
            failed.append(error if isinstance(error, TocsinError) else TocsinError(repr(error)))
            stop.set()


def _replay(chosen: Settings, stop: threading.Event) -> None:
    found = index([Path(each) for each in chosen.replay])
    plan = Plan(
        run=chosen.run_id,
        speed=chosen.speed,
        max_gap_s=chosen.max_gap_s,
        loop=chosen.loop,
        batch=chosen.batch,
    )
    intake, _ = _intake(chosen)
    total = replay(found, intake, plan, stop=stop)
    get_logger().info("replayed", run=plan.run, published=total.published, seen=total.seen)


def _folders(chosen: Settings, named: Sequence[Config]) -> list[tuple[FolderSource, str]]:
    """Each drop folder with what it is called in the log; the setting is a short way for one."""
    folders = [each for each in named if isinstance(each, FolderSource) and each.enabled]
    found = [(each, f"source {each.name}") for each in folders]
    if chosen.inbox:
        found.append((FolderSource(name="inbox", path=chosen.inbox), "TOCSIN_INGEST_INBOX"))
    return found


def _folder(chosen: Settings, source: FolderSource, called: str, stop: threading.Event) -> None:
    intake, seen = _intake(chosen)
    inbox = Inbox(source, intake, seen, batch=chosen.batch, called=called, stop=stop)
    of_setting = called == "TOCSIN_INGEST_INBOX"
    watch(inbox, chosen.inbox_poll_s if of_setting else seconds(source.interval), stop)


def _intake(chosen: Settings) -> tuple[Intake, Seen]:
    """An intake of its own for each source, so that none holds another."""
    seen = Seen(chosen.redis, days=chosen.seen_days)

    def refused(detail: str) -> None:
        get_logger().warning("refused", detail=detail)

    intake = Intake(
        bus.Producer(chosen.kafka, service="ingest"),
        seen,
        Stories(chosen.redis, days=chosen.story_days, texts=chosen.story_texts),
        max_record_bytes=chosen.kafka.max_record_bytes,
        on_refused=refused,
    )
    return intake, seen


if __name__ == "__main__":
    sys.exit(main())
