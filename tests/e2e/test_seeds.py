"""The five seeds through the whole path, as they are, edited, repeated, shuffled."""

from __future__ import annotations

import json
import random
import re
import tomllib

from tests.support.paths import ROOT

SEEDS = ROOT / "seeds"
LADDER = [
    ("000_f630c11d322ff813.txt", "USA-VEN", 2, "confirmed"),
    ("004_5335c0b3685f138e.txt", "USA-VEN", 3, "provisional"),
    ("002_355f6ca3af5a0e49.txt", "USA-VEN", 3, "confirmed"),
    ("003_414be66f75a648cc.txt", "USA-VEN", 4, "provisional"),
    ("001_69767b5be754d303.txt", "USA-VEN", 2, "confirmed"),
]
# Other words for the same deeds, as another desk might have written them.
EDITS = [
    (r"\bdeployed\b", "dispatched"),
    (r"\bdestroyers\b", "warships"),
    (r"\bsunk\b", "destroyed"),
    (r"\bmore than four million\b", "over five million"),
    (r"\b4\.5 million\b", "5.5 million"),
    (r"\$50 million", "$60 million"),
    (r"\bPam Bondi\b", "Ann Smith"),
    (r"\bBondi\b", "Smith"),
    (r"\bnationwide\b", "national"),
    (r"\bUSS Gravely, USS Jason Dunham and USS Sampson\b", "USS Stockdale and USS Cole"),
    (r"\bthe waters off\b", "the sea off"),
    (r"\bhas threatened to begin attacking\b", "has threatened to start striking"),
]


def usa_ven(outcome):
    return [row for row in outcome.ladder if row[1] == "USA-VEN"]


def published():
    manifest = tomllib.loads((SEEDS / "manifest.toml").read_text("utf-8"))
    return {each["file"]: each["published_at"].isoformat() for each in manifest["article"]}


def test_the_seeds_give_the_ladder_each_step_with_its_sentence(flow):
    flow.start()
    told = flow.replay(SEEDS, run="seeds")

    outcome = flow.outcome("seeds", told["published"])

    assert usa_ven(outcome) == LADDER
    for row, _ in flow.last.steps():
        assert row.evidence
        assert row.evidence in (SEEDS / row.article).read_text("utf-8")


def test_a_second_source_updates_the_alert_and_quiet_ends_it(flow):
    flow.start()
    told = flow.replay(SEEDS, run="episodes")
    flow.outcome("episodes", told["published"])

    steps = [level for row, level in flow.last.steps() if row.dyad == "USA-VEN"]
    by_article = {level.citation.article.guid[:3]: level for level in steps}
    assert by_article["004"].alert == by_article["002"].alert
    assert by_article["003"].alert != by_article["002"].alert
    assert [fall.level for fall in by_article["003"].fell][-1] == 0
    assert by_article["003"].directed_at_state is False
    assert by_article["001"].level == 2


def test_renamed_and_reworded_articles_give_the_same_ladder(flow, tmp_path):
    times = published()
    folder = tmp_path / "reworded"
    folder.mkdir()
    names = {}
    manifest = ""
    for number, name in enumerate(sorted(times, key=lambda each: each[4:])):
        names[name] = f"article-{number}.txt"
        text = (SEEDS / name).read_text("utf-8")
        for pattern, words in EDITS:
            text = re.sub(pattern, words, text)
        (folder / names[name]).write_text(text, "utf-8")
        manifest += f'[[article]]\nfile = "{names[name]}"\npublished_at = {times[name]}\n'
    (folder / "manifest.toml").write_text(manifest)
    flow.start()

    told = flow.replay(folder, run="reworded")
    outcome = flow.outcome("reworded", told["published"])

    assert usa_ven(outcome) == [(names[name], *rest) for name, *rest in LADDER]


def test_each_article_three_times_shuffled_gives_the_same_ladder_and_alerts(flow, tmp_path):
    times = published()
    lines = [
        {"id": name, "text": (SEEDS / name).read_text("utf-8"), "published_at": at}
        for name, at in times.items()
    ]
    # The same article again; and its text again under a name and an outlet of its own.
    copies = [{**line, "id": f"copy of {line['id']}", "outlet": "example.org"} for line in lines]
    feed = [*lines, *lines, *copies]
    random.Random(20250812).shuffle(feed)
    (tmp_path / "feed.jsonl").write_text("".join(json.dumps(line) + "\n" for line in feed))
    flow.start()

    once = flow.replay(SEEDS, run="once")
    thrice = flow.replay(tmp_path / "feed.jsonl", run="thrice")
    expected = flow.outcome("once", once["published"])
    outcome = flow.outcome("thrice", thrice["published"])

    assert (thrice["published"], thrice["seen"]) == (10, 5)
    originals = [row for row in usa_ven(outcome) if not row[0].startswith("copy")]
    assert originals == usa_ven(expected) == LADDER
    assert outcome.alerts == expected.alerts
