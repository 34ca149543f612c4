from __future__ import annotations

import gzip
import json
import os
import socket
import threading
from datetime import UTC, datetime

import pytest

from services.ingest import metrics
from services.ingest.app import Intake
from services.ingest.sources import dropped, inbox, opened
from services.ingest.sources.config import FolderSource
from services.ingest.sources.inbox import Inbox, watch
from tests.support.fake_bus import FakeBus
from tests.unit.ingest.fakes import FakeSeen, FakeStories
from tests.unit.ingest.test_formats import SAMPLES, utc
from tocsin import bus, topics
from tocsin.errors import Unavailable, UsageError
from tocsin.messages import Article, decode

NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
HOUR_S = 3600
TEXT = "The two governments met on Monday."


class Desk:
    """A drop folder with all it needs; files are written as of `now`, a clock that stands still."""

    def __init__(self, folder, **source):
        self.folder = folder
        self.now = NOW
        self.bus = FakeBus()
        self.bus.create_topics()
        self.seen = FakeSeen()
        self.stories = FakeStories()
        self.stop = threading.Event()
        self.source = FolderSource(name="desk", path=str(folder), **source)
        self.inbox = self.restarted()

    def restarted(self, batch=10):
        """Another worker, or the same after a restart."""
        clock = lambda: self.now  # noqa: E731
        intake = Intake(
            self.bus.producer(), self.seen, self.stories,
            clock=lambda: datetime.fromtimestamp(self.now, UTC),
        )  # fmt: skip
        self.inbox = Inbox(self.source, intake, self.seen, batch=batch, clock=clock, stop=self.stop)
        return self.inbox

    def write(self, name, data, *, append=False, ago_s=0.0):
        file = self.folder / name
        with file.open("ab" if append else "wb") as out:
            out.write(data if isinstance(data, bytes) else data.encode())
        os.utime(file, (self.now - ago_s, self.now - ago_s))
        return file

    def drop(self, name, data, **how):
        """Writes a file and looks until it counts as whole."""
        file = self.write(name, data, **how)
        self.look(2)
        return file

    def look(self, times=1):
        for _ in range(times):
            self.inbox.look()

    @property
    def articles(self):
        sent = [each for each in self.bus.published if each.topic == topics.ARTICLES.name]
        return [decode(each.value, Article) for each in sent]

    @property
    def guids(self):
        return [each.guid for each in self.articles]

    @property
    def letters(self):
        sent = [each for each in self.bus.published if each.topic.endswith(".ingest.dlq")]
        return [dict(each.headers)[bus.DETAIL_HEADER].decode() for each in sent]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def feed(*ids):
    return "".join(json.dumps({"id": str(each), "text": f"{TEXT} {each}"}) + "\n" for each in ids)


def ids(*numbers):
    return [str(each) for each in numbers]


def test_an_article_of_a_folder_is_what_its_source_says_where_it_does_not_say_it_itself(tmp_path):
    desk = Desk(tmp_path, family="Example Wire", tier="record", country="PRT", language="pt")
    desk.drop(
        "a.jsonl",
        '{"id": "a", "text": "x y"}\n{"id": "b", "text": "z", "outlet": "o", "language": "en"}',
    )

    a, b = desk.articles
    assert (a.source, a.family, a.tier, a.country) == ("desk", "Example Wire", "record", "PRT")
    assert [(each.outlet, each.language) for each in (a, b)] == [
        ("Example Wire", "pt"),
        ("o", "en"),
    ]
    assert a.run is None


def test_files_of_every_kind_are_taken_each_once(desk):
    for sample in SAMPLES.iterdir():
        desk.write(sample.name, sample.read_bytes())
        desk.write(f"{sample.name}.gz", gzip.compress(sample.read_bytes()))
    desk.look(4)
    desk.restarted()
    desk.look(4)

    published = [(each.id, each.revision) for each in desk.articles]
    assert len(published) == len(set(published)) == 17
    assert {each.revision for each in desk.articles} >= {1, 2, 3, 7}  # the versions they name


