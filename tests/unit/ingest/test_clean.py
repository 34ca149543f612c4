from __future__ import annotations

import json
import os
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.agencies import Agencies
from services.ingest.domain.bylines import unsigned
from services.ingest.domain.clean import MAX_CHARACTERS, clean
from services.ingest.domain.items import Item, article
from tests.support.paths import ROOT

SEEDS = ROOT / "seeds"
AGENCIES = Agencies(tomllib.loads((ROOT / "services/ingest/data/agencies.toml").read_text("utf-8")))
LEAD = "The two governments met on Monday in Geneva."
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEXT = "They agreed to meet again next week."

SEED_FACTS = [
    # file, title, agency, dateline: as the gold of the evaluation has them
    ("000_f630c11d322ff813.txt", None, "EFE", None),
    (
        "001_69767b5be754d303.txt",
        "Maduro offers police cooperation agreements to neighboring countries to combat organized crime",
        "Europa Press",
        "Madrid",
    ),
    (
        "002_355f6ca3af5a0e49.txt",
        "Over 300 young Maduro supporters begin ‘basic resistance training’ amid US threats",
        "EFE",
        "Caracas",
    ),
    (
        "003_414be66f75a648cc.txt",
        "U.S. Military Explores Drone Strikes on Venezuelan Drug Gangs; Maduro Considers Emergency Measures",
        None,
        None,
    ),
    ("004_5335c0b3685f138e.txt", None, None, None),
]


@pytest.mark.parametrize(("name", "title", "agency", "dateline"), SEED_FACTS)
def test_a_seed_gives_its_title_agency_and_dateline(name, title, agency, dateline):
    cleaned = clean((SEEDS / name).read_text("utf-8"), AGENCIES)

    assert (cleaned.title, cleaned.agency, cleaned.dateline) == (title, agency, dateline)


@pytest.mark.parametrize("name", [facts[0] for facts in SEED_FACTS])
def test_every_cleaned_paragraph_stands_word_for_word_in_the_seed(name):
    raw = (SEEDS / name).read_text("utf-8")

    for paragraph in clean(raw, AGENCIES).text.split("\n"):
        assert paragraph in raw


@pytest.mark.parametrize(
    ("name", "noise"),
    [
        ("001_69767b5be754d303.txt", "Pedro Mattei"),
        ("001_69767b5be754d303.txt", "December 6"),
        ("002_355f6ca3af5a0e49.txt", "Apr. 13, 2019"),
        ("002_355f6ca3af5a0e49.txt", "csm/seo/mcd"),
        ("002_355f6ca3af5a0e49.txt", "Maduro mobilizes militia after US moves"),
        ("003_414be66f75a648cc.txt", "|"),
        ("003_414be66f75a648cc.txt", "Will Trigger Disaster"),
    ],
)
def test_the_wrapping_of_a_seed_is_not_in_its_text(name, noise):
    cleaned = clean((SEEDS / name).read_text("utf-8"), AGENCIES)

    assert noise not in cleaned.text


@pytest.mark.parametrize(
    ("line", "dateline", "agency"),
    [
        ("WASHINGTON (Reuters) - ", "WASHINGTON", "Reuters"),
        ("KYIV, Ukraine (AP) — ", "KYIV, Ukraine", "AP"),
        ("BEIJING, Aug. 12 (Xinhua) -- ", "BEIJING", "Xinhua"),
        ("Caracas (EFE).- ", "Caracas", "EFE"),
        ("Madrid, December 6 (European Press) – ", "Madrid", "Europa Press"),
        ("NEW YORK, 3 March 2024 (AFP) - ", "NEW YORK", "AFP"),
    ],
)
def test_a_dateline_is_read_and_taken_off_the_lead(line, dateline, agency):
    cleaned = clean(f"{line}{LEAD}\n{NEXT}", AGENCIES)

    assert (cleaned.dateline, cleaned.agency) == (dateline, agency)
    assert cleaned.text == f"{LEAD}\n{NEXT}"


@pytest.mark.parametrize(
    "noise",
    [
        "(FILE) - Soldiers on parade in the capital, May 9, 2019. EFE/ Ana Ruiz",
        "FILE PHOTO: A soldier stands guard. REUTERS/Ann Lee",
        "– Europa Press/Contact/Ana Ruiz",
        "Photo: Ana Ruiz",
        "Read also: What we know so far",
        "Lea también: Lo que se sabe hasta ahora",
        "Our Standards: The Thomson Reuters Trust Principles.",
        "Copyright 2026 The Example Times. All rights reserved.",
        "abc/def/gh",
        "***",
        "|",
        "A crosshead of few words",
    ],
)
def test_what_is_no_sentence_of_the_article_is_removed_and_kept_on_record(noise):
    cleaned = clean(f"{LEAD}\n\n{noise}\n\n{NEXT}", AGENCIES)

    assert cleaned.text == f"{LEAD}\n{NEXT}"
    assert [each.text for each in cleaned.removed] == [noise]


