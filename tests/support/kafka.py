"""A real Apache Kafka broker, one node in KRaft mode, with the deployment's server.properties."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from tests.support.paths import CACHE, DEPLOY
from tests.support.processes import Process, free_ports
from tests.support.wait import wait_for

if TYPE_CHECKING:
    from pathlib import Path

_SETTINGS = DEPLOY / "kafka" / "server.properties"
_CLUSTER_ID = "dG9jc2luLXRlc3RzLTAwMQ"  # any 16 bytes, base64 without padding
# A small heap and the quick compiler: the tests start it often and load it little.
_JAVA = ("java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
_START_S = 60.0


def jars() -> Path | None:
    """The folder with Kafka's jars that scripts/setup-tests.sh made."""
    found = sorted((CACHE / "kafka").glob("*/kafka-clients-*.jar"))
    return found[-1].parent if found else None


def missing() -> str | None:
    """Why Apache Kafka cannot be started here, and what to do about it."""
    if not shutil.which("java"):
        return "no java; run scripts/setup-tests.sh"
    return None if jars() else "no Kafka jars in .cache; run scripts/setup-tests.sh"


class KafkaServer:
    """One broker with its ports and data in `folder`; both outlive `kill` and `restart`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self._controller_port = free_ports(2)
        self._process: Process | None = None

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""
        return f"127.0.0.1:{self.port}"

    @property
    def process(self) -> Process:
        """The running broker."""
        assert self._process, "Kafka is not started"
        return self._process

    def start(self) -> None:
        """Returns when the broker's admin API answers."""
        properties = self.folder / "server.properties"
        if not properties.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            properties.write_text(self._properties())
            self._format(properties)
        self._process = self._java("kafka.Kafka", str(properties))
        wait_for(
            self._answers, _START_S, "Kafka answers", ignore=(KafkaError, OSError), interval_s=0.2
        )

    def stop(self) -> None:
        """SIGTERM and an orderly end; the data stays."""
        if self._process:
            self._process.terminate(deadline_s=30)
            self._process.close()

    def kill(self) -> None:
        """SIGKILL; what was acknowledged stays."""
        self.process.kill()

    def restart(self) -> None:
        """Stops it if it runs, and starts it again on the same data and ports."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Ends it at once; for a broker whose data nobody needs any more."""
        if self._process:
            self._process.close()

    def _properties(self) -> str:
        broker, controller = f"127.0.0.1:{self.port}", f"127.0.0.1:{self._controller_port}"
        ours = {
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "log.dirs": str(self.folder / "data"),
        }
        deployed = _SETTINGS.read_text().splitlines()
        unknown = ours.keys() - {line.split("=", 1)[0] for line in deployed}
        assert not unknown, f"{_SETTINGS} no longer sets {unknown}"
        kept = [line for line in deployed if line.split("=", 1)[0] not in ours]
        return "\n".join([*kept, *(f"{name}={value}" for name, value in ours.items())]) + "\n"

    def _format(self, properties: Path) -> None:
        command = ("format", "--cluster-id", _CLUSTER_ID, "--config", str(properties))
        with self._java("kafka.tools.StorageTool", *command) as formatting:
            wait_for(lambda: formatting.exit_code is not None, _START_S, "Kafka's storage is made")
            assert formatting.exit_code == 0, formatting.tail()

    def _java(self, *command: str) -> Process:
        options = (
            f"-Djava.io.tmpdir={self.folder}",  # a killed broker leaves its unpacked libraries
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        )
        command = (*_JAVA, *options, "-cp", f"{jars()}/*", *command)
        return Process(command, self.folder / "kafka.log", cwd=self.folder)

    def _answers(self) -> bool:
        self.process.check()
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap, bootstrap_timeout_ms=2000)
        try:
            admin.list_topics()
        finally:
            admin.close()
        return True
