"""Child processes that are waited for, heard, and ended with all they started."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tocsin.errors import TocsinError, Unavailable

_LAST_LINES: Final = 15
_STOP_AFTER_S: Final = 10.0
_PR_SET_PDEATHSIG: Final = 1


class ChildDied(TocsinError):
    """A child ended by itself; the message holds its last lines."""


class Child:
    """One child process in a session of its own, with its output heard line by line."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str, str], None] | None = None,
    ) -> None:
        self.name = name
        self.last: collections.deque[str] = collections.deque(maxlen=_LAST_LINES)
        self._argv = list(argv)
        self._env = dict(env)
        self._folder = folder
        self.on_line = on_line
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 before the start."""
        return self._process.pid if self._process else 0

    def start(self, *, port: int | None = None) -> None:
        """Starts the child; with `port`, waits until something listens there.

        Raises:
            Unavailable: the port is taken already.
            ChildDied: it ended before it listened.
        """
        if port is not None and _listens(port):
            raise Unavailable(f"{self.name}: port {port} is in use; choose another")
        # TMPDIR: what a killed child leaves goes with the group's folder.
        env = {**os.environ, **self._env, "TMPDIR": str(self._folder)}
        self._process = subprocess.Popen(  # noqa: S603 - the argument list is our own
            self._argv,
            cwd=self._folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
        )
        threading.Thread(target=self._hear, daemon=True, name=f"hear-{self.name}").start()
        if port is not None:
            self.wait_for(lambda: _listens(port), 20.0, "to listen")

    def wait_for(self, condition: Callable[[], bool], deadline_s: float, what: str) -> None:
        """Comes back when the condition holds.

        Raises:
            ChildDied: the child ended first.
            Unavailable: the deadline passed.
        """
        until = time.monotonic() + deadline_s
        while not condition():
            self.check()
            if time.monotonic() > until:
                raise Unavailable(f"{self.name}: waited {deadline_s:.0f} s for it {what}")
            time.sleep(0.03)

    def check(self) -> None:
        """Passes while the child runs.

        Raises:
            ChildDied: with its last lines.
        """
        code = self._process.poll() if self._process else None
        if code is not None:
            time.sleep(0.1)  # the last lines are on their way through the pipe
            said = "".join(f"\n  {line}" for line in self.last)
            raise ChildDied(f"{self.name} ended with code {code}{said}")

    def stop(self, after_s: float = _STOP_AFTER_S) -> int | None:
        """Asks it to end, makes it end if it does not in time, and returns its exit code."""
        process = self._process
        if process is None:
            return None
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # what it started and did not end
        return process.returncode

    def kill(self) -> None:
        """Ends it without a word, as a power cut would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _hear(self) -> None:
        process = self._process
        if process is None or process.stdout is None:
            return
        with process.stdout:
            for line in process.stdout:
                text = line.rstrip("\n")
                self.last.append(text)
                if self.on_line is not None:
                    self.on_line(self.name, text)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end_with_parent() -> None:
    """Has the kernel end the child when the supervisor is killed, so that none is left over."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