@pytest.mark.parametrize(
    "credit", ["The ministers met, reports EFE.", "The ministers met, Reuters reported."]
)
def test_only_a_credit_at_the_end_of_the_lead_names_the_agency(credit):
    named = clean(f"{credit}\n{NEXT}", AGENCIES).agency

    assert named == ("EFE" if credit.endswith("EFE.") else None)


BYLINES = [
    # line, whom it names, agency
    ("By Jane Doe", "Jane Doe", None),
    ("BY JANE DOE", "JANE DOE", None),
    ("By Jane Doe and John Roe", "Jane Doe, John Roe", None),
    ("By Jane Doe, John Roe and Ahmed al Hassan", "Jane Doe, John Roe, Ahmed al Hassan", None),
    ("By JANE DOE | Reuters", "JANE DOE", "Reuters"),
    ("By Jane Doe, Associated Press", "Jane Doe", "AP"),
    ("By JANE DOE Associated Press", "JANE DOE", "AP"),
    ("By Jane Doe (AFP)", "Jane Doe", "AFP"),
    ("By Jane Doe - The Example Times", "Jane Doe", None),
    ("By Jane Doe in Geneva", "Jane Doe", None),
    ("By Jane Doe, Diplomatic Correspondent", "Jane Doe", None),
    ("By John Roe Jr.", "John Roe Jr.", None),
    ("By J.P. O’Neill-Smith", "J.P. O’Neill-Smith", None),
    ("Por María José de la Fuente", "María José de la Fuente", None),
    ("By Reuters", None, "Reuters"),
    ("By Staff Writer", None, None),
]


@pytest.mark.parametrize(("line", "byline", "agency"), BYLINES)
@pytest.mark.parametrize("title", [None, "Ministers Meet in Geneva"])
def test_a_byline_is_a_field_and_no_line_of_the_text(line, byline, agency, title):
    head = "Ministers Meet in Geneva\n" if title is None else ""
    cleaned = clean(f"{head}{line}\n{LEAD}\n{NEXT}", AGENCIES, title=title)

    assert (cleaned.byline, cleaned.agency, cleaned.title) == (
        byline,
        agency,
        "Ministers Meet in Geneva",
    )
    assert cleaned.text == f"{LEAD}\n{NEXT}"


@pytest.mark.parametrize(
    "line",
    [
        "By Monday evening the talks had ended without a word.",
        "By Jane Doe he meant his wife.",
        "By land and sea the refugees came, he said.",
        "Por la tarde se reunieron los ministros.",
        "By 2024 the force had grown to three brigades.",
    ],
)
def test_a_sentence_that_begins_like_a_byline_stays(line):
    cleaned = clean(f"{line}\n{NEXT}", AGENCIES, title="A title")

    assert (cleaned.byline, cleaned.text) == (None, f"{line}\n{NEXT}")


@pytest.mark.parametrize("line", ["By Then", "By Land", "By Friday Night", "By the River"])
def test_a_heading_that_begins_like_a_byline_names_nobody(line):
    assert clean(f"{line}\n{LEAD}\n{NEXT}", AGENCIES, title="A title").byline is None


CREDITS = [
    ("(Reporting by Jane Doe in Geneva; Editing by John Roe)", "Jane Doe"),
    ("Reporting by Jane Doe and Ann Lee; Editing by John Roe", "Jane Doe, Ann Lee"),
    ("(Reporting by Jane Doe in Geneva and Ann Lee in Bern; additional reporting by X Y)", "Jane Doe, Ann Lee"),
    ("(Additional reporting by Ann Lee; writing by John Roe; editing by Max Moe.)", None),
    ("(Reporte de Ana Ruiz; Editado en español por Juan Gil)", "Ana Ruiz"),
]  # fmt: skip


@pytest.mark.parametrize(("credit", "byline"), CREDITS)
def test_a_closing_credit_is_a_field_and_no_line_of_the_text(credit, byline):
    for joined in ("\n", " ") if credit.startswith("(") else ("\n",):
        cleaned = clean(f"{LEAD}\n{NEXT}{joined}{credit}", AGENCIES, title="A title")

        assert (cleaned.byline, cleaned.text) == (byline, f"{LEAD}\n{NEXT}")
        assert credit in [each.text for each in cleaned.removed]


def test_the_byline_at_the_head_is_before_the_credit_at_the_end():
    text = f"By Jane Doe\n{LEAD}\n{NEXT}\n(Reporting by Ann Lee; Editing by John Roe)"

    assert clean(text, AGENCIES, title="A title").byline == "Jane Doe"


