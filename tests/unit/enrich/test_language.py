from __future__ import annotations

import pytest

from services.enrich.domain.language import headlines, morphology
from services.enrich.domain.language import text as reading
from services.enrich.domain.language.tongue import tongue

IRREGULAR = {"sink": ["sank", "sunk"], "ban": ["banned", "banning"]}


@pytest.mark.parametrize(
    ("lemma", "forms"),
    [
        ("deploy", {"deploy", "deploys", "deployed", "deploying"}),
        ("seize", {"seize", "seizes", "seized", "seizing"}),
        ("deny", {"deny", "denies", "denied", "denying"}),
        ("sink", {"sink", "sinks", "sank", "sunk", "sinking"}),
        ("ban", {"ban", "bans", "banned", "banning"}),
        ("clash", {"clash", "clashes", "clashed", "clashing"}),
    ],
)
def test_a_verb_is_known_in_all_its_forms(lemma, forms):
    assert morphology.verb_forms(lemma, IRREGULAR) == forms


def test_a_headline_is_retold_in_the_past_word_for_word():
    pasts = headlines.past_tenses(["sink"], IRREGULAR)

    assert headlines.retold(["US", "sinks", "boat"], 1, pasts) == ["US", "sank", "boat"]
    assert headlines.retold(["US", "sinks", "boat", "."], 1, pasts) == ["US", "sinks", "boat", "."]


def test_only_the_names_of_a_title_case_headline_keep_their_capitals():
    text = "Iran Vows Swift Response To Israel"

    assert reading.is_title_case(text)
    assert reading.sentence_case(text, [(0, 4), (28, 34)]) == "Iran vows swift response to Israel"


def test_lines_that_a_machine_wrapped_are_one_paragraph():
    line = "The government said on Monday that the army had moved to the border"
    wrapped = "\n".join([line] * 5)

    tidy, _ = reading.tidy(wrapped)

    assert len(tidy) == len(wrapped)
    assert "\n" not in tidy


@pytest.mark.parametrize(
    "text", ["caf\u00e9 \ud800 x", "a\x00b", "x" * 300 + " y", "\u202eabc", "Japan ' s navy"]
)
def test_tidying_moves_no_offset_and_is_done_after_once(text):
    once, _ = reading.tidy(text)

    assert len(once) == len(text)
    assert reading.tidy(once)[0] == once
    assert len(reading.safe(once)) == len(once)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The president said that the army was at the border with Iran.", "en"),
        (
            "El presidente dijo que las tropas del país están en la frontera con los vecinos según una fuente.",
            "es",
        ),
        (
            "Le président a dit que les troupes sont dans la région et que des soldats sont aux frontières.",
            "fr",
        ),
        ("Iran attacks", "en"),
    ],
)
def test_the_language_is_told_by_its_small_words(text, language):
    assert tongue(text) == language


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("Israeli jets bombed camp", "Israeli jets bomb camp"),
        ("Thai and Khmer troops clashed again", "Thai and Khmer troops clash again"),
        ("US strikes killed six", "US strikes kill six"),
        ("Iraqi police raid kills five", "Iraqi police raid kills five"),
        ("Israel struck camp", "Israel strikes camp"),
    ],
)
def test_the_verb_after_a_plural_is_retold_too(told, words):
    irregular = {"strike": ["struck"]}
    pasts = headlines.past_tenses(["bomb", "clash", "kill", "strike", "raid"], irregular)

    assert headlines.retold(words.split(), 1, pasts) == told.split()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Israel bombs Gaza - witnesses", "Israel bombs Gaza"),
        ("Dutch to send troops: official", "Dutch to send troops"),
        ("Israel bombs Gaza - U.N. officials", "Israel bombs Gaza"),
        ("Talks on Iran: what comes next", "Talks on Iran: what comes next"),
        ("The cease-fire holds", "The cease-fire holds"),
    ],
)
def test_who_is_credited_at_a_headlines_end_is_not_parsed_with_it(text, kept):
    assert reading.safe(text).rstrip() == kept
