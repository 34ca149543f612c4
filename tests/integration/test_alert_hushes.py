"""Acknowledgements and silences on a real Redis, by command and by HTTP."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import aiohttp
import msgspec
import pytest

from services.alert import manage
from services.alert.api import Api, listen
from services.alert.app import App, letters
from services.alert.domain.hushing import Matcher
from services.alert.hushes import Ask, Conflict, Hushes, NotFound
from services.alert.outbox import Outbox
from services.alert.store import Store, connect
from tests.unit.alert.builders import CONFIG, event, report
from tocsin.bus import Record
from tocsin.errors import SettingsError, UsageError
from tocsin.messages import Alert, Change, decode, encode
from tocsin.settings import Redis, Secret
from tocsin.topics import ALERTS, EVENTS

TOKEN = "a-token-of-enough-length"
NOW = datetime.now(UTC)


class Desk:
    """A store, its silences and acknowledgements, and an app over one Redis."""

    def __init__(self, url):
        self.client = connect(Redis(url=Secret(url), timeout_s=1))
        store = Store(self.client, "tocsin", letters)
        self.hushes = Hushes(self.client, "tocsin", store)
        self.app = App(store, CONFIG, self.hushes)
        self.outbox = Outbox(self.client, "tocsin")
        self.offset = 0

    async def tell(self, *events, run=None, dyad="USA-VEN", **of):
        """One more article, published now; the revisions that it gives."""
        before = {(each.id, each.run, each.revision) for each in await self.sent()}
        told = report(*events, article=f"n{self.offset}", at=NOW, run=run, dyad=dyad, **of)
        record = Record(
            topic=EVENTS.name,
            partition=0,
            offset=self.offset,
            key=dyad.encode(),
            value=encode(told),
            cluster="c",
        )
        self.offset += 1
        await self.app.handle([record])
        sent = await self.sent()
        return [each for each in sent if (each.id, each.run, each.revision) not in before]

    async def sent(self):
        """Every alert in the outbox, repeats too."""
        entries = await self.outbox.unsent("test", 1000, 1)
        messages = [each.message for each in entries if each.message.topic == ALERTS.name]
        return [decode(each.value, Alert) for each in messages]

    async def hushed(self, *alerts):
        return [bool(await self.hushes.reasons([each])) for each in alerts]


def on(server, work):
    """What the coroutine function gives on a desk of its own."""

    async def run():
        desk = Desk(server.url)
        try:
            return await work(desk)
        finally:
            await desk.client.aclose()

    return asyncio.run(run())


def ask(*, by="ana", reason="known", hours=1.0, up_to=0, **matcher):
    return Ask(
        matcher=Matcher(**(matcher or {"dyad": "USA-VEN"})),
        by=by,
        reason=reason,
        until=datetime.now(UTC) + timedelta(hours=hours),
        up_to=up_to,
    )


def test_the_alerts_that_are_not_over_are_listed_and_those_that_are_over_are_not(redis_server):
    async def work(desk):
        (raised,) = await desk.tell(event("THREATEN"))
        await desk.tell(event("ASSAULT"), dyad="GRC-TUR")
        listed = await desk.hushes.alerts()
        await desk.app.tick(NOW + timedelta(days=30))
        return raised, listed, await desk.hushes.alerts()

    raised, listed, later = on(redis_server, work)

    assert [each.dyad for each in listed] == ["USA-VEN", "GRC-TUR"]
    assert raised in listed
    assert later == []


def test_the_alerts_of_a_replay_are_listed_by_its_run_and_expire_with_it(redis_server):
    async def work(desk):
        await desk.tell(event("THREATEN"), run="r1")
        ttl = await desk.client.ttl("tocsin:run:r1:alerts")
        return await desk.hushes.alerts(), await desk.hushes.alerts("r1"), ttl

    world, run, ttl = on(redis_server, work)

    assert (world, len(run)) == ([], 1)
    assert ttl > 6 * 24 * 3600


def test_an_acknowledged_alert_is_quiet_until_it_rises(redis_server):
    async def work(desk):
        (raised,) = await desk.tell(event("THREATEN"))
        await desk.hushes.acknowledge(raised, by="ana", note="on it")
        news = msgspec.structs.replace(raised, revision=2, change=Change.NEW_FACT)
        (risen,) = await desk.tell(event("ASSAULT"))
        (shown,) = await desk.hushes.alerts()
        return await desk.hushed(news, risen), shown

    hushed, shown = on(redis_server, work)

    assert hushed == [True, False]
    assert (shown.phase, shown.level) == ("firing", 4)


def test_who_acknowledges_what_they_saw_before_a_rise_is_told_to_look_again(redis_server):
    async def work(desk):
        await desk.tell(event("THREATEN"))
        (risen,) = await desk.tell(event("ASSAULT"))
        for revision in (1, 9):
            with pytest.raises(Conflict):
                await desk.hushes.acknowledge(risen, by="ana", revision=revision)
        return await desk.hushes.acknowledge(risen, by="ana", revision=2)

    assert on(redis_server, work).level == 4


def test_an_acknowledgement_in_one_replay_says_nothing_of_another(redis_server):
    async def work(desk):
        (one,) = await desk.tell(event("THREATEN"), run="r1")
        (two,) = await desk.tell(event("THREATEN"), run="r2")
        await desk.hushes.acknowledge(one, by="ana")
        news = [
            msgspec.structs.replace(each, change=Change.NEW_FACT, revision=2) for each in (one, two)
        ]
        return one.id == two.id, await desk.hushed(*news)

    assert on(redis_server, work) == (True, [True, False])


def test_a_silence_takes_its_ceilings_from_what_stands(redis_server):
    async def work(desk):
        (raised,) = await desk.tell(event("THREATEN"))
        made = await desk.hushes.silence(ask(region="americas"))
        (risen,) = await desk.tell(event("ASSAULT"))
        (other,) = await desk.tell(event("THREATEN"), dyad="COL-VEN")
        return made, await desk.hushed(raised, risen, other)

    made, hushed = on(redis_server, work)

    assert made.levels == {"USA-VEN": 2}
    assert hushed == [True, False, False]


def test_what_a_silence_hid_goes_out_when_it_ends_and_only_once(redis_server):
    async def work(desk):
        made = await desk.hushes.silence(ask(up_to=5))
        (raised,) = await desk.tell(event("THREATEN"))
        while_quiet = await desk.hushed(raised)
        before = len(await desk.sent())
        await desk.app.tick(datetime.now(UTC))
        still = len(await desk.sent())
        late = made.until + timedelta(seconds=1)
        await asyncio.gather(desk.hushes.tidy(late), desk.hushes.tidy(late))
        return while_quiet, still - before, (await desk.sent())[before:], await desk.hushed(raised)

    while_quiet, early, again, after = on(redis_server, work)

    assert (while_quiet, early, after) == ([True], 0, [False])
    assert [each.revision for each in again] == [1]


def test_an_expired_silence_is_gone_and_ends_no_second_time(redis_server):
    async def work(desk):
        made = await desk.hushes.silence(ask(up_to=5))
        ended = await desk.hushes.expire(made.id)
        with pytest.raises(NotFound):
            await desk.hushes.expire(made.id)
        return made == ended, await desk.hushes.silences()

    assert on(redis_server, work) == (True, [])


def test_a_silence_that_would_be_over_is_refused(redis_server):
    async def work(desk):
        with pytest.raises(Conflict):
            await desk.hushes.silence(ask(hours=-1))

    on(redis_server, work)


# By command.


@pytest.fixture
def command(redis_server, monkeypatch, capsys):
    """Runs `tocsin alert …`; gives what it printed."""
    monkeypatch.setenv("TOCSIN_REDIS_URL", redis_server.url)

    def run(*arguments):
        assert manage.main(arguments) == 0
        return capsys.readouterr().out

    return run


def test_the_command_acknowledges_silences_and_shows_who_why_and_until_when(redis_server, command):
    (raised,) = on(redis_server, lambda desk: desk.tell(event("THREATEN")))

    assert raised.id in command("list")
    assert "acknowledged by ana at level 2" in command("ack", raised.id, "--by", "ana")
    added = (
        "silence",
        "add",
        "--dyad",
        "ven-usa",
        "--for",
        "4h",
        "--by",
        "bo",
        "--reason",
        "drill",
    )
    silence = json.loads(command(*added, "--json"))
    shown = command("show", raised.id)

    assert silence["levels"] == {"USA-VEN": 2}
    assert "acknowledged by ana" in shown
    assert f"silenced by bo until {silence['until'][:10]}" in shown
    assert ": drill" in shown
    assert json.loads(command("list", "--json"))[0]["phase"] == "acknowledged"
    assert silence["id"] in command("silence", "list")
    assert "ended" in command("silence", "expire", silence["id"])
    assert command("silence", "list") == "no silences\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["show", "nope"], NotFound),
        (["ack", "nope", "--by", "ana"], NotFound),
        (["ack", "nope", "--by", " "], UsageError),
        (["silence", "expire", "nope"], NotFound),
        (["silence", "add", "--by", "a", "--reason", "b", "--for", "4h"], UsageError),
        (["silence", "add", "--dyad", "USA-VEN", "--by", "a", "--reason", "b"], UsageError),
        (
            ["silence", "add", "--dyad", "USA", "--by", "a", "--reason", "b", "--for", "1h"],
            UsageError,
        ),
        (
            ["silence", "add", "--state", "VEN", "--by", "a", "--reason", "b", "--for", "9y"],
            UsageError,
        ),
        (
            ["silence", "add", "--region", "narnia", "--by", "a", "--reason", "b", "--for", "1h"],
            UsageError,
        ),
        (
            [
                "silence",
                "add",
                "--rule",
                "r",
                "--by",
                "a",
                "--reason",
                "b",
                "--until",
                "2026-01-01",
            ],
            UsageError,
        ),
    ],
)
def test_a_misuse_is_one_clear_error(command, arguments, error):
    with pytest.raises(error) as refused:
        command(*arguments)

    assert "\n" not in str(refused.value)


# By HTTP.


def over_http(server, work):
    """What the coroutine function gives with a desk, and a client of the API with the token."""

    async def served(desk):
        listening, stop = listen("127.0.0.1", 0), asyncio.Event()
        port = listening.getsockname()[1]
        serving = asyncio.create_task(Api(desk.hushes, Secret(TOKEN)).serve(listening, stop))
        head = {"authorization": f"Bearer {TOKEN}"}
        base = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession(base, headers=head) as client:
            try:
                return await work(desk, client)
            finally:
                stop.set()
                await serving

    return on(server, served)


def test_over_http_an_alert_is_acknowledged_and_silenced(redis_server):
    async def work(desk, client):
        (raised,) = await desk.tell(event("THREATEN"))
        path = f"/v1/alerts/{raised.id}"
        body = {"by": "ana", "note": "on it", "revision": 1}
        async with client.post(f"{path}/ack", json=body) as answer:
            acknowledged = answer.status, (await answer.json())["level"]
        quiet = {"by": "bo", "reason": "drill", "state": "VEN", "for": "4h"}
        async with client.post("/v1/silences", json=quiet) as answer:
            silence = answer.status, await answer.json()
        async with client.get(path) as answer:
            alert = await answer.json()
        async with client.delete(f"/v1/silences/{silence[1]['id']}") as answer:
            ended = answer.status
        async with client.get("/v1/silences") as answer:
            left = await answer.json()
        return acknowledged, silence, alert, ended, left

    acknowledged, silence, alert, ended, left = over_http(redis_server, work)

    assert (acknowledged, silence[0], ended, left) == ((201, 2), 201, 200, [])
    assert alert["phase"] == "acknowledged"
    assert (alert["acknowledged"]["by"], alert["silenced"]["reason"]) == ("ana", "drill")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/alerts/nope", None, 404),
        ("POST", "/v1/alerts/nope/ack", {"by": "ana"}, 404),
        ("DELETE", "/v1/silences/nope", None, 404),
        ("GET", "/elsewhere", None, 404),
        ("PUT", "/v1/silences", {}, 405),
        ("POST", "/v1/alerts/ID/ack", {"by": "ana", "revision": 7}, 409),
        ("POST", "/v1/alerts/ID/ack", {"by": ""}, 422),
        ("POST", "/v1/alerts/ID/ack", {}, 422),
        ("POST", "/v1/alerts/ID/ack", {"by": "ana", "level": 5}, 422),
        ("POST", "/v1/alerts/ID/ack", "nonsense", 422),
        ("POST", "/v1/alerts/ID/ack", b"{", 400),
        ("POST", "/v1/alerts/ID/ack", b"[" * 10_000, 422),
        ("POST", "/v1/alerts/ID/ack", b" " * 20_000, 413),
        ("POST", "/v1/silences", {"by": "a", "reason": "b", "for": "4h"}, 422),
        ("POST", "/v1/silences", {"by": "a", "reason": "b", "for": "4h", "dyad": "USA"}, 422),
        (
            "POST",
            "/v1/silences",
            {"by": "a", "reason": "b", "for": "4h", "state": "VEN", "up_to": 6},
            422,
        ),
    ],
)
def test_what_cannot_be_done_is_a_problem_detail(redis_server, method, path, body, status):
    async def work(desk, client):
        (raised,) = await desk.tell(event("THREATEN"))
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        where = path.replace("ID", raised.id)
        async with client.request(method, where, data=data) as answer:
            return answer.status, answer.content_type, (await answer.json())["status"]

    assert over_http(redis_server, work) == (status, "application/problem+json", status)


@pytest.mark.parametrize("given", [None, "Bearer", "Bearer wrong", TOKEN, f"bearer {TOKEN} "])
def test_without_the_token_nothing_is_told_and_nothing_done(redis_server, given):
    async def work(desk, client):
        head = {"authorization": given} if given else {}
        base = client._base_url
        async with (
            aiohttp.ClientSession(base, headers=head) as stranger,
            stranger.get("/v1/alerts") as answer,
        ):
            return answer.status, answer.headers["www-authenticate"], dict(answer.headers)

    status, asks, headers = over_http(redis_server, work)

    assert (status, asks) == (401, "Bearer")
    assert not any(name.lower().startswith("access-control") for name in headers)


def test_too_many_requests_are_turned_away(redis_server):
    async def work(desk, client):
        found = set()
        for _ in range(80):
            async with client.get("/v1/silences") as answer:
                found.add(answer.status)
        return found

    assert over_http(redis_server, work) == {200, 429}


def test_a_short_token_is_refused_at_the_start():
    with pytest.raises(SettingsError, match="API_TOKEN"):
        Api(None, Secret("short"))


def test_an_address_that_is_taken_is_a_clear_error():
    taken = listen("127.0.0.1", 0)

    with taken, pytest.raises(SettingsError, match="API_HOST"):
        listen("127.0.0.1", taken.getsockname()[1])