def test_reporting_that_is_told_is_no_credit():
    last = "The reporting by Jane Doe was praised by both ministers."

    assert clean(f"{LEAD}\n{last}", AGENCIES, title="A title").text == f"{LEAD}\n{last}"


def test_an_agency_that_is_cited_is_not_the_agency_of_the_text():
    text = f"{LEAD}\nThe minister told Reuters on Monday that talks would go on."

    assert clean(text, AGENCIES).agency is None


def test_text_that_is_one_line_stays_the_text():
    assert clean("Ministers meet in Geneva", AGENCIES).text == "Ministers meet in Geneva"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("\ufeffA line.\r\nAnother.", "A line.\nAnother."),
        ("A \u202eline\u202c.\x00\x07", "A line."),
        ("Cafe\u0301 talks.", "Café talks."),
        ("A lone \ud800 surrogate.", "A lone ? surrogate."),
    ],
)
def test_unicode_is_normalised_once_here(raw, text):
    assert clean(raw, AGENCIES).text == text


def test_a_text_beyond_any_article_is_cut_and_flagged():
    cleaned = clean("word " * MAX_CHARACTERS, AGENCIES)

    assert len(cleaned.text) <= MAX_CHARACTERS
    assert cleaned.flags == ("truncated",)


@given(st.lists(st.sampled_from([
    LEAD, NEXT, "A heading", "Caracas (EFE).- He spoke.", "EFE", "ab/cd", "|", "“Quoted.” EFE",
    "– A/B", "Twice", "Twice", "(FILE) - x", "MADRID (AP) -", "By Jane Doe", "By Reuters",
    "(Reporting by Ann Lee; Editing by John Roe)",
]), max_size=9))  # fmt: skip
def test_cleaning_twice_changes_nothing_that_cleaning_once_did_not(lines):
    once = clean("\n".join(lines), AGENCIES, title="A title")

    # A second pass may still take wrapping off that stood behind other wrapping; sentences stay.
    twice = clean(once.text, AGENCIES, title="A title")
    assert [each for each in twice.text.split("\n") if each in (LEAD, NEXT)] == [
        each for each in once.text.split("\n") if each in (LEAD, NEXT)
    ]


def test_gold_and_table_above_agree(tmp_path):
    folder = os.environ.get("TOCSIN_EVAL_DIR", ROOT.parent / "shared/eval")
    gold_file = Path(folder, "seed_gold.json")
    if not gold_file.exists():
        pytest.skip("seed_gold.json is not here (TOCSIN_EVAL_DIR)")
    articles = json.loads(gold_file.read_text("utf-8"))["articles"]

    for name, title, agency, dateline in SEED_FACTS:
        gold = articles[name]
        assert title in (gold["title"]["text"], *gold["title"].get("alternatives", ()))
        assert agency == gold["agency"]["name"]
        assert dateline == gold["dateline"]["place"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Мешканців просять залишатися в укриттях. 🙏",
        "Residents are asked to stay indoors! ⚠️",
        "They said “no.”",
        "¿Volverán? ✅",
    ],
)
def test_a_short_sentence_is_no_crosshead_whatever_sign_it_ends_in(sentence):
    assert clean(f"{LEAD}\n{sentence}\n{NEXT}", AGENCIES, title="T").text.split("\n")[1] == sentence


def test_an_article_is_by_whom_its_source_says_or_else_by_whom_its_text_says():
    item = Item(guid="1", source="one", origin="here", text=f"By Jane Doe\n{LEAD}", title="T")
    by_text = article(item, AGENCIES, run=None, now=NOON)
    by_source = article(
        msgspec.structs.replace(item, byline="Ann Lee"), AGENCIES, run=None, now=NOON
    )

    assert (by_text.byline, by_text.text) == ("Jane Doe", LEAD)
    assert by_source.byline == "Ann Lee"


BYLINE_BAIT = [
    "By " + "Aa " * 20_000,
    "By " + "Aa, " * 15_000,
    "By " + "Aa-" * 20_000,
    "Aa. (Reporting by " + "Aa and " * 8_000,
    "(Reporting by " + "Aa in " * 8_000 + ")",
    "(" * 50_000,
    "Copyright " + "2026 " * 10_000,
]


@pytest.mark.parametrize("text", BYLINE_BAIT)
def test_bait_for_the_patterns_of_bylines_takes_little_time(text):
    begun = time.process_time()

    unsigned([text, LEAD, text[:690], text[:690], text], AGENCIES)
    clean(f"{text}\n{LEAD}", AGENCIES)

    assert time.process_time() - begun < 0.2
