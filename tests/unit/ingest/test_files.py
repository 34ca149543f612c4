from __future__ import annotations

import os

import pytest

from services.ingest.sources.files import index, read, read_all
from tests.support.paths import ROOT
from tocsin.errors import BadMessage, Reason, UsageError

SENTENCE = "The two governments met on Monday."


def line(text=SENTENCE, **more):
    fields = ", ".join(f'"{k}": "{v}"' for k, v in {"text": text, **more}.items())
    return f"{{{fields}}}\n"


def test_the_seeds_come_in_order_of_publication_not_of_name():
    found = index([ROOT / "seeds"])

    assert [entry.guid[:3] for entry in found.entries] == ["000", "004", "002", "003", "001"]
    assert not found.refused


def test_order_holds_over_all_inputs_and_undated_articles_come_last(tmp_path):
    (tmp_path / "undated.txt").write_text(SENTENCE)
    (tmp_path / "a.jsonl").write_text(
        line(id="late", published_at="2025-09-01") + line(id="early", published_at="2025-08-01")
    )
    (tmp_path / "b.jsonl").write_text(line(id="middle", published_at="2025-08-15T10:00:00Z"))

    found = index([tmp_path])

    assert [entry.guid for entry in found.entries] == ["early", "middle", "late", "undated.txt"]


def test_a_line_of_a_feed_keeps_what_it_says_of_itself(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text("\n" + line(id="x", title="T", outlet="example.org", published_at="2025-08-01"))

    item = read(index([file]).entries[0])

    assert (item.guid, item.title, item.outlet) == ("x", "T", "example.org")
    assert item.origin == f"{file}:2"


@pytest.mark.parametrize(
    ("name", "data", "reason", "told"),
    [
        ("empty.txt", b"", Reason.EMPTY, "empty.txt: an empty file"),
        ("blank.txt", b" \n\n", Reason.EMPTY, "blank.txt: an empty file"),
        ("binary.txt", b"\x00\x01\x02", Reason.NOT_TEXT, "binary.txt: a binary file"),
        ("latin.txt", b"caf\xe9", Reason.NOT_TEXT, "latin.txt: not UTF-8 at byte 3"),
    ],
)
def test_a_file_that_is_no_article_is_refused_by_name(tmp_path, name, data, reason, told):
    (tmp_path / name).write_bytes(data)

    with pytest.raises(BadMessage) as refusal:
        read(index([tmp_path / name]).entries[0])

    assert refusal.value.reason is reason
    assert told in refusal.value.detail


@pytest.mark.parametrize(
    ("data", "reason", "told"),
    [
        ('{"text": "cut', Reason.NOT_JSON, "bad.jsonl:2"),
        ("[]", Reason.WRONG_SHAPE, "bad.jsonl:2"),
        ('{"title": "no text"}', Reason.WRONG_SHAPE, "text"),
        ('{"text": 7}', Reason.WRONG_SHAPE, "text"),
        ('{"text": "x", "published_at": "tomorrow"}', Reason.WRONG_SHAPE, "published_at"),
        (
            '{"text": "x", "published_at": "0001-01-01T00:00:00+01:00"}',
            Reason.WRONG_SHAPE,
            "calendar",
        ),
        ("[" * 5000, Reason.WRONG_SHAPE, "bad.jsonl:2"),
    ],
)
def test_a_broken_line_is_refused_by_number_and_the_rest_flows(tmp_path, data, reason, told):
    file = tmp_path / "bad.jsonl"
    file.write_text(line(id="before") + data + "\n" + line(id="after"))

    found = index([file])

    assert [entry.guid for entry in found.entries] == ["after", "before"]
    assert [each.error.reason for each in found.refused] == [reason]
    assert told in found.refused[0].error.detail
    assert found.refused[0].data == data.encode() + b"\n"


def test_an_empty_feed_file_is_refused_by_name(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"")

    assert [each.error.reason for each in index([tmp_path]).refused] == [Reason.EMPTY]


def test_a_path_that_is_not_there_is_a_misuse_that_names_it(tmp_path):
    with pytest.raises(UsageError, match="nowhere: no such file or folder"):
        index([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    "text", ["[[article]", '[[article]]\nfile = "a.txt"\npublished_at = "soon"', "article = 7"]
)
def test_a_wrong_manifest_is_a_misuse_that_names_it(tmp_path, text):
    (tmp_path / "manifest.toml").write_text(text)
    (tmp_path / "a.txt").write_text(SENTENCE)

    with pytest.raises(UsageError, match=r"manifest\.toml"):
        index([tmp_path])


def test_links_pipes_and_other_kinds_of_files_in_a_folder_are_passed_over(tmp_path):
    (tmp_path / "a.txt").write_text(SENTENCE)
    (tmp_path / "link.txt").symlink_to(tmp_path / "a.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")

    found = index([tmp_path])

    assert [entry.guid for entry in found.entries] == ["a.txt"]
    assert found.ignored == 3


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_a_file_that_turns_into_a_link_or_goes_before_it_is_read_is_refused(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret").write_text(line())
    file = folder / name
    file.write_text(line())
    found = index([folder])

    file.unlink()
    (gone,) = read_all(found.entries)
    file.symlink_to(tmp_path / "secret")
    (linked,) = read_all(found.entries)

    assert [each.error.reason for each in (gone, linked)] == [Reason.UNREADABLE] * 2


def test_a_named_link_is_read(tmp_path):
    (tmp_path / "a.jsonl").write_text(line(id="x"))
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "a.jsonl")

    assert [each.guid for each in read_all(index([tmp_path / "link.jsonl"]).entries)] == ["x"]


def test_a_pipe_is_a_misuse_that_names_the_way_to_read_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(UsageError, match="- reads standard input"):
        index([tmp_path / "pipe"])
