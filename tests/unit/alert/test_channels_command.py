from __future__ import annotations

import json

import pytest

from services.alert.channels.command import NotDelivered
from services.alert.manage import main
from tests.support.paths import ROOT
from tests.support.sinks import HttpSink
from tests.unit.alert.test_channel_file import HOOK, SECRET
from tocsin.errors import SettingsError, UsageError

EXAMPLE = str(ROOT / "deploy/alert/channels.example.toml")


@pytest.fixture
def hooked(tmp_path, monkeypatch):
    """A file with one webhook to a sink that gives these answers."""

    def write(url):
        file = tmp_path / "channels.toml"
        file.write_text(f'{HOOK}allow = ["127.0.0.0/8"]\n[[channel.route]]\nmin_level = 4\n')
        monkeypatch.setenv("U", url)
        monkeypatch.setenv("S", SECRET)
        return str(file)

    return write


def test_check_tells_what_each_channel_gets_and_how(capsys):
    assert main(["channels", "check", EXAMPLE, "--file-only"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert main(["channels", "check", EXAMPLE, "--file-only", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)

    assert lines[0] == "duty  webhook  level 4+  each by itself"
    assert "by all, after 5 s, up to 50 a minute" in lines[1]
    assert [each["kind"] for each in told] == [
        "webhook",
        "slack",
        "email",
        "alertmanager",
        "apprise",
    ]


def test_check_asks_for_the_variables_too(capsys):
    with pytest.raises(SettingsError, match=r"channel duty: the variable DUTY_\w+ is not set"):
        main(["channels", "check", EXAMPLE])


def test_test_sends_one_exercise_alert_of_no_state_whatever_the_routes(hooked, capsys):
    with HttpSink() as sink:
        assert main(["channels", "test", hooked(sink.url), "duty"]) == 0
        (request,) = sink.requests

    body = json.loads(request.body)
    assert capsys.readouterr().out == "duty: delivered\n"
    assert (body["status"], body["dyad"], body["level"]) == ("exercise", "XAA-XZZ", 1)


def test_test_says_why_a_receiver_did_not_take_it(hooked):
    with (
        HttpSink(lambda _path, _body: (404, {}, b"")) as sink,
        pytest.raises(NotDelivered, match="duty: HTTP 404"),
    ):
        main(["channels", "test", hooked(sink.url), "duty"])


@pytest.mark.parametrize("name", [[], ["nobody"]])
def test_test_needs_a_channel_of_the_file(hooked, name):
    with pytest.raises(UsageError, match=r"needs the name|there are duty"):
        main(["channels", "test", hooked("http://127.0.0.1:9"), *name])
