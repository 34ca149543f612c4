"""What the commands that publish files share: an intake, patience, progress and the summary."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from services.ingest.app import Intake, Taken, Tally
from services.ingest.seen import Seen
from services.ingest.settings import Settings
from services.ingest.stopping import on_signals
from services.ingest.stories import Stories
from tocsin import bus, settings
from tocsin.errors import Unavailable
from tocsin.observe import configure_logging, get_logger

_RETRY_S: Final = 1.0
_PROGRESS_S: Final = 2.0


@contextlib.contextmanager
def intake_of(command: str, chosen: Settings) -> Iterator[Intake]:
    """An intake on broker and Redis of the settings, for the time of a command."""
    configure_logging(settings.Log(level="warning", format="console"), command)
    seen = Seen(chosen.redis, days=chosen.seen_days)
    stories = Stories(chosen.redis, days=chosen.story_days, texts=chosen.story_texts)
    producer = bus.Producer(chosen.kafka, service=command)
    try:
        yield Intake(
            producer,
            seen,
            stories,
            max_record_bytes=chosen.kafka.max_record_bytes,
            on_refused=say,
        )
    finally:
        producer.close()
        stories.close()
        seen.close()


def chosen_settings() -> Settings:
    """The settings of ingest in the environment."""
    return settings.load(Settings, os.environ, prefix="TOCSIN_INGEST_")


def stop_on_signals() -> threading.Event:
    """Set at SIGTERM and Ctrl-C."""
    stop = threading.Event()
    on_signals(stop)
    return stop


def patiently(work: Callable[[], Taken], patience_s: float, stop: threading.Event) -> Taken:
    """What the work gives, tried again while broker or Redis are away.

    Raises:
        Unavailable: they are away for longer, or at the stop.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            return work()
        except Unavailable as error:
            if time.monotonic() > until or stop.wait(_RETRY_S):
                raise
            get_logger().warning("waiting", error=str(error))


def progress(name: str) -> Callable[[Tally, str], None]:
    """Tells on standard error now and then how many were published, and `where` it is."""
    last = time.monotonic()

    def tell(total: Tally, where: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _PROGRESS_S:
            last = time.monotonic()
            say(f"{name}: {total.published} published, {total.seen} seen{where}")

    return tell


def say(line: str) -> None:
    """A line on standard error."""
    print(line, file=sys.stderr, flush=True)


def summary(name: dict[str, str], total: Tally, ignored: int, *, as_json: bool) -> None:
    """What became of all, on standard output."""
    if as_json:
        print(json.dumps({**name, **msgspec.to_builtins(total), "ignored": ignored}))
        return
    parts = [
        f"{total.published} published",
        *([f"{total.revised} revised"] if total.revised else []),
        *([f"{total.seen} seen before"] if total.seen else []),
        *([f"{total.refused} refused"] if total.refused else []),
        *([f"{ignored} files of other kinds passed over"] if ignored else []),
    ]
    print(f"{next(iter(name.values()))}: {', '.join(parts)}")
