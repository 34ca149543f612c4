from __future__ import annotations

from itertools import pairwise

import pytest

from services.enrich.domain.language import text as reading
from tests.unit.enrich.stories import text_article

SENTENCE = "Iran attacked Israel on Monday with missiles, officials said. "

HOSTILE = {
    "ten megabytes": SENTENCE * 160_000,
    "one token of a million characters": "Iran attacked Israel. " + "a" * 1_000_000,
    "emoji": "Iran attacked Israel " + "😀" * 100_000,
    "punctuation": "Iran attacked Israel " + "!?;" * 30_000,
    "brackets": "attacked (" * 20_000,
    "NUL": "Iran\x00 attacked Israel.\x00" * 1_000,
    "lone surrogates": "Iran attacked \ud800 Israel \udfff." * 1_000,
    "right-to-left marks": "Iran \u202eattacked\u202c Israel.\u200f" * 1_000,
    "no sentence end": "Iran attacked Israel and " * 3_000,
    "one long list": "Iran attacked " + "Israel, " * 5_000,
    "quotes never closed": '"Iran attacked Israel. ' * 3_000,
    "combining marks": "Iran attacked I\u0307srael\u0307\u0307. " * 2_000,
    "blank": " \n\t " * 10_000,
    "nothing": "",
    "dates": "attacked in 2018 on Monday 3 May 2019 " * 2_000,
}


# A text that is not linear takes minutes; tests/bench/hostile.py holds each to its two seconds.
@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_coded_and_its_evidence_stands_in_it(coder, text):
    (one,) = coder.enrich([text_article(text)])

    for event in one.events:
        for evidence in event.evidence:
            assert text[evidence.start : evidence.end] == evidence.text


def test_a_text_over_the_cap_is_cut_and_flagged(coder):
    (one,) = coder.enrich([text_article(SENTENCE * 2_000)])

    assert one.flags == ("truncated",)


@pytest.mark.parametrize(
    "text", ["U.S. officials met. Iran left.", 'He said "no. never." Then left.', "a\nb", "é. É"]
)
def test_sentences_lie_in_order_and_leave_out_only_space(text):
    spans = reading.sentences(text)

    assert all(one.end <= two.start for one, two in pairwise(spans))
    assert "".join(text[span.start : span.end] for span in spans).split() == text.replace(
        "\n", ""
    ).split() or (
        "".join(text.split()) == "".join("".join(text[s.start : s.end] for s in spans).split())
    )


def test_an_abbreviation_ends_no_sentence():
    text = "The U.S. Navy sent ships. Gen. Smith said so on Aug. 3. It left."

    assert [text[span.start : span.end] for span in reading.sentences(text)] == [
        "The U.S. Navy sent ships.",
        "Gen. Smith said so on Aug. 3.",
        "It left.",
    ]
