from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import count

import pytest

from tests.support.paths import ROOT
from tests.support.processes import Process
from tests.support.wait import wait_for

_SKIPPING_TESTS = """
import pytest

def test_that_skips():
    pytest.skip("no java here")

@pytest.mark.skip(reason="not today")
def test_that_is_marked():
    pass

@pytest.mark.xfail(reason="known")
def test_that_is_known_to_fail():
    assert False
"""


def test_wait_for_gives_the_first_true_answer():
    answers = count()

    assert wait_for(lambda: next(answers), 5, "a number", interval_s=0) == 1


def test_wait_for_says_what_it_waited_for_and_what_it_last_saw():
    with pytest.raises(AssertionError, match=r"the level: not within 0 s; last: \[\]"):
        wait_for(list, 0, "the level", interval_s=0)


def test_wait_for_counts_a_named_exception_as_not_yet_and_lets_others_through():
    answers = iter([KeyError("early"), "there"])

    def ask():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert wait_for(ask, 5, "an answer", interval_s=0, ignore=(KeyError,)) == "there"
    with pytest.raises(StopIteration):
        wait_for(ask, 5, "an answer", ignore=(KeyError,))


def test_a_child_that_outlives_its_parent_is_seen_and_ended(tmp_path):
    parent = "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); print('up', flush=True); time.sleep(60)"
    with Process([sys.executable, "-c", parent], tmp_path / "log") as process:
        wait_for(lambda: "up" in process.tail(), 10, "the parent is up")

        process.kill()

        assert process.exit_code == -9
        assert process.group_lives()
    wait_for(lambda: not process.group_lives(), 10, "the child is ended")


def test_a_process_that_ignores_sigterm_is_killed_and_named_with_its_last_lines(tmp_path):
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    with Process([sys.executable, "-c", stubborn], tmp_path / "log") as process:
        wait_for(lambda: "deaf" in process.tail(), 10, "the process is up")

        with pytest.raises(AssertionError, match="deaf"):
            process.terminate(deadline_s=0.1)

        assert process.exit_code == -9


@pytest.mark.parametrize(
    ("ci", "closing"), [("true", "1 failed, 1 xfailed, 1 error"), ("", "2 skipped, 1 xfailed")]
)
def test_a_skipped_test_is_a_failure_in_ci_and_only_there(tmp_path, ci, closing):
    (tmp_path / "test_skips.py").write_text(_SKIPPING_TESTS)
    command = ["pytest", "-q", "-p", "tests.support.no_skips", "-p", "no:cacheprovider"]

    run = subprocess.run(
        [sys.executable, "-m", *command, "--rootdir", tmp_path, tmp_path],
        env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert closing in run.stdout


@pytest.fixture
def bare_checkout(tmp_path):
    """What the set-up reads, without what it brought."""
    for name in ("scripts/setup-tests.sh", "tests/support/kafka/pom.xml"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


_PLAINEST = {"sh", "dirname", "sed", "id", "rm", "mkdir", "mv", "cat", "chmod"}


def _set_up(checkout, *programs):
    """Runs the set-up where only these programs and the plainest ones are found."""
    found = checkout / "bin"
    found.mkdir()
    for name, script in programs:
        (found / name).write_text(f"#!/bin/sh\n{script}\n")
        (found / name).chmod(0o755)
    for name in _PLAINEST - dict(programs).keys():
        (found / name).symlink_to(shutil.which(name))
    command = ["sh", "scripts/setup-tests.sh"]
    return subprocess.run(
        command, cwd=checkout, env={"PATH": str(found)}, capture_output=True, text=True, check=False
    )


def test_the_set_up_without_a_package_manager_says_what_to_install_and_goes_on(bare_checkout):
    run = _set_up(bare_checkout)

    assert run.returncode == 0
    assert run.stderr.splitlines() == [
        "setup-tests: no apt-get here; install by hand: default-jre-headless",
        "setup-tests: no apt-get here; put prometheus and promtool on the PATH",
        "setup-tests: no apt-get here; put prometheus-alertmanager and amtool on the PATH",
        (
            "setup-tests: without Kafka Prometheus Alertmanager the tests that need it are skipped"
            " (with CI set: fail)"
        ),
    ]


def test_the_set_up_without_rights_says_what_to_run_as_root(bare_checkout):
    run = _set_up(bare_checkout, ("apt-get", "exit 1"), ("id", "echo 1000"))

    assert run.returncode == 0
    assert "run as root: apt-get install --no-install-recommends default-jre-headless" in run.stderr


def test_the_set_up_leaves_no_half_of_what_it_could_not_bring(bare_checkout):
    no_network = "echo no network >&2; exit 1"
    broken = [("mvn", "echo no network; exit 1"), ("apt-get", no_network), ("dpkg-deb", "exit 1")]

    run = _set_up(bare_checkout, ("java", "exit 0"), *broken)

    assert run.stderr.count("no network") == 3
    assert "without Kafka Prometheus Alertmanager" in run.stderr
    assert not (bare_checkout / ".cache/prometheus").exists()
    assert not (bare_checkout / ".cache/alertmanager").exists()
    assert list((bare_checkout / ".cache/kafka").glob("*[0-9]")) == []
