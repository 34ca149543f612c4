"""The enrich service: settings, wiring, run. The only file of it that reads the environment."""

from __future__ import annotations

import asyncio
import functools
import os
import sys

from services.enrich import metrics
from services.enrich.app import Enricher
from services.enrich.metrics import Outcome
from services.enrich.pool import Pool
from services.enrich.settings import Settings
from services.enrich.worker import build
from tocsin import settings, streams, topics
from tocsin.errors import Reason, TocsinError
from tocsin.observe import Health, configure_logging, get_logger, serve


def main() -> int:
    """Runs the service until SIGTERM; returns the exit code."""
    try:
        chosen = settings.load(Settings, os.environ, prefix="TOCSIN_ENRICH_")
        configure_logging(chosen.log, "enrich")
        return _run(chosen)
    except TocsinError as error:
        print(f"enrich: {error}", file=sys.stderr)  # noqa: T201 - there may be no log yet
        return error.exit_code


def _run(chosen: Settings) -> int:
    health = Health()
    health.mark_not_ready("coder", "loading")
    server = serve(chosen.http, health)
    get_logger().info("starting", port=server.port, workers=chosen.workers)
    pool = Pool(
        functools.partial(build, chosen.ner),
        workers=chosen.workers,
        deadline_s=chosen.deadline_s,
        on_restart=metrics.POOL_RESTARTS.inc,
    )
    try:
        asyncio.run(pool.warm())
        health.mark_ready("coder")
        return streams.run(
            streams.Stage(
                kafka=chosen.kafka,
                service="enrich",
                topic=topics.ARTICLES,
                handle=Enricher(pool.code).handle,
                health=health,
                on_dead=_dead,
                batch=chosen.batch,
            )
        )
    finally:
        pool.close()
        server.close()


def _dead(reason: Reason) -> None:
    metrics.ARTICLES.labels(Outcome.DEAD.value).inc()
    metrics.DEAD_LETTERS.labels(reason.value).inc()


if __name__ == "__main__":
    sys.exit(main())
