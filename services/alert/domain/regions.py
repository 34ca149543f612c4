"""The regions of the world, by states: the sub-regions of UN M49, and what people call them."""

from __future__ import annotations

from typing import Final

# UN Statistics Division, Standard country or area codes (M49), independent states and the parties
# of the pairs that the news tells of beside them (TWN, PSE, XKX, HKG).
_M49: Final = {
    "northern-africa": "DZA EGY ESH LBY MAR SDN TUN",
    "eastern-africa": ("BDI COM DJI ERI ETH KEN MDG MOZ MUS MWI RWA SOM SSD SYC TZA UGA ZMB ZWE"),
    "middle-africa": "AGO CAF CMR COD COG GAB GNQ STP TCD",
    "southern-africa": "BWA LSO NAM SWZ ZAF",
    "western-africa": "BEN BFA CIV CPV GHA GIN GMB GNB LBR MLI MRT NER NGA SEN SLE TGO",
    "caribbean": "ATG BHS BRB CUB DMA DOM GRD HTI JAM KNA LCA TTO VCT",
    "central-america": "BLZ CRI GTM HND MEX NIC PAN SLV",
    "south-america": "ARG BOL BRA CHL COL ECU GUY PER PRY SUR URY VEN",
    "northern-america": "CAN USA",
    "central-asia": "KAZ KGZ TJK TKM UZB",
    "eastern-asia": "CHN HKG JPN KOR MAC MNG PRK TWN",
    "south-eastern-asia": "BRN IDN KHM LAO MMR MYS PHL SGP THA TLS VNM",
    "southern-asia": "AFG BGD BTN IND IRN LKA MDV NPL PAK",
    "western-asia": ("ARE ARM AZE BHR CYP GEO IRQ ISR JOR KWT LBN OMN PSE QAT SAU SYR TUR YEM"),
    "eastern-europe": "BGR BLR CZE HUN MDA POL ROU RUS SVK UKR",
    "northern-europe": "DNK EST FIN GBR IRL ISL LTU LVA NOR SWE",
    "southern-europe": "ALB AND BIH ESP GRC HRV ITA MKD MLT MNE PRT SMR SRB SVN VAT XKX",
    "western-europe": "AUT BEL CHE DEU FRA LIE LUX MCO NLD",
    "oceania": "AUS FJI FSM KIR MHL NRU NZL PLW PNG SLB TON TUV VUT WSM",
}
_WIDER: Final = {
    "africa": (
        "northern-africa",
        "eastern-africa",
        "middle-africa",
        "southern-africa",
        "western-africa",
    ),
    "americas": ("caribbean", "central-america", "south-america", "northern-america"),
    "asia": ("central-asia", "eastern-asia", "south-eastern-asia", "southern-asia", "western-asia"),
    "europe": ("eastern-europe", "northern-europe", "southern-europe", "western-europe"),
    "middle-east": ("western-asia",),
}
# A word for the news, not of M49: what is called the Middle East has these two as well.
_BESIDE: Final = {"middle-east": "EGY IRN"}


def _states(name: str) -> frozenset[str]:
    parts = [_M49[each] for each in _WIDER.get(name, (name,))]
    return frozenset(" ".join([*parts, _BESIDE.get(name, "")]).split())


REGIONS: Final = {name: _states(name) for name in sorted({*_M49, *_WIDER})}


def touches(dyad: str, region: str) -> bool:
    """Whether a state of the pair lies in the region; no pair does in one that is not listed."""
    return not REGIONS.get(region, frozenset()).isdisjoint(dyad.split("-"))
