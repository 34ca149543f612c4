"""What a source's settings say of its articles, where they do not say it themselves."""

from __future__ import annotations

import msgspec

from services.ingest.domain.items import Item, Refused
from services.ingest.sources.config import Common


def filled(item: Item | Refused, source: Common) -> Item | Refused:
    """The item with its source's family, tier and country; outlet and language if it has none."""
    if isinstance(item, Refused):
        return item
    return msgspec.structs.replace(
        item,
        family=source.family,
        tier=source.tier,
        country=source.country,
        outlet=item.outlet or source.outlet or source.family,
        language=item.language or source.language,
    )
