from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alert.domain.claims import claims_of, strongest
from services.alert.domain.confidence import confidence, misfits, terms
from tests.unit.alert.builders import FAMILIES, NOON, event, hours, report

NAMES = ("EFE", "Reuters", "CNN", "Miami Herald", "Blog A", "Blog B", None)


def claim(agency="EFE", *, article=None, text=None, at=NOON, **of):
    given_report = report(
        event("MOBILIZE", **of), article=article or f"{agency}", agency=agency, text=text, at=at
    )
    return claims_of(given_report, at, FAMILIES)[0]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([], 0.0),
        ([claim("EFE")], 0.70),
        ([claim(None)], 0.30),
        ([claim("EFE"), claim(None)], 0.79),
        ([claim("EFE", article="1"), claim("EFE", article="2")], 0.70),
        ([claim(None, article="1"), claim(None, article="2")], 0.30),
        ([claim("EFE", anonymous=True)], 0.49),
        ([claim("EFE", certainty=0.5)], 0.35),
        ([claim("EFE", status="planned")], 0.35),
        ([claim("EFE", certainty=7.0)], 0.70),
    ],
)
def test_independent_families_add_up_and_the_same_family_does_not(claims, expected):
    assert confidence(claims) == expected


def test_a_wire_story_in_five_papers_counts_as_the_wire():
    copies = [claim(name, text="same") for name in ("EFE", "Blog A", "Blog B", "CNN", None)]

    assert confidence(copies) == 0.70
    assert [term.family for term in terms(copies)] == ["EFE"]


def test_every_term_says_what_it_is_made_of():
    (term,) = terms([claim("EFE", anonymous=True, certainty=0.8)])

    assert (term.tier, term.tier_weight, term.anonymous, term.certainty) == (
        "record",
        0.7,
        True,
        0.8,
    )
    assert term.weight == 0.392
    assert term.citation.evidence.text


def test_terms_that_do_not_give_their_confidence_are_found_out():
    listed = terms([claim("EFE"), claim(None)])
    doctored = msgspec.structs.replace(listed[0], weight=0.9)

    assert misfits(listed, 0.79) == []
    assert misfits(listed, 0.8)
    assert misfits((doctored, listed[1]), 0.79)
    assert misfits((listed[0], listed[0]), 0.91)


claims_strategy = st.lists(
    st.builds(
        lambda agency, number, certainty: claim(agency, article=str(number), certainty=certainty),
        st.sampled_from(NAMES),
        st.integers(0, 10_000),
        st.sampled_from((1.0, 0.7, 0.3)),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda each: each.article,
)


@given(claims_strategy, st.data())
@settings(max_examples=500, deadline=None)
def test_copies_by_no_stronger_carrier_never_raise_confidence(claims, data):
    copied = data.draw(st.sampled_from(claims))
    carriers = [name for name in NAMES if claim(name).tier_weight <= copied.tier_weight]
    copy = claim(
        data.draw(st.sampled_from(carriers)),
        article="copy",
        text=copied.fingerprint,
        at=NOON + hours(1),
        certainty=copied.certainty,
    )

    assert confidence([*claims, copy]) <= confidence(claims)


@given(claims_strategy, claims_strategy)
@settings(max_examples=500, deadline=None)
def test_one_more_independent_claim_never_lowers_confidence(claims, more):
    assert confidence([*claims, more[0]]) >= confidence(claims)


def test_an_article_is_one_telling_however_often_it_repeats_itself():
    told = report(
        event("MOBILIZE", certainty=0.4, counts=[(3, "destroyers")], id="weak"),
        event("MOBILIZE", certainty=0.9, counts=[(4000, "persons")], id="strong"),
        event("MOBILIZE", by="VEN", on="USA", id="answer"),
        event("THREATEN", id="threat"),
    )

    found = strongest(claims_of(told, NOON, FAMILIES))

    assert [each.event for each in found] == ["strong", "answer", "threat"]
    assert {"MOBILIZE 3 ships", "MOBILIZE 4000 persons"} <= set(found[0].facts)
