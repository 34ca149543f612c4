"""What could not be delivered: listed, retried for its channel alone, dropped if it is stale."""

from __future__ import annotations

import json

import pytest

from services.alert.manage import main
from services.alert.outbox import Entry
from tests.integration.test_alert_dispatch import (
    RISING,
    delivered,
    emptied,
    poster,
    receive,
)
from tests.integration.test_alert_store import on
from tocsin.bus import Outgoing
from tocsin.errors import UsageError

__all__ = ["receive"]


@pytest.fixture(autouse=True)
def _environment(redis_server, monkeypatch):
    monkeypatch.setenv("TOCSIN_REDIS_URL", redis_server.url)
    monkeypatch.setenv("TOCSIN_REDIS_PREFIX", "t")


def run(capsys, *arguments):
    capsys.readouterr()  # what was logged before
    assert main(["dead", *arguments]) == 0
    return capsys.readouterr().out


def refused(redis_server, receive, times=1):
    receiver = receive(*[(404, {}, 0)] * times)
    delivered(redis_server, [poster(receiver.url)], RISING, emptied)
    return receiver


def test_dead_notifications_are_listed_with_why(redis_server, receive, capsys):
    refused(redis_server, receive)

    (told,) = map(json.loads, run(capsys, "list", "--json").splitlines())
    line = run(capsys, "list", "webhook")

    assert (told["channel"], told["why"], told["revision"]) == ("webhook", "HTTP 404", 1)
    assert "HTTP 404" in line
    assert told["alert"] in line


def test_a_retried_notification_is_delivered_once_and_to_its_channel_alone(
    redis_server, receive, capsys
):
    refused(redis_server, receive, times=3)
    told = run(capsys, "retry", "webhook")
    again, other = receive(), receive()

    delivered(redis_server, [poster(again.url), poster(other.url, name="other")], [], emptied)

    assert told == "3 retried\n"
    assert [name.split(".")[1] for name in again.names] == ["1", "2", "3"]
    assert len(again.got) == 3
    assert other.got == []
    assert "no dead notifications" in run(capsys, "list")


def test_a_retry_of_what_a_later_revision_has_overtaken_is_dropped(redis_server, receive, capsys):
    refused(redis_server, receive)
    run(capsys, "retry", "webhook")
    again = receive()

    delivered(redis_server, [poster(again.url, exercises=True)], [], emptied)

    assert again.got == []
    assert "no dead notifications" in run(capsys, "list")


def test_one_can_be_retried_by_its_id(redis_server, receive, capsys):
    refused(redis_server, receive, times=3)
    first, *_ = map(json.loads, run(capsys, "list", "--json").splitlines())

    told = json.loads(run(capsys, "retry", "--id", first["id"], "--json"))

    assert told == {"retried": 1, "left": 0}
    assert len(run(capsys, "list", "--json").splitlines()) == 2


def test_a_level_is_never_retried_since_a_later_one_stands(redis_server, capsys):
    async def work(bench):
        level = Entry(id="1-0", message=Outgoing(topic="tocsin.levels.v1", key="k", value=b"{}"))
        await bench.outbox.set_aside("kafka", level, "larger than 100 bytes")

    on(redis_server, work)

    assert run(capsys, "retry", "kafka") == "0 retried, 1 levels left\n"


@pytest.mark.parametrize("arguments", [["list", "nobody"], ["retry", "--id", "1-0"]])
def test_what_is_not_there_is_said(redis_server, arguments):
    with pytest.raises(UsageError, match="no dead notification"):
        main(["dead", *arguments])
