"""The deployment without Docker: each service's command and environment from docker-compose.yml,
as local processes on a real Kafka, Redis and Prometheus.

Only host names, ports and paths differ. A service finds only the packages of its image.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.error import URLError
from urllib.request import Request, urlopen

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.compose import SERVICES, binds, compose, environment
from tests.support.kafka import KafkaServer
from tests.support.newsroom import Newsroom
from tests.support.paths import DEPLOY, ROOT
from tests.support.processes import Process, free_ports
from tests.support.prometheus import PrometheusServer
from tests.support.redis import RedisServer
from tests.support.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable

PASSWORD: Final = "0123456789abcdef"
# What an operator's .env says. A replay's alerts are not posted, and to the loopback none is.
_VARIABLES: Final = {
    "REDIS_PASSWORD": PASSWORD,
    "TOCSIN_ALERT_WEBHOOK_URL": "http://127.0.0.1:9/",
    "TOCSIN_ALERT_WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
}
_TOKEN: Final = "a-token-of-the-tests"
_PUSHED: Final = '[[source]]\nkind = "push"\nname = "desk"\ntoken_env = "DESK_TOKEN"\n'
_IMAGE = Path(__file__).parent / "image"
_READY_S = 90.0  # enrich loads its language model, on a machine that is busy


class Deployment:
    """All services of the file that matter to the flow. `start` in the file's order, `stop`.

    Ingest follows one feed of `newsroom`, which has an article from the start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.kafka = KafkaServer(folder / "kafka")
        self.redis = RedisServer(folder / "redis", password=PASSWORD)
        self.ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        self.prometheus = PrometheusServer(folder / "prometheus", self._scrape_config())
        self.processes: dict[str, Process] = {}
        self.inbox = folder / "inbox"
        self.inbox.mkdir(parents=True)
        self.newsroom = Newsroom(1)
        self._push_port = free_ports(1)[0]

    def start(self) -> None:
        """Returns when every service says that it is ready.

        Ingest starts last, when the others have been scraped: so every counter was seen at 0.
        """
        self.newsroom.__enter__()
        self.newsroom.publish(1)
        (self._folder / "sources.toml").write_text(self.newsroom.sources() + _PUSHED)
        self.kafka.start()
        self.redis.start()
        topics = self.run("topics")
        wait_for(lambda: topics.exit_code is not None, 60, "the topics are created")
        assert topics.exit_code == 0, topics.tail()
        self.prometheus.start()
        for services in (("alert", "enrich"), ("ingest",)):
            for service in services:
                self.processes[service] = self.run(service)
            for service in services:
                wait_for(lambda name=service: self.ready(name), _READY_S, f"{service} is ready")
            wait_for(lambda names=services: self._scraped(names), 30, f"{services} are scraped")

    def run(self, service: str) -> Process:
        """Starts the command of one service."""
        command = [sys.executable if part == "python" else part for part in self._command(service)]
        requirements = compose()["services"][service]["image"].removeprefix("tocsin/")
        env = {name: self._local(value, service) for name, value in self._environment(service)}
        env |= {
            "PYTHONPATH": str(_IMAGE),
            "IMAGE_REQUIREMENTS": str(ROOT / "requirements" / f"{requirements}.txt"),
            "TMPDIR": str(self._made("tmp")),
        }
        log = self._made("logs") / f"{service}.log"
        return Process(command, log, env=env, cwd=self.working_folder)

    @property
    def working_folder(self) -> Path:
        """Where the services run; their containers cannot write there."""
        return self._made("app")

    def drop(self, name: str, text: str) -> None:
        """Puts an article into the inbox."""
        (self.inbox / f"{name}.txt").write_text(text)

    def push(self, text: str) -> int:
        """Sends an article to ingest over HTTP; the status of the answer."""
        request = Request(
            f"http://127.0.0.1:{self._push_port}/v1/articles",
            json.dumps({"text": text}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {_TOKEN}"},
        )
        with urlopen(request, timeout=10) as answer:
            return int(answer.status)

    def ready(self, service: str) -> bool:
        """Whether a service answers 200 on /readyz; fails if it has ended."""
        self.processes[service].check()
        try:
            with urlopen(f"{self.url(service)}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except URLError:
            return False

    def url(self, service: str) -> str:
        """Where a service answers health and metrics."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def count(self, service: str, metric: str, **labels: str) -> float:
        """The sum of a service's samples of a metric with these labels."""
        with urlopen(f"{self.url(service)}/metrics", timeout=5) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == metric and labels.items() <= sample.labels.items()
        )

    def stop(self) -> None:
        """SIGTERM to each, the last first; fails if one left anything behind."""
        for service, process in reversed(self.processes.items()):
            process.terminate(deadline_s=20)
            wait_for(lambda p=process: not p.group_lives(), 5, f"{service} leaves nothing behind")

    def close(self) -> None:
        """Ends all at once."""
        for process in self.processes.values():
            process.close()
        self.prometheus.stop()
        self.redis.stop()
        self.kafka.close()
        self.newsroom.__exit__()

    def _command(self, service: str) -> list[str]:
        command: list[str] = compose()["services"][service]["command"]
        return command

    def _environment(self, service: str) -> Iterable[tuple[str, str]]:
        own = {
            "TOCSIN_INGEST_SOURCES": str(self._folder / "sources.toml"),
            "TOCSIN_INGEST_PUSH_PORT": str(self._push_port),
        }
        env = environment(service, _VARIABLES | own)
        if service == "ingest":
            # What .env.sources would hold; and on this machine not for all to reach.
            env |= {"NEWSROOM_TOKEN": f"Bearer {_TOKEN}"}
            env |= {"DESK_TOKEN": _TOKEN, "TOCSIN_INGEST_PUSH_HOST": "127.0.0.1"}
        if service in self.ports:
            env |= {"TOCSIN_HTTP_HOST": "127.0.0.1", "TOCSIN_HTTP_PORT": str(self.ports[service])}
        return env.items()

    def _local(self, value: str, service: str) -> str:
        value = value.replace("kafka:9092", self.kafka.bootstrap)
        value = value.replace("redis:6379", f"127.0.0.1:{self.redis.port}")
        for inside, outside in binds(service).items():
            here = self.inbox if outside == "./inbox" else ROOT / outside
            value = str(here) if value == inside else value
        return value

    def _scrape_config(self) -> dict[str, Any]:
        config: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
        del config["alerting"]  # no Alertmanager here
        config["global"]["scrape_interval"] = "1s"  # a test does not wait for the deployed 15 s
        config["rule_files"] = [str(DEPLOY / "prometheus" / name) for name in config["rule_files"]]
        for job in config["scrape_configs"]:
            for targets in job["static_configs"]:
                targets["targets"] = [self._target(each) for each in targets["targets"]]
        return config

    def _target(self, deployed: str) -> str:
        service, port = deployed.split(":")
        assert port == "9100", f"{deployed} is not where the image listens"
        return f"127.0.0.1:{self.ports[service]}"

    def _scraped(self, services: Iterable[str]) -> bool:
        jobs = "|".join(services)
        twice = self.prometheus.query(f'sum_over_time(up{{job=~"{jobs}"}}[1m]) >= 2')
        return len(twice) == len(tuple(services))

    def _made(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder
