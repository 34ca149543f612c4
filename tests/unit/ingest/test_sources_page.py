"""docs/sources.md says what the code does."""

from __future__ import annotations

import re

import msgspec
import pytest

from services.ingest.setup.listing import STATUSES
from services.ingest.sources.config import Common, FeedSource, FolderSource, PushSource
from services.ingest.sources.file import DEFAULTS
from services.ingest.sources_command import main
from tests.support.paths import ROOT

PAGE = (ROOT / "docs/sources.md").read_text("utf-8")


def rows(heading):
    """The first two cells of the rows of the table that follows a text."""
    after = PAGE.split(heading, 1)[1].split("\n\n", 2)[1]
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", after, re.MULTILINE))


def told(field):
    if field.required:
        return "needed"
    if field.default in (None, ()):
        return "none"
    default = field.default
    shown = (
        str(default).lower()
        if isinstance(default, bool)
        else f"{default:g}"
        if isinstance(default, float)
        else str(default)
    )
    return f"`{shown}`"


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Every source:", Common),
        ('`kind = "feed"`, ', FeedSource),
        ('`kind = "push"`, ', PushSource),
        ('`kind = "folder"`, ', FolderSource),
    ],
)
def test_every_field_stands_on_the_page_with_its_default(heading, kind):
    shared = {each.encode_name for each in msgspec.structs.fields(Common)}
    own = {
        each.encode_name: told(each)
        for each in msgspec.structs.fields(kind)
        if kind is Common or each.encode_name not in shared
    }

    assert rows(heading) == own


def test_the_page_names_what_may_be_a_default_and_no_other():
    (sentence,) = re.findall(r"^`\[defaults\]` stands .*?\. ", PAGE, re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", sentence)) == set(DEFAULTS)


def test_every_status_of_health_stands_on_the_page_the_worst_first():
    assert tuple(rows("## Health")) == STATUSES


def test_every_command_of_the_page_is_there(capsys):
    works = set(re.findall(r"tocsin sources (\w+)", PAGE))

    with pytest.raises(SystemExit):
        main(["--help"])
    listed = capsys.readouterr().out
    assert works == set(re.search(r"\{?([\w|]+)\}? \.\.\.", listed)[1].split("|"))
