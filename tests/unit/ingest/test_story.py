from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.story import BUCKET_BYTES, settle
from tests.unit.ingest.copies import OTHER, PARAGRAPHS, TEMPLATE, TEXT, TITLE, telling

DAY_S = 24 * 3600
WINDOW_S = 3 * DAY_S
WHOLE = f"{TITLE}\n{TEXT}"
# Of each story all copies are alike, whichever comes first.
FERRY = [
    WHOLE,
    f"Old ship, goodbye\n{TEXT}",
    f"{WHOLE}\nAll rights reserved.",
    f"{TITLE}\n" + "\n".join(reversed(PARAGRAPHS)),
]
GRAPES = [OTHER, f"{OTHER}\nFollow us for more.", f"The earliest grapes\n{OTHER}"]


def stories(*tellings, texts=None, buckets=None):
    found = settle(
        tellings,
        {} if texts is None else texts,
        {} if buckets is None else buckets,
        window_s=WINDOW_S,
    )
    return list(found.stories)


def test_a_story_is_named_for_the_first_article_that_told_it():
    found = stories(telling("a", FERRY[0]), telling("b", OTHER), telling("c", FERRY[1]))

    assert found == ["a", "b", "a"]


def test_the_same_text_twice_is_one_story_and_one_text():
    found = settle([telling("a", "Short."), telling("b", "Short.")], {}, {}, window_s=WINDOW_S)

    assert found.stories == ("a", "a")
    assert [each.id for each, _ in found.new] == ["a"]


def test_the_same_article_taken_again_keeps_its_story():
    texts, buckets = {}, {}
    first = stories(telling("a", FERRY[0]), telling("b", FERRY[1]), texts=texts, buckets=buckets)

    again = stories(telling("b", FERRY[1]), telling("a", FERRY[0]), texts=texts, buckets=buckets)

    assert (first, again) == (["a", "a"], ["a", "a"])


def test_an_edit_stays_in_the_story_of_what_it_edits():
    found = stories(telling("a", WHOLE), telling("a", OTHER, before=WHOLE), telling("b", OTHER))

    assert found == ["a", "a", "a"]


def test_what_is_published_outside_the_window_is_another_story():
    late = WINDOW_S + 1

    assert stories(telling("a", WHOLE), telling("b", FERRY[1], at_s=late)) == ["a", "b"]
    assert stories(telling("a", WHOLE), telling("b", WHOLE, at_s=late)) == ["a", "b"]
    assert stories(telling("a", WHOLE), telling("b", FERRY[1], at_s=WINDOW_S)) == ["a", "a"]


def test_an_undated_copy_is_a_copy():
    assert stories(telling("a", WHOLE), telling("b", FERRY[1], at_s=None)) == ["a", "a"]


def test_a_template_stays_out_of_a_story_that_one_careless_copy_would_let_it_into():
    monday = TEMPLATE.format(offered="1.5", rate="6-1/8", day="Monday")
    tuesday = TEMPLATE.format(offered="two", rate="6-1/4", day="Tuesday")
    careless = TEMPLATE.format(offered="some", rate="a low", day="Monday")

    found = stories(telling("a", monday), telling("b", careless), telling("c", tuesday))

    assert found[0] != found[2]


def test_a_band_remembers_a_bounded_number_of_texts():
    buckets = {}
    stories(*(telling(f"n{n}", f"{WHOLE} Edition {n}.") for n in range(20)), buckets=buckets)

    assert {len(each) for each in buckets.values()} >= {BUCKET_BYTES}
    assert max(len(each) for each in buckets.values()) == BUCKET_BYTES


MANY = [(f"f{n}", text) for n, text in enumerate(FERRY)] + [
    (f"g{n}", text) for n, text in enumerate(GRAPES)
]


@given(st.permutations(MANY))
def test_in_any_order_the_same_articles_share_a_story(order):
    found = dict(
        zip([name for name, _ in order], stories(*(telling(*each) for each in order)), strict=True)
    )

    assert len({found[name] for name, _ in MANY if name[0] == "f"}) == 1
    assert len({found[name] for name, _ in MANY if name[0] == "g"}) == 1
    assert found["f0"] != found["g0"]


@given(st.lists(st.sampled_from(MANY), max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_any_batches_give_the_same_stories_as_one(articles, cuts):
    tellings = [telling(f"{name}.{place}", text) for place, (name, text) in enumerate(articles)]
    texts, buckets = {}, {}
    edges = [0, *sorted(cuts), len(tellings)]

    parts = [
        story
        for start, end in itertools.pairwise(edges)
        for story in stories(*tellings[start:end], texts=texts, buckets=buckets)
    ]

    assert parts == stories(*tellings)
