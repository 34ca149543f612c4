"""The settings of ingest: TOCSIN_INGEST_*, and the shared ones."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tocsin import settings

RunId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Read once, in `__main__`."""

    kafka: settings.Kafka = settings.Kafka()
    redis: settings.Redis = settings.Redis()
    http: settings.Http = settings.Http()
    log: settings.Log = settings.Log()

    replay: tuple[str, ...] = ()  # files and folders to replay once after the start
    run_id: RunId = "feed"  # the replay's name; the same name again skips what was published
    speed: Annotated[float, msgspec.Meta(ge=0)] = 0.0  # feed seconds a second; 0: no waiting
    max_gap_s: Annotated[float, msgspec.Meta(ge=0)] = 5.0  # longest wait between two articles
    loop: bool = False  # replay again and again, each time as a run of its own
    inbox: str | None = None  # a folder whose new files are published as live articles
    inbox_poll_s: Annotated[float, msgspec.Meta(gt=0)] = 2.0  # s between two looks into it
    seen_days: Annotated[int, msgspec.Meta(ge=1)] = 30  # how long an article is remembered
    # days between two publications within which they can be copies of one story
    story_days: Annotated[int, msgspec.Meta(ge=1)] = 3
    # texts compared with, of the newest; up to twice as many stay in Redis, about 2 kB each
    story_texts: Annotated[int, msgspec.Meta(ge=1)] = 30_000
    # articles published at once when nothing is waited for
    batch: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200

    sources: str | None = None  # the file that names feeds, pushing sources and folders
    polls: Annotated[int, msgspec.Meta(ge=1, le=256)] = 8  # feeds polled at once
    fetch_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0  # s for all of a fetch, its last byte too
    pages: Annotated[int, msgspec.Meta(ge=0)] = 20  # pages behind thin entries that a poll fetches
    host_gap_s: Annotated[float, msgspec.Meta(ge=0)] = 1.0  # s between two requests to a host
    # s after which a killed worker's feeds are polled by another
    lease_s: Annotated[float, msgspec.Meta(ge=1)] = 60.0
    parsers: Annotated[int, msgspec.Meta(ge=1)] = 2  # processes that feeds and pages are parsed in
    push_host: str = "127.0.0.1"  # the address where articles can be pushed
    push_port: settings.Port | None = None  # none: no push; 0 takes any free one
    # bytes of a pushed body, inflated
    push_max_bytes: Annotated[int, msgspec.Meta(ge=1000, le=64_000_000)] = 8_000_000
    push_max_lines: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 2_000  # articles of a request
    push_body_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0  # s for a whole body to come
    # articles that may wait to be published before others are turned away
    push_waiting: Annotated[int, msgspec.Meta(ge=1)] = 5_000
    # bytes of all bodies held at once before others are turned away
    push_held_bytes: Annotated[int, msgspec.Meta(ge=1000)] = 64_000_000
