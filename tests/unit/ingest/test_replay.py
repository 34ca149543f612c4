from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime

import pytest

from services.ingest.app import Intake, Tally, partition_of
from services.ingest.domain.items import Item
from services.ingest.replay import Plan, main, replay, within
from services.ingest.sources.config import FolderSource
from services.ingest.sources.files import index, read_all
from services.ingest.sources.inbox import Inbox
from tests.support.fake_bus import FakeBus
from tests.unit.ingest import copies
from tests.unit.ingest.fakes import FakeSeen, FakeStories
from tocsin import bus, topics
from tocsin.errors import Unavailable, UsageError
from tocsin.messages import Article, PublishedBasis, decode

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = "The two governments met on Monday. They agreed to meet again."


@pytest.fixture
def fake_bus():
    fake = FakeBus()
    fake.create_topics()
    return fake


@pytest.fixture
def seen():
    return FakeSeen()


@pytest.fixture
def stories():
    return FakeStories()


@pytest.fixture
def intake(fake_bus, seen, stories):
    return Intake(fake_bus.producer(), seen, stories, clock=lambda: NOW)


def articles(fake_bus):
    sent = [each for each in fake_bus.published if each.topic == topics.ARTICLES.name]
    return [decode(each.value, Article) for each in sent]


def feed(folder, *lines):
    file = folder / "feed.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return index([file])


def inbox_of(folder, intake, seen):
    source = FolderSource(name="inbox", path=str(folder))
    return Inbox(source, intake, seen, batch=10, called="TOCSIN_INGEST_INBOX")


def run(found, intake, name="r1", **plan):
    return replay(found, intake, Plan(run=name, **plan), stop=threading.Event())


def test_an_article_carries_its_run_its_time_and_where_that_is_from(tmp_path, fake_bus, intake):
    found = feed(tmp_path, {"id": "a", "text": TEXT, "published_at": "2025-08-12"})

    run(found, intake)

    (article,) = articles(fake_bus)
    assert article.run == "r1"
    assert article.published_at == datetime(2025, 8, 12, 12, tzinfo=UTC)
    assert article.published_basis is PublishedBasis.FEED
    assert "day_only" in article.flags


def test_an_undated_article_stays_undated(tmp_path, fake_bus, intake):
    run(feed(tmp_path, {"id": "a", "text": TEXT}), intake)

    assert articles(fake_bus)[0].published_at is None


def test_a_publication_in_the_future_is_clamped_and_flagged(tmp_path, fake_bus, intake):
    run(feed(tmp_path, {"id": "a", "text": TEXT, "published_at": "2099-01-01"}), intake)

    (article,) = articles(fake_bus)
    assert article.published_at == NOW
    assert "future_clamped" in article.flags


def test_the_same_run_again_publishes_nothing_twice(tmp_path, fake_bus, intake):
    found = feed(tmp_path, {"id": "a", "text": TEXT}, {"id": "b", "text": TEXT + " More."})

    first, second = run(found, intake), run(found, intake)

    assert (first.published, second.published, second.seen) == (2, 0, 2)
    assert len(articles(fake_bus)) == 2


def test_the_same_run_again_publishes_no_edit_twice(tmp_path, fake_bus, intake):
    found = feed(tmp_path, {"id": "a", "text": TEXT}, {"id": "a", "text": f"{TEXT} And more."})

    first, second = run(found, intake), run(found, intake)

    assert (first.met, second.seen) == (2, 2)
    assert [each.revision for each in articles(fake_bus)] == [1, 2]


def test_a_live_article_that_is_edited_back_is_a_revision(fake_bus, intake):
    for text in (TEXT, f"{TEXT} And more.", TEXT):
        intake.take([item(text)], run=None)

    assert [each.revision for each in articles(fake_bus)] == [1, 2, 3]


def test_another_run_publishes_all_again_under_the_same_ids(tmp_path, fake_bus, intake):
    found = feed(tmp_path, {"id": "a", "text": TEXT})

    run(found, intake, "r1")
    run(found, intake, "r2")

    one, other = articles(fake_bus)
    assert one.id == other.id
    assert (one.run, other.run) == ("r1", "r2")


def test_an_edited_article_is_the_next_revision_of_it(tmp_path, fake_bus, intake):
    run(feed(tmp_path, {"id": "a", "text": TEXT}), intake)
    tally = run(feed(tmp_path, {"id": "a", "text": TEXT + " No, next year."}), intake)

    first, second = articles(fake_bus)
    assert first.id == second.id
    assert (first.revision, second.revision) == (1, 2)
    assert tally.revised == 1


def test_two_versions_in_one_batch_are_two_revisions(tmp_path, fake_bus, intake):
    run(feed(tmp_path, {"id": "a", "text": TEXT}, {"id": "a", "text": "Other words now."}), intake)

    assert sorted(each.revision for each in articles(fake_bus)) == [1, 2]


def item(text, **more):
    return Item(guid="g", source="s", origin="o", text=text, **more)


