"""The ladder of threat-levels.md, section 4, by the very functions of the services, no broker between."""

from __future__ import annotations

import itertools

from services.alert.backtest import coding
from services.alert.backtest.command import DATA, configured
from services.alert.backtest.replaying import replay
from tests.support.paths import ROOT

PAIR = "USA-VEN"


def quiet(_count: int) -> None:
    """Nobody watches."""


def test_the_seeds_climb_the_ladder_and_quiet_brings_the_pair_down_between():
    coded = coding.code([ROOT / "seeds"], outlet=None, jobs=1, progress=quiet)
    found = replay(
        coded.reports, configured(DATA / "rules.yaml", DATA / "families.toml"), progress=quiet
    )

    told = {each.article.published_at for each in coded.reports if each.dyad == PAIR}
    levels = [(point.at, point.level) for point in found.points[PAIR]]
    assert [level for at, level in levels if at in told] == [2, 3, 3, 4, 2]
    assert [level for level, _ in itertools.groupby(level for _, level in levels)] == [
        *(2, 1, 0),
        *(3, 2, 1, 0),
        *(4, 3, 2, 1, 0),
        2,
    ]
    assert not found.unverified
