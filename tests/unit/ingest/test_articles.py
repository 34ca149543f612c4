from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

from services.ingest.app import agencies
from services.ingest.articles import articles
from services.ingest.recent import RecentStories
from tests.unit.ingest import copies
from tests.unit.ingest.fakes import FakeStories
from tocsin.errors import BadMessage
from tocsin.messages import Article

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read(*paths, outlet=None):
    return list(articles(paths, agencies(), outlet=outlet, now=NOW))


def write(file, *lines):
    data = "".join(json.dumps(each) + "\n" for each in lines).encode()
    file.write_bytes(gzip.compress(data) if file.suffix == ".gz" else data)
    return file


def test_an_archive_gives_its_articles_in_order_of_publication_packed_or_not(tmp_path):
    lines = [
        {
            "id": 2,
            "body": "The ministers met\nin the old hall.\n  They left.",
            "date": "1987-03-02",
        },
        {"title": "TROOPS LEAVE U.S. BASE", "ts": "1987-03-01T10:00:00"},
        {"text": "Undated."},
    ]
    plain, packed = write(tmp_path / "a.jsonl", *lines), write(tmp_path / "a.jsonl.gz", *lines)

    found, same = read(plain, outlet="Example"), read(packed, outlet="Example")

    assert [(each.guid, each.text) for each in found] == [
        ("a.jsonl:2", "Troops Leave U.S. Base"),
        ("2", "The ministers met in the old hall.\nThey left."),
        ("a.jsonl:3", "Undated."),
    ]
    assert {each.outlet for each in found} == {"Example"}
    assert [each.text for each in same] == [each.text for each in found]


def test_a_broken_line_of_an_archive_is_told_by_number_and_the_rest_flows(tmp_path):
    file = write(tmp_path / "a.jsonl", {"text": "One."}, {"outlet": "x"}, {"text": "Two."})

    found = read(file)

    assert [each.text for each in found if isinstance(each, Article)] == ["One.", "Two."]
    (why,) = [each.detail for each in found if isinstance(each, BadMessage)]
    assert why == f"{file}:2: no text, body or title"


def test_a_copy_carries_the_story_of_the_first_to_tell_it_whatever_file_it_stands_in(tmp_path):
    whole = f"{copies.TITLE}\n{copies.TEXT}"
    late = write(tmp_path / "a.jsonl", {"id": "copy", "text": f"{whole}\nAll rights reserved.",
                                        "published_at": "2025-08-02"})  # fmt: skip
    early = write(tmp_path / "b.jsonl", {"id": "first", "text": whole, "published_at": "2025-08-01"},
                  {"id": "other", "text": copies.OTHER, "published_at": "2025-08-03"})  # fmt: skip

    first, copy, other = read(late, early)

    assert first.guid == "first"
    assert copy.story == first.story == first.id
    assert other.story == other.id


def test_recent_stories_are_those_of_a_memory_without_end_and_forget_the_old():
    whole = f"{copies.TITLE}\n{copies.TEXT}"
    tellings = [
        copies.telling("a", whole),
        copies.telling("b", copies.OTHER),
        copies.telling("c", f"{whole}\nAll rights reserved."),
    ]
    recent, forgetful = RecentStories(days=3, texts=100), RecentStories(days=3, texts=1)

    assert recent.assign(tellings) == FakeStories().assign("x", tellings) == ("a", "b", "a")
    told = [forgetful.assign([each])[0] for each in (*tellings[:2], tellings[1], tellings[2])]
    assert told == ["a", "b", "b", "c"]
