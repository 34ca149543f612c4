"""Who tells: the independent source families behind outlets and agencies, and their tiers."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from typing import Any, Final

import msgspec

from tocsin.errors import SettingsError
from tocsin.messages import ArticleRef

UNKNOWN: Final = "unknown"
STATE_MEDIA: Final = "state media"
_PARTY_CEILING: Final = 0.30  # (ours) a party's own media say what the party says


class Family(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One family of sources as the data file writes it. `state`: whose state media it is."""

    name: str
    tier: str
    names: tuple[str, ...] = ()
    state: str | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The family that stands behind one article about one pair, and what its word weighs."""

    family: str
    tier: str
    weight: float


class Families(msgspec.Struct, frozen=True, kw_only=True):
    """The families by every name they go by, and the weight of each tier."""

    tiers: dict[str, float]
    by_name: dict[str, Family]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tiers: dict[str, float]
    family: tuple[Family, ...]


def parse_families(text: str) -> Families:
    """The families of a TOML file.

    Raises:
        SettingsError: naming the entry that is wrong.
    """
    try:
        read = msgspec.convert(_toml(text), _File)
    except msgspec.ValidationError as error:
        raise SettingsError(f"families: {error}") from error
    if UNKNOWN not in read.tiers:
        raise SettingsError(f"families: [tiers] needs {UNKNOWN!r}")
    by_name: dict[str, Family] = {}
    for family in read.family:
        if family.tier not in read.tiers:
            raise SettingsError(f"families: {family.name}: no tier {family.tier!r}")
        for name in (family.name, *family.names):
            taken = by_name.setdefault(_plain(name), family)
            if taken is not family:
                raise SettingsError(f"families: {name!r} is {taken.name} and {family.name}")
    return Families(tiers=read.tiers, by_name=by_name)


def identify(families: Families, article: ArticleRef, dyad: str) -> Source:
    """The family that vouches for the article: its agency if known, else what its source says.

    Who set the source up may name its family and tier; else its outlet tells. A name we do not
    know is a family of the lowest tier; no name at all is the one family `unknown`, so that
    nameless copies never corroborate each other.
    """
    agency = _known(families, article.agency)
    if agency:
        return _weighed(families, agency, dyad)
    known = _known(families, article.family or article.outlet)
    tier = article.tier if article.tier in families.tiers else None
    if known:
        named = msgspec.structs.replace(known, tier=tier) if tier else known
        return _weighed(families, named, dyad)
    names = (article.family, article.agency, article.outlet)
    name = next((plain for plain in map(_plain, filter(None, names)) if plain), UNKNOWN)
    tier = tier or UNKNOWN
    return Source(family=name, tier=tier, weight=families.tiers[tier])


def _known(families: Families, name: str | None) -> Family | None:
    spellings = _spellings(name or "")
    return next((families.by_name[each] for each in spellings if each in families.by_name), None)


def _weighed(families: Families, family: Family, dyad: str) -> Source:
    weight = families.tiers[family.tier]
    if family.state and family.state in dyad.split("-"):
        return Source(family=family.name, tier=STATE_MEDIA, weight=min(weight, _PARTY_CEILING))
    return Source(family=family.name, tier=family.tier, weight=weight)


@functools.lru_cache(maxsize=4096)
def _spellings(name: str) -> list[str]:
    """The name, the parts of a shared credit (`EFE/AP`), and a host without its subdomains."""
    found = [_plain(name), *(_plain(part) for part in re.split(r"[/|,;]", name))]
    labels = name.split(".")
    if len(labels) > 2 and " " not in name:
        found += [_plain(".".join(labels[cut:])) for cut in range(1, len(labels) - 1)]
    return [spelling for spelling in found if spelling]


@functools.lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name[:200])
    bare = "".join(each for each in bare if not unicodedata.combining(each)).casefold()
    return " ".join(re.findall(r"[^\W_]+", bare))


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"families: {error}") from error
