"""The embedded run: broker, Redis and the three services as one group of processes."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from tocsin import bus, settings
from tocsin.local.broker import Broker, free_port
from tocsin.local.processes import Child
from tocsin.local.redis_server import RedisServer

SERVICES: Final = ("ingest", "enrich", "alert")
_READY_S: Final = 120.0


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Where the group listens, on loopback only. 0 takes any free port; http is the first of 3."""

    kafka: int = 0
    redis: int = 0
    http: int = 0


class Stack:
    """The running group. `start` comes back when all are ready, `stop` ends them in reverse."""

    def __init__(
        self,
        ports: Ports,
        *,
        env: Mapping[str, str] | None = None,
        on_line: Callable[[str, str], None] | None = None,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tocsin-"))
        self._on_line = on_line
        self._on_step = on_step
        self._broker = Broker(port=ports.kafka, folder=self.folder)
        self._redis = RedisServer(port=ports.redis, folder=self.folder)
        first = ports.http
        self.http = {
            name: first + place if first else free_port() for place, name in enumerate(SERVICES)
        }
        self._extra = dict(env or {})
        self.children: list[Child] = []

    @property
    def env(self) -> dict[str, str]:
        """What a command needs in its environment to reach this group."""
        return {
            "TOCSIN_KAFKA_BOOTSTRAP": self._broker.bootstrap,
            "TOCSIN_REDIS_URL": self._redis.url,
            **self._extra,
        }

    @property
    def kafka(self) -> settings.Kafka:
        """How to reach the group's broker from here."""
        return settings.Kafka(bootstrap=self._broker.bootstrap)

    def start(self) -> None:
        """Starts all and waits until each is ready.

        Raises:
            ChildDied: one ended; the error holds its last lines.
            Unavailable: one did not become ready, or a port is taken.
        """
        self._on_step("broker (embedded) and Redis")
        for server in (self._broker, self._redis):
            child = server.start()
            child.on_line = self._on_line
            self.children.append(child)
        bus.create_topics(self.kafka)
        self._on_step("services: " + ", ".join(SERVICES))
        services = {name: self.start_service(name) for name in SERVICES}
        for name, child in services.items():
            child.wait_for(lambda port=self.http[name]: _ready(port), _READY_S, "to be ready")  # type: ignore[misc]
        self._on_step("ready")

    def start_service(self, name: str) -> Child:
        """Starts one service of the group, again if it had ended."""
        env = {**self.env, "TOCSIN_HTTP_PORT": str(self.http[name])}
        argv = [sys.executable, "-m", f"services.{name}"]
        child = Child(name, argv, env=env, folder=self.folder, on_line=self._on_line)
        child.start()
        self.children = [each for each in self.children if each.name != name] + [child]
        return child

    def check(self) -> None:
        """Passes while all run.

        Raises:
            ChildDied: one ended; the error holds its last lines.
        """
        for child in self.children:
            child.check()

    def stop(self) -> None:
        """Ends all, the last started first; no process, port or folder stays."""
        try:
            for child in reversed(self.children):
                child.stop()
            for server in (self._redis, self._broker):  # one may be stopped while it starts
                server.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    """The started group, ended whatever happens."""
    try:
        stack.start()
        yield stack
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):  # a second Ctrl-C must not stop the stop
            signal.signal(number, signal.SIG_IGN)
        stack.stop()


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
