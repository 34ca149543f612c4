"""The hand-written names: lines that read, dates that can be, people who resolve in their time."""

from __future__ import annotations

import re

import pytest

from services.enrich.data import read
from services.enrich.domain.actors.gazetteer import LEADER, Gazetteer

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?$")


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer(read.names())


def test_every_term_of_office_has_dates_that_can_be():
    wrong = [
        name
        for name in read.names()
        if name.kind == LEADER
        and not all(_DATE.match(day) for day in (name.since, name.until) if day)
    ]
    backwards = [name for name in read.names() if name.until and name.since[:4] > name.until[:4]]

    assert wrong == []
    assert backwards == []


@pytest.mark.parametrize(
    ("text", "day", "code"),
    [
        ("Saakashvili", "2008-08-09", "GEO.GOV"),
        ("Kostunica", "2007-12-01", "SRB.GOV"),
        ("Maduro", "2025-08-12", "VEN.GOV"),
        ("Rasmussen", "2011-04-01", "IGO.NATO"),
        ("Stoltenberg", "2010-01-01", "NOR.GOV"),
        ("Stoltenberg", "2020-01-01", "IGO.NATO"),
        ("Tusk", "2012-01-01", "POL.GOV"),
        ("Tusk", "2017-01-01", "IGO.EUR"),
        ("Rutte", "2016-01-01", "NLD.GOV"),
        ("Nasrallah", "2006-07-20", "REB.HEZ"),
        ("Hemedti", "2023-05-01", "REB.RSF"),
        ("Đukanović", "2009-01-01", "MNE.GOV"),
        ("Abkhazia", "2008-08-09", "GEO"),
        ("Nagorno-Karabakh", "2020-10-01", "AZE"),
        ("Scarborough Shoal", "2024-08-01", "PHL"),
    ],
)
def test_a_name_means_who_bore_it_that_day(gazetteer, text, day, code):
    (hit,) = gazetteer.find(text)

    assert hit.on(day).code == code
