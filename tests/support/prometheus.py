"""A real Prometheus server, and promtool beside it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from tests.support.paths import CACHE
from tests.support.processes import Process, free_ports
from tests.support.wait import wait_for

if TYPE_CHECKING:
    from pathlib import Path

_START_S = 30.0


def binary(name: str) -> str | None:
    """`prometheus` or `promtool`: the machine's own, or what scripts/setup-tests.sh unpacked."""
    unpacked = CACHE / "prometheus" / "usr" / "bin" / name
    return shutil.which(name) or (str(unpacked) if unpacked.exists() else None)


def missing() -> str | None:
    """Why Prometheus cannot be started here, and what to do about it."""
    if binary("prometheus") and binary("promtool"):
        return None
    return "no prometheus; run scripts/setup-tests.sh"


class PrometheusServer:
    """One server that scrapes as `config` says, with its data in `folder`."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder = folder
        self.config = config
        self.port = free_ports(1)[0]
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it is ready to answer queries."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(self.config, sort_keys=False))
        program = binary("prometheus")
        assert program, missing()
        command = [program, f"--config.file={config}", f"--storage.tsdb.path={self.folder}/data"]
        command += [f"--web.listen-address=127.0.0.1:{self.port}"]
        self._process = Process(command, self.folder / "prometheus.log", cwd=self.folder)
        wait_for(self._ready, _START_S, "Prometheus is ready", ignore=(URLError,))

    def stop(self) -> None:
        """SIGTERM."""
        if self._process:
            self._process.terminate()
            self._process.close()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query; raises on a bad expression (HTTP 400)."""
        result: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return result

    def targets(self) -> list[dict[str, Any]]:
        """The targets it scrapes, with their health."""
        active: list[dict[str, Any]] = self._get("targets", state="active")["activeTargets"]
        return active

    def _get(self, what: str, **parameters: str) -> dict[str, Any]:
        with urlopen(f"{self.url}/api/v1/{what}?{urlencode(parameters)}", timeout=10) as answer:
            data: dict[str, Any] = json.load(answer)["data"]
            return data

    def _ready(self) -> bool:
        assert self._process
        self._process.check()
        with urlopen(f"{self.url}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