def test_a_version_of_the_source_is_the_revision_and_an_older_one_that_comes_late_is_dropped(
    fake_bus, intake
):
    for version in (3, 2, 5, 3):
        intake.take([item(f"{TEXT} Version {version}.", version=version)], run=None)

    assert [(each.revision, each.text[-2]) for each in articles(fake_bus)] == [(3, "3"), (5, "5")]


def test_a_headline_never_takes_the_place_of_the_text_and_the_text_takes_the_headlines(
    fake_bus, intake
):
    headline = item("Governments met", flags=("headline_only",))

    verdicts = [
        intake.take([each], run=None).verdicts[0].outcome.value
        for each in (headline, item(TEXT), headline)
    ]

    assert verdicts == ["published", "revised", "seen"]


@pytest.mark.parametrize(("outlet", "published"), [(None, 1), ("example.org", 2)])
def test_a_copy_is_dropped_unless_another_outlet_carries_it(
    tmp_path, fake_bus, intake, outlet, published
):
    run(
        feed(tmp_path, {"id": "a", "text": TEXT}, {"id": "b", "text": TEXT, "outlet": outlet}),
        intake,
    )

    assert len(articles(fake_bus)) == published


def test_a_run_stays_in_one_partition_so_its_order_holds(tmp_path, fake_bus, intake):
    run(feed(tmp_path, *({"id": str(n), "text": f"{TEXT} {n}"} for n in range(50))), intake)

    assert {each.partition for each in fake_bus.published} == {partition_of("r1")}
    assert partition_of(None) is None


def test_what_is_refused_is_a_dead_letter_with_its_bytes_and_reason(tmp_path, fake_bus, intake):
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "good.txt").write_text(TEXT)
    (tmp_path / "bad.jsonl").write_bytes(b"{broken\n")

    tally = run(index([tmp_path]), intake)

    letters = [each for each in fake_bus.published if each.topic.endswith(".ingest.dlq")]
    reasons = {dict(each.headers)[bus.REASON_HEADER]: each.value for each in letters}
    assert reasons == {b"empty": b"", b"not_json": b"{broken\n"}
    assert (tally.published, tally.refused) == (1, 2)


def test_an_article_over_the_limit_is_refused_and_its_neighbours_are_published(
    tmp_path, fake_bus, seen
):
    intake = Intake(
        fake_bus.producer(), seen, FakeStories(), clock=lambda: NOW, max_record_bytes=20_000
    )
    large = {"id": "large", "text": "word " * 10_000, "title": "T"}
    found = feed(tmp_path, {"id": "a", "text": TEXT}, large, {"id": "b", "text": TEXT + " More."})

    tally = run(found, intake)

    assert sorted(each.guid for each in articles(fake_bus)) == ["a", "b"]
    assert (tally.published, tally.refused) == (2, 1)
    (letter,) = [each for each in fake_bus.published if each.topic.endswith(".ingest.dlq")]
    assert dict(letter.headers)[bus.REASON_HEADER] == b"too_large"


def test_a_run_that_is_named_like_the_feed_does_not_silence_it(tmp_path, fake_bus, intake):
    found = feed(tmp_path, {"id": "a", "text": TEXT})

    run(found, intake, "live")
    tally = intake.take(read_all(found.entries), run=None).tally

    assert tally.published == 1


def test_two_files_of_one_name_are_two_articles(tmp_path, fake_bus, intake):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.txt").write_text(f"{TEXT} In {folder}.")

    run(index([tmp_path]), intake)

    assert sorted((each.guid, each.revision) for each in articles(fake_bus)) == [
        ("x/1.txt", 1),
        ("y/1.txt", 1),
    ]


def test_lines_without_a_name_are_known_by_their_words(tmp_path, fake_bus, intake):
    run(feed(tmp_path, {"text": TEXT}), intake)
    run(feed(tmp_path, {"text": "Another day, another article."}), intake)

    assert [each.revision for each in articles(fake_bus)] == [1, 1]


def test_a_file_name_that_is_no_text_is_no_obstacle(tmp_path, fake_bus, intake):
    (tmp_path / os.fsdecode(b"reuni\xf3n.txt")).write_text(TEXT)

    run(index([tmp_path]), intake)

    assert [each.guid for each in articles(fake_bus)] == ["reuni\ufffdn.txt"]


def test_a_file_with_a_broken_manifest_is_refused_and_the_drop_folder_goes_on(
    tmp_path, fake_bus, seen, intake
):
    inbox = inbox_of(tmp_path, intake, seen)
    (tmp_path / "manifest.toml").write_text("[[broken")
    (tmp_path / "a.txt").write_text(TEXT)

    inbox.look()
    inbox.look()

    (letter,) = fake_bus.published
    assert dict(letter.headers)[bus.REASON_HEADER] == b"unreadable"


@pytest.mark.parametrize("away", ["bus", "seen", "stories"])
def test_nothing_is_lost_while_broker_or_memory_are_away(
    tmp_path, fake_bus, seen, stories, intake, away
):
    found = feed(tmp_path, {"id": "a", "text": TEXT})
    part = {"bus": fake_bus, "seen": seen, "stories": stories}[away]

    part.away = True
    with pytest.raises(Unavailable):
        run(found, intake, patience_s=0)
    part.away = False
    run(found, intake)

    assert [each.guid for each in articles(fake_bus)] == ["a"]


