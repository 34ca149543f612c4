"""What a source is told to be: the words of sources.toml."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

import msgspec

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Variable = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9_]{0,62}$")]
Iso3 = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Span = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,6}(s|m|h|d)$")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
WebAddress = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+\S*$", max_length=2000)]
Tier = Literal["record", "known", "local", "unknown"]

_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What sources of every kind may be told."""

    name: Name
    family: Text | None = None  # whose word it is: families are what alert counts
    tier: Tier | None = None  # what that word weighs
    outlet: Text | None = None  # who publishes, if an article does not say
    country: Iso3 | None = None  # where it publishes
    language: Language | None = None  # of articles that name none
    enabled: bool = True


class FeedSource(Common, frozen=True, kw_only=True, tag_field="kind", tag="feed"):
    """An RSS, Atom or JSON feed that is polled, and the pages behind it where it is thin."""

    url: WebAddress
    interval: Span = "5m"  # between polls while there is news
    longest_interval: Span = "1h"  # between polls when there is none for long
    stale_after: Span = "3d"  # without a new article the feed counts as stale
    page: Literal["auto", "always", "never"] = "auto"  # auto: where an entry holds a summary only
    authorization_env: Variable | None = None  # variable with the Authorization header's value
    allow: tuple[str, ...] = ()  # CIDRs to connect to although they are not public


class PushSource(Common, frozen=True, kw_only=True, tag_field="kind", tag="push"):
    """Somebody who sends articles over HTTP, known by a token."""

    token_env: Variable
    per_s: Annotated[float, msgspec.Meta(gt=0)] = 50.0  # requests, on average
    burst: Annotated[int, msgspec.Meta(ge=1)] = 100  # requests, at once


class FolderSource(Common, frozen=True, kw_only=True, tag_field="kind", tag="folder"):
    """A folder where files appear; each is taken once it has stopped growing."""

    path: Text
    interval: Span = "2s"  # between two looks


Config = FeedSource | PushSource | FolderSource


def seconds(span: str) -> float:
    """A span of the file (`30s`, `5m`, `1h`, `3d`) in seconds."""
    number, unit = re.fullmatch(r"(\d+)([smhd])", span).groups()  # type: ignore[union-attr]
    return float(number) * _UNIT_S[unit]
