"""A real Alertmanager, and amtool beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from tests.support.paths import CACHE, DEPLOY
from tests.support.processes import Process, free_ports
from tests.support.wait import wait_for

_START_S = 30.0
_TEMPLATES = Path("/usr/share/prometheus/alertmanager/default.tmpl")


def binary(name: str) -> str | None:
    """`prometheus-alertmanager`, as Debian calls it, or `amtool`; as for Prometheus."""
    unpacked = CACHE / "alertmanager" / "usr" / "bin" / name
    return shutil.which(name) or (str(unpacked) if unpacked.exists() else None)


def missing() -> str | None:
    """Why Alertmanager cannot be started here, and what to do about it."""
    # Debian's program does not start without its templates.
    if binary("prometheus-alertmanager") and binary("amtool") and _TEMPLATES.exists():
        return None
    return "no alertmanager; run scripts/setup-tests.sh"


class AlertmanagerServer:
    """One server with the deployment's configuration, its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_ports(1)[0]
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        program = binary("prometheus-alertmanager")
        assert program, missing()
        command = [program, f"--config.file={DEPLOY / 'alertmanager' / 'alertmanager.yml'}"]
        command += [f"--storage.path={self.folder}/data", "--cluster.listen-address="]
        command += [f"--web.listen-address=127.0.0.1:{self.port}"]
        self._process = Process(command, self.folder / "alertmanager.log", cwd=self.folder)
        wait_for(self._ready, _START_S, "Alertmanager is ready", ignore=(URLError,))

    def stop(self) -> None:
        """SIGTERM."""
        if self._process:
            self._process.terminate()
            self._process.close()

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that it holds to be firing."""
        with urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found

    def _ready(self) -> bool:
        assert self._process
        self._process.check()
        with urlopen(f"{self.url}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
