from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from tests.support.wait import wait_for
from tocsin.errors import Unavailable
from tocsin.local.broker import free_port
from tocsin.local.processes import Child, ChildDied

LISTEN = (
    "import socket,sys,time; s=socket.socket(); s.bind(('127.0.0.1', int(sys.argv[1])));"
    "s.listen(); print('hello', flush=True); time.sleep(60)"
)


def child(tmp_path, code, *arguments, **options):
    argv = [sys.executable, "-c", code, *map(str, arguments)]
    return Child("test", argv, env={}, folder=tmp_path, **options)


def runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_is_heard_and_ended(tmp_path):
    heard = []
    port = free_port()
    one = child(tmp_path, LISTEN, port, on_line=lambda name, line: heard.append((name, line)))

    one.start(port=port)
    wait_for(lambda: heard == [("test", "hello")], 10, "its line")
    one.stop()

    assert not runs(one.pid)


def test_a_child_that_ends_by_itself_is_told_with_its_last_lines(tmp_path):
    one = child(tmp_path, "print('the reason'); raise SystemExit(3)")
    one.start()

    with pytest.raises(ChildDied, match=r"code 3\n  the reason"):
        one.wait_for(lambda: False, 10, "to live")


def test_a_port_that_is_taken_is_told_by_number(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(Unavailable, match=f"port {port} is in use"):
            child(tmp_path, LISTEN, port).start(port=port)


def test_what_a_child_started_ends_with_it(tmp_path):
    heard = []
    code = (
        "import subprocess,sys,time;"
        "p=subprocess.Popen([sys.executable,'-c','import time; time.sleep(60)']);"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    one = child(tmp_path, code, on_line=lambda _, line: heard.append(int(line)))
    one.start()
    wait_for(lambda: heard, 10, "the grandchild's number")

    one.stop()

    wait_for(lambda: not _lives(heard[0]), 10, "the grandchild to end")


def _lives(pid):
    """Whether it runs; a zombie that nobody has waited for yet does not."""
    try:
        about = Path(f"/proc/{pid}/stat").read_text("ascii")
    except FileNotFoundError:
        return False
    return about.rsplit(")", 1)[1].split()[0] != "Z"
