from __future__ import annotations

import re

import msgspec
import pytest

from services.alert.channels.config import (
    AlertmanagerChannel,
    AppriseChannel,
    EmailChannel,
    Route,
    SlackChannel,
    WebhookChannel,
)
from services.alert.channels.file import build, parse_channels, read_channels
from tests.support.paths import ROOT
from tocsin.errors import SettingsError

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
HOOK = '[[channel]]\nkind = "webhook"\nname = "duty"\nurl_env = "U"\nsecret_env = "S"\n'
SLACK = '[[channel]]\nkind = "slack"\nname = "room"\n'
MAIL = '[[channel]]\nkind = "email"\nname = "desk"\nhost = "mx"\nsender = "t@x.org"\nto = ["a@x.org"]\n'
MANAGER = '[[channel]]\nkind = "alertmanager"\nname = "am"\n'


def parsed(text):
    return [config for config, _ in parse_channels(text, "channels.toml")]


def test_the_example_is_read_whole_and_has_every_kind():
    found = [config for config, _ in read_channels(ROOT / "deploy/alert/channels.example.toml")]

    kinds = {type(each).__name__.removesuffix("Channel").lower() for each in found}
    assert kinds == {"webhook", "slack", "email", "alertmanager", "apprise"}


def test_a_channel_has_the_defaults_of_its_kind():
    slack, mail = parsed(f'{SLACK}url_env = "U"\n{MAIL}')

    assert (slack.group_by, slack.per_minute, slack.exercises) == ("all", 50, False)
    assert isinstance(slack, SlackChannel)
    assert isinstance(mail, EmailChannel)
    assert (mail.port, mail.security, mail.group_by) == (587, "starttls", "region")


@pytest.mark.parametrize(
    "kind",
    [WebhookChannel, SlackChannel, EmailChannel, AlertmanagerChannel, AppriseChannel, Route],
)
def test_the_example_names_every_word_of_the_file(kind):
    text = (ROOT / "deploy/alert/channels.example.toml").read_text()

    words = [each.encode_name for each in msgspec.structs.fields(kind)]
    assert [each for each in words if not re.search(rf"\b{each}\b", text)] == []


def test_a_long_attempt_has_a_longer_lease():
    quick, slow = parsed(f"{HOOK}{HOOK.replace('duty', 'slow')}attempt_s = 40\n")

    assert quick.lease_s == 15
    assert slow.lease_s > 40


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "no [[channel]]"),
        ("[channel]\n", 1, "no [[channel]]"),
        ("[[chanel]]\n", 1, "no 'chanel' here"),
        ("\n\nname = 1\n", 3, "no 'name' here"),
        ("[[channel]\n", None, "line 1"),
        ('[[channel]]\nname = "x"\n', 1, "kind"),
        ('[[channel]]\nkind = "pager"\nname = "x"\n', 1, "Invalid value 'pager'"),
        (f"# first\n\n{HOOK}minlevel = 3\n", 3, "unknown field `minlevel`"),
        (f"{HOOK}\n{HOOK}", 7, "two channels have this name"),
        (HOOK.replace("duty", "Duty Desk"), 1, "name: "),
        (HOOK.replace("duty", "kafka"), 1, "the name is taken"),
        (HOOK.replace('secret_env = "S"', ""), 1, "missing required field `secret_env`"),
        (HOOK.replace('"U"', '"https://x.org"'), 1, "url_env: "),
        (f'{HOOK}url = "https://x.org/canary"\n', 1, "no 'url' in the file: give url_env"),
        (f'{HOOK}secret = "canary"\n', 1, "no 'secret' in the file: give secret_env"),
        (f'{SLACK}token = "canary"\n', 1, "no 'token' in the file: give token_env"),
        (f"{HOOK}attempt_s = 0\n", 1, "attempt_s: "),
        (f'{HOOK}group_by = "colour"\n', 1, "group_by: Invalid enum value 'colour'"),
        (f"{HOOK}[[channel.route]]\nmin_level = 6\n", 1, "route[0].min_level: "),
        (f"{HOOK}[[channel.route]]\nlevel = 3\n", 1, "unknown field `level`"),
        (f'{HOOK}[[channel.route]]\nregions = ["Asia"]\n', 1, "no region 'Asia'"),
        (f'{HOOK}[[channel.route]]\npairs = ["US-VE"]\n', None, None),
        (f'{HOOK}[[channel.route]]\npairs = ["USAVEN"]\n', 1, "'USAVEN' is no pair"),
        (f'{HOOK}[[channel.route]]\npairs = "USA-VEN"\n', 1, "route[0].pairs: Expected `array`"),
        (SLACK, 1, "give url_env of an incoming webhook, or token_env"),
        (f'{SLACK}url_env = "U"\ntoken_env = "T"\n', 1, "give url_env"),
        (f'{SLACK}token_env = "T"\n', 1, "token_env needs channel"),
        (f'{MAIL}username_env = "N"\n', 1, "belong together"),
        (MAIL.replace("t@x.org", "nobody"), 1, "sender: "),
        (MAIL.replace('["a@x.org"]', "[]"), 1, "to: "),
        (MANAGER, 1, "give url, or url_env"),
        (f'{MANAGER}url = "http://me:canary@am:9093"\n', 1, "no secret in the file"),
        (f'{MANAGER}url = "http://am:9093"\nlabels = {{"a b" = "c"}}\n', 1, "labels"),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_why(text, line, why):
    if why is None:
        assert parsed(text)  # a glob of two letters fits no pair, but is one
        return
    with pytest.raises(SettingsError) as refused:
        parsed(text)

    assert str(refused.value).startswith(
        f"channels.toml:{line}: " if line is not None else "channels.toml: "
    )
    assert why in str(refused.value)
    assert "canary" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"channels file .*none\.toml: No such file"):
        read_channels(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "environment", "why"),
    [
        (HOOK, {"S": SECRET}, "the variable U is not set"),
        (HOOK, {"U": "", "S": SECRET}, "the variable U is not set"),
        (HOOK, {"U": "canary", "S": SECRET}, "U: not an http or https URL"),
        (HOOK, {"U": "https://x.org", "S": "canary"}, "S: must be whsec_"),
        (f'{HOOK}allow = ["10.0.0.0/99"]\n', {"U": "https://x.org", "S": SECRET}, "allow: "),
        (
            '[[channel]]\nkind = "apprise"\nname = "rest"\nurls_env = "A"\n',
            {"A": "canary://x"},
            "A: one of its URLs",
        ),
        (f'{MAIL}ca_file = "/no/such/file"\n', {}, "ca_file: /no/such/file: No such file"),
    ],
)
def test_a_variable_that_holds_nothing_usable_is_named_and_not_shown(text, environment, why):
    ((config, where),) = parse_channels(text, "channels.toml")

    with pytest.raises(SettingsError) as refused:
        build(config, where, environment)

    assert str(refused.value).startswith("channels.toml:1: channel ")
    assert why in str(refused.value)
    assert "canary" not in str(refused.value)


def test_alert_stops_with_exit_code_2_on_a_bad_file(tmp_path, monkeypatch, capsys):
    from services.alert.__main__ import main  # noqa: PLC0415 - reads the environment when run

    file = tmp_path / "channels.toml"
    file.write_text(f"{HOOK}minlevel = 3\n")
    monkeypatch.setenv("TOCSIN_ALERT_CHANNELS", str(file))

    assert main() == 2
    assert "channels.toml:1: channel duty: " in capsys.readouterr().err