def test_a_worker_that_died_in_mid_file_goes_on_where_it_was(desk):
    desk.write("a.jsonl", feed(*range(95)))
    desk.look()
    mark = desk.seen.mark
    calls = []

    def dies(scope, articles):
        calls.append(len(articles))
        if len(calls) == 4:
            raise Unavailable("killed")
        mark(scope, articles)

    desk.seen.mark = dies
    with pytest.raises(Unavailable):
        desk.look()
    desk.seen.mark = mark
    before = len(desk.articles)
    desk.restarted()
    desk.look(2)

    assert before == 40
    again = [(each.id, each.revision) for each in desk.articles]
    # The batch of the fault comes again under the same ids and revisions; nothing before it does.
    assert len(again) == 95 + 10
    assert len(set(again)) == 95
    assert again[:30] + again[40:] == list(dict.fromkeys(again[:30] + again[40:]))


def test_a_stop_ends_after_the_batch_and_the_rest_is_for_the_next_start(desk):
    desk.write("a.jsonl", feed(*range(35)))
    desk.look()
    publish = desk.seen.mark

    def and_stop(*arguments):
        publish(*arguments)
        desk.stop.set()

    desk.seen.mark = and_stop
    desk.look()
    first = len(desk.articles)
    desk.seen.mark = publish
    desk.stop.clear()
    desk.restarted()
    desk.look(2)

    assert first == 10
    assert len(desk.articles) == 35


def test_a_file_that_grows_is_read_on_from_where_it_was(desk, monkeypatch):
    desk.drop("log.jsonl", feed(1, 2))
    desk.now += 5
    taken = []
    take = Intake.take
    monkeypatch.setattr(
        Intake,
        "take",
        lambda self, given, **how: (taken.extend(given), take(self, given, **how))[1],
    )
    desk.restarted()
    desk.drop("log.jsonl", feed(3, 4), append=True)

    assert [each.guid for each in taken] == ids(3, 4)
    assert taken[0].origin.endswith("log.jsonl:3")
    assert desk.guids == ids(1, 2, 3, 4)


def test_half_a_line_waits_for_its_end_and_is_refused_when_nobody_writes_it(desk):
    whole = feed(1, 2)
    desk.drop("log.jsonl", whole[:-20])
    first = list(desk.guids)
    desk.now += 5
    desk.drop("log.jsonl", whole[-20:] + '{"id": "3", "te', append=True)
    second = list(desk.guids), list(desk.letters)
    desk.now += HOUR_S
    desk.look(2)
    desk.look(2)

    assert first == ids(1)
    assert second == (ids(1, 2), [])
    assert desk.guids == ids(1, 2)
    assert len(desk.letters) == 1
    assert "log.jsonl:3" in desk.letters[0]


def test_a_last_line_without_an_end_is_taken_if_it_is_whole(desk):
    desk.drop("a.jsonl", feed(1, 2).rstrip("\n"))
    desk.now += 5
    desk.drop("a.jsonl", "\n" + feed(3), append=True)

    assert desk.guids == ids(1, 2, 3)


@pytest.mark.parametrize("again", [feed(6, 7, 8, 9), feed(7), feed(1, 3)])
def test_a_file_that_is_written_anew_is_read_from_its_beginning(desk, again):
    desk.drop("a.jsonl", feed(1, 2))
    desk.now += 5
    desk.drop("a.jsonl", again)

    assert desk.guids == list(
        dict.fromkeys(ids(1, 2) + [json.loads(x)["id"] for x in again.splitlines()])
    )


def test_a_feed_larger_than_a_part_is_taken_part_by_part_and_goes_on_in_any(desk, monkeypatch):
    monkeypatch.setattr(dropped, "_PART_BYTES", 1000)
    desk.write("a.jsonl", feed(*range(100)))
    desk.look()
    for _ in range(20):
        desk.stop.clear()
        desk.restarted()
        mark = desk.seen.mark_file
        count = []
        desk.seen.mark_file = lambda *a, mark=mark, count=count: (
            mark(*a),
            count.append(1),
            len(count) == 2 and desk.stop.set(),
        )
        desk.look(2)
        desk.seen.mark_file = mark

    assert sorted(desk.guids, key=int) == ids(*range(100))


