"""The outbox on its way out: a broker and a receiver that misbehave, a stop at any moment."""

from __future__ import annotations

import asyncio
import http.server
import itertools
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from services.alert import dispatch
from services.alert.channels import pacing
from services.alert.channels.config import WebhookChannel
from services.alert.channels.notifier import Notifier
from services.alert.dispatch import Channel, Sent, drain
from services.alert.notify.http import Http, check_url
from services.alert.notify.webhook import WebhookSink, signer
from tests.integration.test_alert_store import Bench, record, threat
from tests.unit.alert.builders import NOON, event, hours, report
from tocsin.errors import SettingsError, Unavailable
from tocsin.guard import is_allowed, parse_networks
from tocsin.messages import Alert, decode
from tocsin.settings import Secret

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
LOCAL = parse_networks(("127.0.0.0/8", "::1/128"), "X")


class Receiver:
    """An HTTP receiver in a thread; `answers` are (status, headers, seconds to wait) in turn."""

    def __init__(self, *answers):
        self.got = []
        turns = itertools.chain(answers, itertools.repeat((204, {}, 0)))
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((time.monotonic(), dict(self.headers), body))
                status, headers, wait_s = next(turns)
                time.sleep(wait_s)
                with suppress(OSError):
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://localhost:{self._server.server_address[1]}/hook"

    @property
    def names(self):
        """What came, as `<revision>` of the alerts, repeats left out."""
        ids = [headers["webhook-id"] for _, headers, _ in self.got]
        return list(dict.fromkeys(ids))

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receive():
    started = []

    def start(*answers):
        started.append(Receiver(*answers))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr(pacing, "_BACKOFF_S", (0.05, 0.2))
    monkeypatch.setattr(dispatch, "_OTHERS_S", 0.05)
    monkeypatch.setattr(dispatch, "_WAIT_MS", 50)


def poster(url, *, secret=SECRET, allow=LOCAL, attempt_s=0.5, **of):
    given = {"name": "webhook", "url_env": "URL", "secret_env": "SECRET", "exercises": True}
    policy = WebhookChannel(**{**given, "attempt_s": attempt_s, **of})
    sign = signer(Secret(secret), "WEBHOOK_SECRET")
    return Notifier(policy, WebhookSink(Http(allow, attempt_s), url, sign))


async def until(condition, deadline_s=10.0):
    end = time.monotonic() + deadline_s
    while not (found := await condition()):
        assert time.monotonic() < end, "not in time"
        await asyncio.sleep(0.02)
    return found


def delivered(server, channels, reports, done, *, stop_within_s=1.5):
    """Drains what the reports say through the channels until `done`; then what `done` gave."""

    async def run():
        bench = Bench(server.url)
        stop = asyncio.Event()
        try:
            await bench.app.handle([record(each, n) for n, each in enumerate(reports)])
            every = [each.name for each in channels]
            tasks = [
                asyncio.create_task(drain(bench.outbox, each, every, stop)) for each in channels
            ]
            result = await until(lambda: done(bench))
            stop.set()
            await asyncio.wait_for(asyncio.gather(*tasks), stop_within_s)
            return result
        finally:
            await bench.client.aclose()

    return asyncio.run(run())


async def emptied(bench):
    return await bench.outbox.length() == 0


RISING = [
    threat(),
    report(event("MOBILIZE"), article="a2", at=NOON + hours(2)),
    report(event("ASSAULT"), article="a3", at=NOON + hours(4)),
]


def test_a_notification_is_signed_and_is_the_alert_of_the_topic(redis_server, receive):
    receiver = receive()

    delivered(redis_server, [poster(receiver.url)], [threat()], emptied)
    ((_, headers, body),) = receiver.got
    alert = decode(body, Alert)

    assert Webhook(SECRET).verify(body, headers)["dyad"] == "USA-VEN"
    assert headers["webhook-id"] == f"{alert.id}.1"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "misbehaviour",
    [
        [(500, {}, 0)] * 3,
        [(503, {}, 0), (408, {}, 0)],
        [(200, {}, 1.0)],
        [(429, {}, 0)],
    ],
    ids=["500", "503 and 408", "slow", "429"],
)
def test_a_receiver_that_recovers_gets_all_in_order(redis_server, receive, misbehaviour):
    receiver = receive(*misbehaviour)

    delivered(redis_server, [poster(receiver.url)], RISING, emptied)

    assert [name.split(".")[1] for name in receiver.names] == ["1", "2", "3"]
    assert len(receiver.got) > 3


def test_retry_after_is_kept_to(redis_server, receive):
    receiver = receive((429, {"Retry-After": "1"}, 0))

    delivered(redis_server, [poster(receiver.url)], [threat()], emptied)
    first, second = (when for when, _, _ in receiver.got)

    assert second - first >= 1.0


@pytest.mark.parametrize("status", [400, 401, 404, 410, 301])
def test_what_a_receiver_refuses_is_set_aside_and_the_next_is_sent(redis_server, receive, status):
    receiver = receive((status, {"Location": "http://169.254.169.254/"}, 0))

    async def done(bench):
        aside = await bench.client.xrange("t:alert:dead:webhook")
        return aside if await emptied(bench) else None

    ((_, fields),) = delivered(redis_server, [poster(receiver.url)], RISING, done)

    assert fields[b"why"] == f"HTTP {status}".encode()
    assert [name.split(".")[1] for name in receiver.names] == ["1", "2", "3"]
    assert len(receiver.got) == 3


def test_what_cannot_be_delivered_for_too_long_is_set_aside(redis_server, receive):
    receiver = receive(*[(500, {}, 0)] * 1000)

    async def done(bench):
        return await bench.client.xlen("t:alert:dead:webhook") == 3 and await emptied(bench)

    assert delivered(redis_server, [poster(receiver.url, give_up_h=0.3 / 3600)], RISING, done)


def test_a_slow_receiver_holds_up_no_other_channel(redis_server, receive):
    receiver = receive(*[(200, {}, 60)] * 10)
    sent = []

    async def send(entries):
        sent.extend(entries)
        return Sent(passed=len(entries))

    async def done(_bench):
        return len(sent) == 6

    quick = Channel(name="quick", batch=10, send=send)

    assert delivered(redis_server, [poster(receiver.url), quick], RISING, done)


def test_a_replay_pages_nobody_unless_asked(redis_server, receive):
    receiver = receive()
    live = threat("live", run=None, at=datetime.now(UTC))

    delivered(redis_server, [poster(receiver.url, exercises=False)], [*RISING, live], emptied)

    (body,) = (body for _, _, body in receiver.got)
    assert decode(body, Alert).status == "actual"


def test_a_private_address_is_never_connected_to(redis_server, receive):
    receiver = receive()

    async def done(bench):
        return await bench.client.xrange("t:alert:dead:webhook")

    ((_, fields),) = delivered(redis_server, [poster(receiver.url, allow=())], [threat()], done)

    assert b"not public" in fields[b"why"]
    assert receiver.got == []


def test_a_stop_does_not_wait_for_a_receiver_that_hangs(redis_server, receive):
    receiver = receive((200, {}, 60))

    async def done(_bench):
        return receiver.got

    delivered(redis_server, [poster(receiver.url, attempt_s=30)], [threat()], done)


def test_redis_that_goes_away_is_ridden_out(redis_server, receive):
    receiver = receive((500, {}, 0))

    async def done(bench):
        if not receiver.got:
            return False
        redis_server.stop()
        await asyncio.sleep(0.5)
        redis_server.start()
        await until(lambda: survived(bench))
        return True

    async def survived(bench):
        with suppress(Unavailable):
            return await emptied(bench)
        return False

    assert delivered(redis_server, [poster(receiver.url)], RISING, done, stop_within_s=6)
    assert [name.split(".")[1] for name in receiver.names] == ["1", "2", "3"]


def test_one_worker_at_a_time_has_a_channel_and_the_next_takes_over(redis_server):
    async def run():
        bench = Bench(redis_server.url)
        sent, stops = [], [asyncio.Event(), asyncio.Event()]

        def worker(name):
            async def send(entries):
                sent.extend((name, each.id) for each in entries)
                return Sent(passed=len(entries))

            return Channel(name="only", batch=1, send=send)

        tasks = [
            asyncio.create_task(drain(bench.outbox, worker(n), ["only"], stops[n])) for n in (0, 1)
        ]
        await bench.app.handle([record(RISING[0])])
        await until(lambda: emptied(bench))
        holder = sent[0][0]
        stops[holder].set()
        await tasks[holder]
        await bench.app.handle([record(RISING[1], 1)])
        await until(lambda: emptied(bench))
        stops[1 - holder].set()
        await tasks[1 - holder]
        await bench.client.aclose()
        return sent

    sent = asyncio.run(run())

    assert len({each for _, each in sent}) == len(sent) == 4
    assert len({name for name, _ in sent}) == 2


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("ff02::1", False),
    ],
)
def test_only_public_addresses_are_connected_to(address, allowed):
    assert is_allowed(address, ()) is allowed


def test_a_network_of_the_deployment_may_be_allowed():
    networks = parse_networks(("10.20.0.0/16", "fd00::/8"), "X")

    assert is_allowed("10.20.1.1", networks)
    assert is_allowed("fd00::1", networks)
    assert not is_allowed("10.21.1.1", networks)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: parse_networks(("10.0.0.0/33",), "TOCSIN_X"),
        lambda: check_url("ftp://example.org", "TOCSIN_X"),
        lambda: check_url("example.org/hook?token=canary", "TOCSIN_X"),
        lambda: check_url("http://", "TOCSIN_X"),
    ],
)
def test_wrong_settings_are_named_and_not_shown(wrong):
    with pytest.raises(SettingsError, match="TOCSIN_X") as refused:
        wrong()

    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("secret", ["whsec_canary", "Y2FuYXJ5", "canary", "whsec_", "whsec_%%%"])
def test_a_secret_that_is_none_is_refused_and_not_shown(secret):
    with pytest.raises(SettingsError, match="WEBHOOK_SECRET") as refused:
        poster("http://example.org", secret=secret)

    assert "canary" not in str(refused.value)
