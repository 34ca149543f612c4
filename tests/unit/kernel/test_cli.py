from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from tests.support.paths import ROOT
from tocsin.cli import COMMANDS, main
from tocsin.errors import TocsinError, UsageError


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])

    assert end.value.code == 0
    assert f"tocsin {name}" in capsys.readouterr().out.split("examples:")[1]


def test_help_lists_every_command(capsys):
    assert main(["--help"]) == 0

    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed for name in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["replay", "nowhere-at-all"],
        ["replay", "n" * 300],
        ["up", "--kafka-port", "99999"],
        ["up", "--sources", "nowhere-at-all"],
    ],
)
def test_a_misuse_exits_2_without_a_traceback(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "tocsin.cli", *arguments], capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 2
    assert "Traceback" not in done.stderr + done.stdout


def test_a_broker_that_is_away_is_one_line_and_exit_1(tmp_path):
    (tmp_path / "a.txt").write_text("The two governments met on Monday.")
    environment = {"TOCSIN_KAFKA_BOOTSTRAP": "127.0.0.1:1", "TOCSIN_KAFKA_WAIT_S": "1"}

    done = subprocess.run(
        [sys.executable, "-m", "tocsin.cli", "replay", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )

    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOCSIN_KAFKA_BOOTSTRAP", "foo:bar"),
        ("TOCSIN_REDIS_URL", "redis://:canary/x@127.0.0.1/0"),
        ("TOCSIN_REDIS_URL", "canary"),
        ("TOCSIN_INGEST_RUN_ID", "drill 7"),
    ],
)
def test_a_setting_that_cannot_be_is_named_and_its_secret_is_not(variable, value):
    done = subprocess.run(
        [sys.executable, "-m", "tocsin.cli", "replay", "--json", str(ROOT / "seeds")],
        capture_output=True,
        text=True,
        timeout=60,
        env={variable: value},
    )

    assert done.returncode == 2
    assert variable in done.stderr
    assert "canary" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "code"), [(TocsinError("a plain word"), 1), (UsageError("a plain word"), 2)]
)
def test_an_error_is_one_line_and_its_exit_code(monkeypatch, capsys, error, code):
    module = importlib.import_module(COMMANDS["topics"].module)

    def fail(_argv):
        raise error

    monkeypatch.setattr(module, "main", fail)

    assert main(["topics"]) == code
    assert capsys.readouterr().err == "tocsin topics: a plain word\n"
