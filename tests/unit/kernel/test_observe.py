from __future__ import annotations

import json
import logging
import sys
import urllib.error
import urllib.request

import httpx2
import pytest

from tests.support.processes import free_ports
from tocsin import observe, settings
from tocsin.errors import SettingsError
from tocsin.observe import Health


@pytest.fixture
def health():
    return Health(stuck_after_s=10, clock=lambda: now[0])


now = [0.0]


@pytest.fixture
def server(health):
    server = observe.serve(settings.Http(), health)
    yield server
    server.close()


@pytest.fixture
def logging_restored():
    root = logging.getLogger()
    before, level, hooks = root.handlers[:], root.level, (sys.excepthook,)
    yield
    root.handlers[:] = before
    root.setLevel(level)
    (sys.excepthook,) = hooks


def get(server, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_service_is_ready_when_nothing_is_missing_and_says_what_is(server, health):
    health.mark_not_ready("coder", "loading")
    health.mark_ready()
    missing = get(server, "/readyz")
    health.mark_ready("coder")

    assert missing == (503, "coder: loading\n")
    assert get(server, "/readyz") == (200, "ok\n")


def test_a_service_is_alive_while_its_work_makes_progress(server, health):
    now[0] = 0.0
    health.busy()
    now[0] = 9.0
    busy = get(server, "/livez")
    now[0] = 11.0
    stuck = get(server, "/livez")
    health.beat()

    assert busy[0] == 200
    assert stuck == (503, "no progress for 11 s\n")
    assert get(server, "/livez")[0] == 200


def test_metrics_are_given_and_other_paths_are_not(server):
    assert "python_info" in get(server, "/metrics")[1]
    assert get(server, "/etc/passwd")[0] == 404


def test_a_port_that_is_taken_is_a_wrong_setting(server, health):
    with pytest.raises(SettingsError, match="TOCSIN_HTTP_PORT"):
        observe.serve(settings.Http(port=server.port), health)


def test_an_exception_is_one_line_without_its_traceback(logging_restored, capsys):
    observe.configure_logging(settings.Log(), "test")
    try:
        raise ValueError("of this kind")
    except ValueError:
        observe.get_logger().exception("a thing failed", at="here")

    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert told["error"] == "ValueError: of this kind"
    assert (told["event"], told["at"], told["service"]) == ("a thing failed", "here", "test")


def test_what_nobody_caught_is_one_line_too(logging_restored, capsys):
    observe.configure_logging(settings.Log(), "test")

    sys.excepthook(ValueError, ValueError("loose"), None)

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["error"] == "ValueError: loose"


def test_a_library_that_repeats_itself_is_heard_once_a_while(logging_restored, capsys):
    observe.configure_logging(settings.Log(), "test")

    for attempt in range(500):
        logging.getLogger("aiokafka").error("cannot connect, attempt %d", attempt)

    assert len(capsys.readouterr().err.splitlines()) == 1


def test_free_ports_differ():
    assert len(set(free_ports(5))) == 5


@pytest.mark.parametrize("level", ["info", "debug"])
def test_the_http_library_does_not_log_a_url_with_its_token(logging_restored, capsys, level):
    observe.configure_logging(settings.Log(level=level), "test")
    transport = httpx2.MockTransport(lambda _request: httpx2.Response(204))

    with httpx2.Client(transport=transport) as client:
        client.post("https://hooks.example/services/T0/canary", headers={"x-token": "canary"})

    assert "canary" not in capsys.readouterr().err