def test_articles_of_a_file_come_in_order_of_publication(desk):
    lines = [
        {"id": d, "text": f"{TEXT} {d}", "published_at": d}
        for d in ("2025-08-03", "2025-08-01", "2025-08-02")
    ]
    desk.drop("a.jsonl", "".join(json.dumps(each) + "\n" for each in lines))

    assert desk.guids == ["2025-08-01", "2025-08-02", "2025-08-03"]


def test_a_file_is_taken_when_it_did_not_change_between_two_looks(desk):
    steps = []
    for text in ("The two gov", TEXT, None, None):
        if text:
            desk.now += 1
            desk.write("a.txt", text)
        desk.look()
        steps.append([each.text for each in desk.articles])

    assert steps == [[], [], [TEXT], [TEXT]]


@pytest.mark.parametrize("name", ["a.jsonl.part", ".a.jsonl", "a.tmp", "a.jsonl.filepart"])
def test_a_file_that_is_renamed_into_place_is_taken_at_once(desk, name):
    file = desk.write(name, feed(1))
    desk.look(3)
    under_its_old_name = list(desk.guids)
    file.rename(desk.folder / "a.jsonl")
    desk.look()

    assert under_its_old_name == []
    assert desk.guids == ids(1)


def test_a_file_of_long_ago_that_is_moved_here_is_taken_at_once(desk):
    desk.write("a.jsonl", feed(1), ago_s=60)
    desk.look()

    assert desk.guids == ids(1)


def test_links_pipes_sockets_folders_and_other_kinds_are_not_opened(desk, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.txt").write_text(TEXT)
    (desk.folder / "link.txt").symlink_to(outside / "secret.txt")
    (desk.folder / "folder.txt").mkdir()
    (desk.folder / "folder.txt" / "a.txt").write_text(TEXT)
    (desk.folder / "linked").symlink_to(outside)
    (desk.folder / "photo.jpg").write_bytes(b"\xff\xd8")
    os.mkfifo(desk.folder / "pipe.jsonl")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(desk.folder / "socket.txt"))
        desk.now += HOUR_S
        desk.look(3)

    assert desk.bus.published == []


def test_a_file_that_turned_into_a_link_or_a_pipe_since_it_was_listed_is_not_followed(
    desk, monkeypatch
):
    file = desk.write("a.txt", TEXT)
    desk.look()
    take = dropped.Files.take

    def swapped(self, one, before):
        file.unlink()
        file.symlink_to("/etc/hostname")
        return take(self, one, before)

    monkeypatch.setattr(dropped.Files, "take", swapped)
    desk.look()

    assert desk.articles == []
    assert len(desk.letters) == 1


def test_a_file_that_has_gone_since_it_was_listed_is_no_error(desk, monkeypatch):
    file = desk.write("a.txt", TEXT)
    desk.look()
    take = dropped.Files.take
    monkeypatch.setattr(dropped.Files, "take", lambda *a: (file.unlink(), take(*a))[1])
    desk.look()

    assert desk.bus.published == []


def test_a_file_that_cannot_be_opened_is_one_dead_letter_until_its_rights_change(desk, monkeypatch):
    real = os.open

    def denied(path, *more, **named):
        if str(path).endswith("a.txt"):
            raise PermissionError(13, "Permission denied")
        return real(path, *more, **named)

    monkeypatch.setattr(opened.os, "open", denied)
    desk.drop("a.txt", TEXT)
    desk.drop("b.txt", TEXT + " More.")
    desk.restarted()
    desk.look(3)
    letters = list(desk.letters)
    monkeypatch.undo()
    (desk.folder / "a.txt").chmod(0o600)
    desk.look(2)

    assert len(letters) == 1
    assert "a.txt: Permission denied" in letters[0]
    assert sorted(desk.guids) == ["a.txt", "b.txt"]


def test_what_is_in_no_format_that_is_known_is_one_dead_letter(desk):
    desk.drop("a.xml", "<html/>")
    desk.drop("b.csv", "")
    desk.restarted()
    desk.look(3)

    assert [each.rsplit("/", 1)[-1] for each in desk.letters] == [
        "a.xml: in no format that is known",
        "b.csv: an empty file",
    ]