def test_a_crash_before_the_mark_repeats_the_same_id_and_revision(tmp_path, fake_bus, seen, intake):
    found = feed(tmp_path, {"id": "a", "text": TEXT})
    mark, seen.mark = seen.mark, lambda *_: (_ for _ in ()).throw(Unavailable("killed"))
    with pytest.raises(Unavailable):
        run(found, intake, patience_s=0)
    seen.mark = mark

    run(found, intake)

    one, other = articles(fake_bus)
    assert (one.id, one.revision) == (other.id, other.revision)


def test_bounds_take_the_day_from_its_beginning_and_leave_the_end_out(tmp_path):
    found = feed(tmp_path, *({"id": d, "text": TEXT, "published_at": d} for d in
                             ("2025-08-11", "2025-08-12", "2025-08-13")), {"id": "u", "text": TEXT})  # fmt: skip

    kept = within(
        found, since=datetime(2025, 8, 12, tzinfo=UTC), until=datetime(2025, 8, 13, tzinfo=UTC)
    )

    assert [each.guid for each in kept.entries] == ["2025-08-12"]


def test_a_loop_runs_under_a_new_name_each_time_and_ends_at_the_stop(tmp_path, fake_bus, intake):
    stop = threading.Event()
    runs = []

    def after(name, _tally, _entry):
        runs.append(name)
        if len(runs) == 3:
            stop.set()

    found = feed(tmp_path, {"id": "a", "text": TEXT})
    replay(found, intake, Plan(run="r", loop=True), stop=stop, on_batch=after)

    assert runs == ["r.1", "r.2", "r.3"]
    assert len(articles(fake_bus)) == 3


def test_a_file_in_the_drop_folder_is_taken_once_when_it_no_longer_grows(
    tmp_path, fake_bus, seen, intake
):
    inbox = inbox_of(tmp_path, intake, seen)
    file = tmp_path / "a.txt"

    file.write_text("The two gov")
    taken_at_first = inbox.look()
    file.write_text(TEXT)
    taken_while_growing = inbox.look()
    taken_when_whole, taken_again = inbox.look(), inbox.look()

    assert (taken_at_first, taken_while_growing, taken_when_whole, taken_again) == (0, 0, 1, 0)
    assert [each.text for each in articles(fake_bus)] == [TEXT]
    assert articles(fake_bus)[0].run is None


def test_a_drop_folder_that_is_not_there_is_named(tmp_path, seen, intake):
    with pytest.raises(UsageError, match="TOCSIN_INGEST_INBOX"):
        inbox_of(tmp_path / "nowhere", intake, seen).look()


@pytest.mark.parametrize(
    "arguments",
    [["--speed", "-1", "x"], ["--speed", "fast", "x"], ["--max-gap", "soon", "x"], ["--from", "soon", "x"],
     ["--run-id", "a b", "x"], []],
)  # fmt: skip
def test_a_misused_option_exits_2_and_says_which(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)

    assert end.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_a_tally_adds_up():
    total = Tally(published=1)
    total.add(Tally(published=2, seen=3))

    assert total == Tally(published=3, seen=3)


def test_another_outlets_copy_is_published_under_the_story_of_its_original(
    tmp_path, fake_bus, intake
):
    whole = f"{copies.TITLE}\n{copies.TEXT}"
    found = feed(
        tmp_path,
        {"id": "a", "text": whole, "outlet": "One", "published_at": "2025-08-12T08:00"},
        {"id": "b", "text": copies.OTHER, "outlet": "One", "published_at": "2025-08-12T09:00"},
        {
            "id": "c",
            "text": f"{copies.TEXT}\nAll rights reserved.",
            "title": "Old ship, goodbye",
            "outlet": "Two",
            "published_at": "2025-08-12T10:00",
        },
    )

    run(found, intake)

    first, other, copy = articles(fake_bus)
    assert (first.story, other.story, copy.story) == (first.id, other.id, first.id)
    assert (copy.outlet, len({first.id, other.id, copy.id})) == ("Two", 3)


@pytest.mark.parametrize("batch", [1, 2, 200])
def test_a_replay_gives_the_same_stories_in_batches_of_any_size(tmp_path, fake_bus, intake, batch):
    texts = [copies.TEXT, copies.OTHER, f"{copies.TEXT}\nAll rights reserved."] * 2
    found = feed(
        tmp_path,
        *({"id": f"{n}", "text": text, "outlet": f"o{n}"} for n, text in enumerate(texts)),
    )

    run(found, intake, batch=batch)

    told = articles(fake_bus)
    assert [each.story for each in told] == [told[0].id, told[1].id, told[0].id] * 2


def test_an_edit_keeps_the_story_of_what_it_edits(tmp_path, fake_bus, intake):
    run(feed(tmp_path, {"id": "a", "text": copies.TEXT}), intake)
    run(feed(tmp_path, {"id": "a", "text": copies.OTHER}), intake)

    first, edit = articles(fake_bus)
    assert (edit.revision, edit.story) == (2, first.story)
