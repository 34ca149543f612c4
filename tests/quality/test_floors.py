"""What the coder reaches on each measure; a floor is only ever raised (floors.json)."""

from __future__ import annotations

import pytest

from tests.quality import (
    aegean,
    cameo_class,
    cameo_ner,
    crises,
    reuters,
    seeds,
    sentences,
    stories,
    up_gold,
)
from tests.quality.material import floors

MEASURES = {
    "seeds": seeds.measure,
    "cameo_class": cameo_class.measure,
    "cameo_ner": cameo_ner.measure,
    "up_gold": up_gold.measure,
    "reuters": reuters.measure,
    "sentences": sentences.measure,
    "stories": stories.measure,
    "aegean": aegean.measure,
    "crises": crises.windows,
}


@pytest.mark.parametrize("name", MEASURES)
def test_no_figure_falls_below_its_floor(name):
    figures = MEASURES[name]()

    below = {
        figure: figures[figure]
        for figure, floor in floors()[name].items()
        if figures[figure] < floor
    }
    assert not below


def test_no_trap_of_the_seeds_is_sprung():
    assert seeds.measure()["traps"] == 0


def test_every_own_sentence_is_read_right():
    assert [case.text for case, _ in sentences.wrong()] == []
    assert len(sentences.cases()) >= 150
