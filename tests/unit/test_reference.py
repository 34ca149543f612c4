from __future__ import annotations

import json
import re

import pytest

from scripts import reference
from tests.support.paths import ROOT
from tocsin.cli import COMMANDS

README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("path", reference.files(), ids=lambda path: path.name)
def test_the_reference_says_what_the_code_does(path):
    written = path.read_text("utf-8") if path.exists() else ""

    assert written == reference.files()[path], "run `make docs`"


@pytest.mark.parametrize("topic", reference.topics.TOPICS, ids=lambda topic: topic.name)
def test_the_example_of_each_topic_fits_its_schema(topic):
    jsonschema = pytest.importorskip("jsonschema")
    example = json.loads((ROOT / f"seeds/messages/{topic.name}.json").read_text("utf-8"))

    for each in example if isinstance(example, list) else [example]:
        jsonschema.validate(each, reference.schema(topic))


def test_every_setting_says_what_it_means():
    rows = re.findall(r"^\| (`TOCSIN_\w+`) \| .*? \| (.*) \|$", reference.reference(), re.MULTILINE)

    assert len(rows) > 30
    assert [name for name, meaning in rows if not meaning] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_names_every_command(command):
    assert f"`tocsin {command}" in README


def test_every_path_that_the_readme_names_is_there():
    named = set(
        re.findall(r"`((?:tocsin|services|seeds|deploy|tests|docs|scripts)/[\w./-]*)`", README)
    )

    assert len(named) > 15
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
