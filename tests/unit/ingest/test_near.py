from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.near import BAND_BYTES, BANDS, likeness, sketch
from tests.unit.ingest.copies import OTHER, PARAGRAPHS, TEMPLATE, TEXT, TITLE

WHOLE = f"{TITLE}\n{TEXT}"
NEW_LEAD = (
    "An era has come to its end in the north this week, and nobody there wants to speak of anything "
    "else than the ship.\n"
)
COPIES = {
    "itself": WHOLE,
    "another headline and lead": "So long, old ship\n" + NEW_LEAD + "\n".join(PARAGRAPHS[1:]),
    "cut to sixty percent": f"{TITLE}\n" + " ".join(TEXT.split()[: len(TEXT.split()) * 6 // 10]),
    "a publisher's own words": f"Subscribe from 9.99 a month.\n{WHOLE}\nAll rights reserved.",
    "other quotes": WHOLE.replace('"', "”").replace("'", "’").replace(" - ", " – "),
    "accents and capitals": WHOLE.replace("o", "ó").replace("e", "É"),
    "paragraphs moved": f"{TITLE}\n" + "\n".join(reversed(PARAGRAPHS)),
    "its first half": "\n".join(PARAGRAPHS[:2]),
}


def alike(one: str, other: str) -> float:
    return likeness(sketch(one)[0], sketch(other)[0]).score


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_is_alike_whatever_an_outlet_did_to_it(copy):
    assert alike(WHOLE, copy) > 0
    assert alike(copy, WHOLE) == alike(WHOLE, copy)


def test_two_stories_are_not_alike():
    assert alike(WHOLE, OTHER) == 0


def test_a_template_with_other_figures_is_another_story():
    monday = TEMPLATE.format(offered="1.5", rate="6-1/8", day="Monday")
    tuesday = TEMPLATE.format(offered="two", rate="6-1/8", day="Tuesday")

    found = likeness(sketch(monday)[0], sketch(tuesday)[0])

    assert found == (0.0, True)
    assert alike(monday, f"{monday} It was the third tender of the year.") > 0


def test_a_corrected_figure_in_a_long_story_is_still_that_story():
    assert alike(WHOLE * 1, WHOLE.replace("212", "221")) > 0


@pytest.mark.parametrize("text", ["", "...", "Two governments met on Monday.", "Ja. " * 300])
def test_a_text_of_few_words_is_like_no_other(text):
    made, bands = sketch(text)

    assert bands == b""
    assert likeness(made, made).score == 0


def test_a_script_without_spaces_has_shingles():
    words = "船只在星期五晚上离开了北方两个岛屿之间的港口乘客们前来告别这艘旧船公司表示损失严重"

    assert alike(words, f"{words}市议会下周开会") > 0


def test_long_texts_are_compared_by_what_is_kept_of_them():
    long = " ".join(f"word{n} and word{n * 7 % 5000}" for n in range(3000))

    assert alike(long, long + " An end of another kind.") > 0.9
    assert alike(long, " ".join(f"term{n} or term{n * 7 % 5000}" for n in range(3000))) == 0


def test_shared_bands_grow_with_likeness():
    def shared(one: str, other: str) -> int:
        a, b = (sketch(each)[1] for each in (one, other))
        places = range(0, BANDS * BAND_BYTES, BAND_BYTES)
        return sum(a[k : k + BAND_BYTES] == b[k : k + BAND_BYTES] for k in places)

    assert shared(WHOLE, WHOLE) == BANDS
    assert shared(WHOLE, COPIES["another headline and lead"]) > shared(WHOLE, OTHER)


@given(st.text(max_size=3000))
def test_any_text_has_one_sketch_and_is_like_itself_or_too_short(text):
    first, second = sketch(text), sketch(text)

    assert first == second
    assert likeness(first[0], first[0]).score == (1.0 if first[1] else 0.0)


@given(st.text(max_size=600), st.text(max_size=600))
def test_likeness_has_no_direction(one, other):
    a, b = sketch(one)[0], sketch(other)[0]

    assert likeness(a, b) == likeness(b, a)


@pytest.mark.parametrize(
    "text", ["1" * 50_000, "1," * 25_000, "a1 " * 17_000, "é" * 50_000, "3-" * 25_000 + "x"]
)
def test_hostile_text_takes_no_time(text):
    sketch(text)
    began = time.process_time()
    sketch(text)

    assert time.process_time() - began < 0.5
