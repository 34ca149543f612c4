"""The five seeds as ingest hands them on, by its own cleaner."""

from __future__ import annotations

import tomllib
from functools import cache

from services.ingest.domain.agencies import Agencies
from services.ingest.domain.clean import Cleaned, clean
from tests.support.paths import ROOT


@cache
def seed(name: str) -> Cleaned:
    """The seed with its title, agency, dateline and text."""
    known = tomllib.loads((ROOT / "services/ingest/data/agencies.toml").read_text("utf-8"))
    return clean((ROOT / "seeds" / name).read_text("utf-8"), Agencies(known))


def cleaned(name: str) -> str:
    """Its text alone."""
    return seed(name).text
