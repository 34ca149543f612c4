"""A URL as it may be read in a log, a metric or the health of a source."""

from __future__ import annotations

from typing import Final

import httpx2

_MOST: Final = 200  # characters


def shown(url: str) -> str:
    """Scheme, host and path alone: what else a URL holds may be a secret."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        return "an address that cannot be read"
    bare = str(parsed.copy_with(userinfo=b"", query=None, fragment=None))
    return bare if len(bare) <= _MOST else bare[: _MOST - 1] + "…"