WHOLE = {
    "a.jsonl.gz": gzip.compress(feed(*range(3000)).encode()),
    "a.newsml.xml": (SAMPLES / "item.newsml.xml").read_bytes(),
}


@pytest.mark.parametrize("name", WHOLE)
def test_half_a_document_is_left_alone_until_it_is_whole(desk, name):
    cut = len(WHOLE[name]) * 2 // 3
    desk.drop(name, WHOLE[name][:cut])
    desk.look(3)
    at_first = list(desk.bus.published)
    desk.now += 60
    desk.drop(name, WHOLE[name][cut:], append=True)

    assert at_first == []
    assert len(desk.guids) == (3000 if name.endswith("gz") else 1)
    assert desk.letters == []


def test_half_a_packed_feed_that_nobody_writes_gives_what_is_whole_and_a_dead_letter_once(desk):
    data = gzip.compress(feed(*range(3000)).encode())
    desk.drop("a.jsonl.gz", data[: len(data) * 2 // 3])
    desk.now += HOUR_S
    desk.look(2)
    desk.restarted()
    desk.look(2)

    assert 500 < len(set(desk.guids)) == len(desk.guids) < 3000
    assert any("ends before it is over" in each for each in desk.letters)
    assert len(desk.letters) == len(set(desk.letters)) <= 2


def test_an_article_under_embargo_is_published_when_its_time_has_come_and_nothing_twice(desk):
    desk.drop("m.xml", (SAMPLES / "message.newsml.xml").read_bytes())
    before = sorted(desk.guids), len(desk.letters)
    desk.restarted()
    desk.now = utc(2030, 1, 1, 5, 59).timestamp()
    desk.look(3)
    still = sorted(desk.guids)
    desk.now += 120
    desk.look(3)

    assert before == (["urn:killed", "urn:late", "urn:story"], 1)
    assert still == before[0]
    assert desk.guids[3:] == ["urn:embargo"]
    assert desk.articles[-1].published_at == utc(2030, 1, 1, 6)
    assert len(desk.letters) == 1


def test_what_was_taken_is_not_forgotten_while_the_file_lies_there(desk, monkeypatch):
    kept = []
    monkeypatch.setattr(desk.seen, "keep_files", kept.extend)
    desk.drop("a.txt", TEXT)
    desk.look(3)
    desk.now += 7 * HOUR_S
    desk.look(3)

    assert len(kept) == 1


def test_a_folder_that_is_not_there_is_named_tried_again_and_taken_when_it_is_back(tmp_path):
    folder = tmp_path / "later"
    desk = Desk(folder)
    with pytest.raises(UsageError, match=r"source desk: .+later is not a folder"):
        desk.inbox.look()

    gauge = []

    class Looks(threading.Event):
        """Passes the time: the folder is made after two looks; five are enough."""

        def wait(self, timeout=None):
            gauge.append(metrics.FOLDERS_DEGRADED._value.get())
            if len(gauge) == 3:
                folder.mkdir()
                desk.write("a.txt", TEXT)
            return len(gauge) == 6

    watch(desk.inbox, 0, Looks())

    assert gauge == [0, 1, 1, 0, 0, 0]
    assert desk.guids == ["a.txt"]


def test_a_name_that_is_no_text_is_no_obstacle(desk):
    desk.drop(os.fsdecode(b"reuni\xf3n.txt"), TEXT)

    assert desk.guids == ["reuni\ufffdn.txt"]


def test_ten_thousand_files_that_were_taken_cost_one_question(desk, monkeypatch):
    monkeypatch.setattr(inbox, "_AT_ONCE", 100_000)
    for number in range(50):
        desk.write(f"{number}.txt", f"{TEXT} {number}", ago_s=60)
    desk.look()
    desk.restarted()
    asked = []
    states = desk.seen.file_states
    monkeypatch.setattr(
        desk.seen, "file_states", lambda names: (asked.append(len(names)), states(names))[1]
    )
    desk.look(3)

    assert asked == [50]
    assert len(desk.guids) == 50
