"""`tocsin demo`, `tocsin up` and `tocsin watch` as a user meets them."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from tests.e2e.test_seeds import LADDER, SEEDS
from tests.support.paths import ROOT
from tests.support.processes import free_ports
from tests.support.wait import wait_for

MARK = "TOCSIN_TEST_MARK"


class Terminal:
    """Runs commands as in one terminal: with its folder for temporary files, and its mark."""

    def __init__(self, folder):
        self.folder = folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.mark = secrets.token_hex(8)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
        self.env = {**clean, "TMPDIR": str(self.temporary), MARK: self.mark, "NO_COLOR": "1"}
        self.log = folder / "up.log"

    def run(self, *arguments, env=None):
        return subprocess.run(
            [sys.executable, "-m", "tocsin.cli", *arguments],
            env={**self.env, **(env or {})},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=200,
        )

    def start(self, *arguments):
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tocsin.cli", *arguments],
                env=self.env,
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def processes(self):
        """Every process that was started from here and still runs."""
        found = []
        for process in psutil.process_iter():
            try:
                running = process.status() != psutil.STATUS_ZOMBIE
                if running and process.environ().get(MARK) == self.mark:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def left(self):
        """What a command left behind: processes, temporary files, files in the working folder."""
        mine = {self.temporary, self.log}
        stray = [*self.temporary.iterdir(), *(set(self.folder.iterdir()) - mine)]
        return [*self.processes(), *stray]


@pytest.fixture
def terminal(tmp_path):
    terminal = Terminal(tmp_path)
    yield terminal
    for process in terminal.processes():
        process.kill()


@pytest.fixture
def ports():
    kafka, redis, http = free_ports(3)
    return ["--kafka-port", str(kafka), "--redis-port", str(redis), "--http-port", str(http)]


def up(terminal, *arguments):
    """`tocsin up`, ready."""
    running = terminal.start("up", *arguments)

    def ready():
        assert running.poll() is None, terminal.log.read_text()
        return "tocsin | ready" in terminal.log.read_text()

    wait_for(ready, 90, "tocsin up is ready")
    return running


def test_the_demo_prints_the_same_ladder_twice_and_leaves_nothing(terminal):
    one, other = terminal.run("demo", "--json"), terminal.run("demo", "--json")

    rows = [json.loads(line) for line in one.stdout.splitlines()]
    assert one.returncode == other.returncode == 0, one.stderr + other.stderr
    assert one.stdout == other.stdout
    assert all(
        list(row) == ["article", "published_at", "dyad", "level", "state", "why", "evidence"]
        for row in rows
    )
    pair = [row for row in rows if row["dyad"] == "USA-VEN"]
    assert [(r["article"], r["dyad"], r["level"], r["state"]) for r in pair] == LADDER
    assert all(row["evidence"] in (SEEDS / row["article"]).read_text("utf-8") for row in rows)
    assert terminal.left() == []


def test_the_demo_for_people_is_the_table_of_the_readme_without_colour_if_unwanted(terminal):
    done = terminal.run("demo")

    assert done.returncode == 0, done.stderr
    assert "\x1b[" not in done.stdout
    shown = "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())
    assert f"```\n{shown}\n```" in (ROOT / "README.md").read_text("utf-8")


def test_up_ends_all_at_ctrl_c_and_leaves_nothing(terminal, ports):
    running = up(terminal, *ports)

    assert len(terminal.processes()) >= 6
    running.send_signal(signal.SIGINT)

    assert running.wait(30) == 0
    assert terminal.left() == []
    for port in ports[1::2]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # old connections linger
            probe.bind(("127.0.0.1", int(port)))


def test_up_ends_all_when_one_part_dies_and_shows_its_last_lines(terminal, ports):
    running = up(terminal, *ports)
    (enrich,) = [
        each
        for each in psutil.Process(running.pid).children()
        if "services.enrich" in each.cmdline()
    ]

    enrich.kill()

    assert running.wait(30) == 1
    told = terminal.log.read_text()
    assert "enrich ended with code -9" in told
    assert told.rstrip().splitlines()[-1].startswith("  {"), "its last lines close the output"
    assert terminal.left() == []


def test_what_up_started_ends_with_it_when_it_is_killed(terminal, ports):
    running = up(terminal, *ports)

    running.kill()
    running.wait()

    wait_for(lambda: not terminal.processes(), 20, "all that it started has ended")


def test_up_on_a_port_in_use_says_so_in_one_line_and_leaves_nothing(terminal, ports):
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(ports[1])))
        other.listen()

        done = terminal.run("up", *ports)

    assert done.returncode == 1
    assert f"port {ports[1]} is in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert terminal.left() == []


def test_replay_and_watch_meet_on_what_up_has_started(terminal, ports):
    running = up(terminal, *ports)
    env = {
        "TOCSIN_KAFKA_BOOTSTRAP": f"127.0.0.1:{ports[1]}",
        "TOCSIN_REDIS_URL": f"redis://127.0.0.1:{ports[3]}/0",
    }
    terminal.env |= env
    output = terminal.folder / "watch.json"
    with output.open("wb") as file:
        watching = subprocess.Popen(
            [sys.executable, "-m", "tocsin.cli", "watch", "--dyad", "USA-VEN", "--min-level", "3",
             "--json", "--from-beginning"],
            env=terminal.env, stdout=file,
        )  # fmt: skip

    replayed = terminal.run("replay", str(SEEDS))
    wait_for(lambda: '"level":4' in output.read_text().replace(" ", ""), 60, "the alert at level 4")
    watching.send_signal(signal.SIGINT)
    alerts = [json.loads(line) for line in output.read_text().splitlines()]

    assert replayed.returncode == 0, replayed.stderr
    assert "5 published" in replayed.stdout
    assert watching.wait(20) == 0
    assert {alert["level"] for alert in alerts} >= {3, 4}
    assert all(
        alert["peak"] >= 3 for alert in alerts
    )  # an episode that was shown is shown to its end
    assert all(alert["status"] == "exercise" for alert in alerts)
    running.send_signal(signal.SIGINT)
    assert running.wait(30) == 0
