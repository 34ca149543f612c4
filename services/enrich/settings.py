"""The settings of enrich: TOCSIN_ENRICH_*, and the shared ones."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from tocsin import settings


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Read once, in `__main__`."""

    kafka: settings.Kafka = settings.Kafka()
    redis: settings.Redis = settings.Redis()
    http: settings.Http = settings.Http()
    log: settings.Log = settings.Log()

    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1  # coder processes
    ner: Literal["relevant", "all"] = "relevant"  # which articles get named entities
    batch: Annotated[int, msgspec.Meta(ge=1, le=256)] = 32  # articles a step; 16 to 64 is fastest
    deadline_s: Annotated[float, msgspec.Meta(gt=0)] = 20.0  # for one article
