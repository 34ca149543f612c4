from __future__ import annotations

import msgspec
import pytest

from services.alert.domain.families import identify, parse_families
from tests.unit.alert.builders import FAMILIES, report
from tocsin.errors import SettingsError


def source(agency=None, outlet=None, dyad="USA-VEN"):
    return identify(FAMILIES, report(agency=agency, outlet=outlet).article, dyad)


@pytest.mark.parametrize(
    ("agency", "outlet", "family", "weight"),
    [
        ("EFE", None, "EFE", 0.70),
        ("Agencia EFE", None, "EFE", 0.70),
        ("Europa Press", None, "Europa Press", 0.70),
        ("European Press", None, "Europa Press", 0.70),
        ("Europa Press/Contact/Pedro Mattei", None, "Europa Press", 0.70),
        (None, "EL PAIS", "El País", 0.70),
        (None, "www.efe.com", "EFE", 0.70),
        (None, "edition.cnn.com", "CNN", 0.60),
        (None, "Miami Herald", "Miami Herald", 0.45),
        ("Reuters", "A Blog Nobody Knows", "Reuters", 0.70),
        ("A Desk Nobody Knows", "BBC News", "BBC", 0.70),
    ],
)
def test_a_known_name_in_any_spelling_is_its_family(agency, outlet, family, weight):
    found = source(agency, outlet)

    assert (found.family, found.weight) == (family, weight)


def test_an_unknown_outlet_is_a_family_of_the_lowest_tier():
    one, same, other = (source(outlet=name) for name in ("The Blog", "the  blog!", "Other Blog"))

    assert one == same
    assert one.family != other.family
    assert (one.tier, one.weight) == ("unknown", 0.30)


def test_articles_without_any_name_are_one_family():
    assert source() == source(agency="", outlet=" ")
    assert source().family == "unknown"


@pytest.mark.parametrize(
    ("agency", "dyad", "weight"),
    [
        ("TASS", "RUS-UKR", 0.30),
        ("TASS", "USA-VEN", 0.60),
        ("teleSUR", "USA-VEN", 0.30),
        ("teleSUR", "RUS-UKR", 0.45),
    ],
)
def test_the_state_media_of_a_party_weigh_little_on_its_own_pairs(agency, dyad, weight):
    assert source(agency, dyad=dyad).weight == weight


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tiers", "families:"),
        ("family = []", "tiers"),
        ("family = []\n[tiers]\nrecord = 0.7", "unknown"),
        ("[tiers]\nunknown=0.3\n[[family]]\nname='A'\ntier='best'", "A: no tier 'best'"),
        ("[tiers]\nunknown=0.3\n[[family]]\nname='A'\ntire='x'", "tire"),
        (
            (
                "[tiers]\nunknown=0.3\n[[family]]\nname='A'\ntier='unknown'\n"
                "[[family]]\nname='B'\ntier='unknown'\nnames=['a']"
            ),
            "'a' is A and B",
        ),
    ],
)
def test_a_wrong_families_file_is_refused_with_the_entry(text, says):
    with pytest.raises(SettingsError, match=says):
        parse_families(text)


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ({"family": "Desk Wire", "tier": "known"}, ("desk wire", "known", 0.60)),
        ({"family": "Desk Wire"}, ("desk wire", "unknown", 0.30)),
        ({"family": "Desk Wire", "tier": "no such"}, ("desk wire", "unknown", 0.30)),
        ({"tier": "local", "outlet": "The Blog"}, ("the blog", "local", 0.45)),
        ({"family": "BBC", "tier": "local"}, ("BBC", "local", 0.45)),
        ({"family": "Desk Wire", "tier": "known", "agency": "AP"}, ("AP", "record", 0.70)),
        ({"family": "teleSUR", "tier": "record"}, ("teleSUR", "state media", 0.30)),
    ],
)
def test_who_set_up_a_source_says_whose_it_is_and_what_it_weighs(named, found):
    article = msgspec.structs.replace(report().article, **{"agency": None, "outlet": None, **named})

    told = identify(FAMILIES, article, "USA-VEN")

    assert (told.family, told.tier, told.weight) == found
