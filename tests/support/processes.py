"""A program under test as a child process, with its output kept and nothing of it left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def free_ports(count: int) -> list[int]:
    """Loopback ports nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Process:
    """A running child in a process group of its own; output and errors go to `log`.

    A context manager: `close` at the end, whatever happened.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.command = list(command)
        self.log = log
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Its process id, which is its group's too."""
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number if one ended it."""
        return self._child.poll()

    def tail(self, lines: int = 20) -> str:
        """The last lines it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def check(self) -> None:
        """Raises AssertionError with its last lines if it has ended."""
        if self.exit_code is not None:
            raise AssertionError(f"{self.command[:3]} ended with {self.exit_code}:\n{self.tail()}")

    def terminate(self, deadline_s: float = 15) -> int:
        """Its exit code after SIGTERM.

        Raises:
            AssertionError: if it still runs after `deadline_s`; it is killed then.
        """
        if self.exit_code is None:
            self._child.terminate()
        try:
            return self._child.wait(deadline_s)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise AssertionError(
                f"{self.command[:3]} ignored SIGTERM for {deadline_s:g} s:\n{self.tail()}"
            ) from error

    def kill(self) -> None:
        """SIGKILL to it alone, not to its children, as the out-of-memory killer would."""
        if self.exit_code is None:
            self._child.kill()
        self._child.wait()

    def suspend(self) -> None:
        """SIGSTOP: it lives and answers nothing, as behind a dead network."""
        self._child.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._child.send_signal(signal.SIGCONT)

    def group_lives(self) -> bool:
        """Whether it or any child that it started still runs."""
        self._child.poll()
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def close(self) -> None:
        """Ends whatever is left of its group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._child.wait()
