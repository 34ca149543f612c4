"""Ways to have the fetcher ask what is not public: none may connect."""

from __future__ import annotations

import asyncio
import socket
import threading

import httpcore2
import pytest

from services.ingest.fetch.client import Fetcher
from services.ingest.fetch.result import Failed, Fetched, Trouble
from tests.support.bad_site import BadSite, moved, ok
from tocsin.guard import parse_networks

PUBLIC = "93.184.216.34"


@pytest.fixture
def connected(monkeypatch):
    """Whatever is connected to, in order; no connection is made."""
    found = []

    async def connect(_self, host, *_, **__):
        found.append(host)
        raise httpcore2.ConnectError("not in a test")

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    return found


def names(monkeypatch, *answers):
    """A resolver that gives each answer once, then the last for ever; counts how often."""
    asked = []

    def resolve(host, port, *_, **__):
        asked.append(host)
        addresses = answers[min(len(asked), len(answers)) - 1]
        kinds = {each: socket.AF_INET6 if ":" in each else socket.AF_INET for each in addresses}
        return [(kind, socket.SOCK_STREAM, 6, "", (each, port)) for each, kind in kinds.items()]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def got(url, allow=()):
    async def run():
        fetcher = Fetcher(parse_networks(allow, "X"), total_s=10.0)
        found = await fetcher.get(url)
        await fetcher.close()
        return found

    return asyncio.run(run())


# 127.0.0.1, and ways to spell it.
LOOPBACK = (
    *("127.0.0.1", "localhost", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1"),
    *("017700000001", "0177.0.0.1", "127.0.0.1.", "%31%32%37.0.0.1", "①②⑦.⓪.⓪.①"),
    *("１２７.0.0.1", "news.example@127.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
)
ELSEWHERE = (
    *("127.8.9.1", "0", "0.0.0.0", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]"),
    # private, link-local, shared by a carrier, the cloud's own
    *("10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.0.1", "169.254.169.254", "100.64.0.1"),
    *("0xa9fea9fe", "2852039166", "[fe80::1]", "[fc00::1]", "[fd00::1]", "[fec0::1]"),
    # IPv4 within IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo
    *("[::ffff:10.0.0.1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::10.0.0.1]"),
    *("[64:ff9b:1::7f00:1]", "[2002:a00:1::]", "[2001:0:1:1:1:1:f5ff:fffe]"),
    # nobody's and everybody's
    *("192.0.2.1", "198.18.0.1", "203.0.113.1", "240.0.0.1", "255.255.255.255", "224.0.0.1"),
    *("[ff02::1]", "[2001:db8::1]", "[100::1]"),
)


@pytest.mark.parametrize("host", LOOPBACK + ELSEWHERE)
def test_what_is_not_public_is_not_connected_to(connected, host):
    for port in ("", ":8080"):
        found = got(f"http://{host}{port}/feed?token=canary")

        assert isinstance(found, Failed)
        assert found.trouble in (Trouble.FORBIDDEN, Trouble.UNREACHABLE)
        assert connected == []
        assert "canary" not in found.detail


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_redirect_leads_to_nothing_that_is_not_public(monkeypatch, host):
    connected = []
    connect = httpcore2.AnyIOBackend.connect_tcp

    async def spy(self, host, *rest, **named):
        connected.append(host)
        return await connect(self, host, *rest, **named)

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", spy)
    with BadSite() as site:
        site.on("/feed", moved(f"http://{host}:{site.port}/secret", 302))
        site.on("/secret", ok(b"the crown jewels"))

        found = got(site.url("/feed"), allow=("127.0.0.1/32",))

    assert isinstance(found, Failed)
    assert found.trouble in (Trouble.FORBIDDEN, Trouble.UNREACHABLE)
    assert connected == ["127.0.0.1"]
    assert site.asked("/secret") == []


@pytest.mark.parametrize(
    "addresses",
    [("10.0.0.1",), ("::1",), ("127.0.0.1", "192.168.0.1"), ("::ffff:127.0.0.1",), ("fe80::1%1",)],
)
def test_a_public_name_of_a_private_address_is_not_connected_to(monkeypatch, connected, addresses):
    names(monkeypatch, addresses)

    found = got("http://news.example/feed")

    assert found.trouble is Trouble.FORBIDDEN
    assert connected == []


def test_a_name_that_changes_its_answer_is_connected_to_as_it_was_checked(monkeypatch, connected):
    asked = names(monkeypatch, (PUBLIC,), ("127.0.0.1",))

    first, second = got("http://news.example/feed"), got("http://news.example/feed")

    assert connected == [PUBLIC]
    assert (first.trouble, second.trouble) == (Trouble.UNREACHABLE, Trouble.FORBIDDEN)
    assert len(asked) == 2


def test_of_a_name_s_addresses_only_the_public_ones_are_connected_to(monkeypatch, connected):
    names(monkeypatch, ("10.0.0.1", PUBLIC, "127.0.0.1"))

    got("http://news.example/feed")

    assert connected == [PUBLIC]


def test_an_address_that_does_not_answer_leaves_time_for_the_next(monkeypatch):
    connected = []

    async def connect(_self, host, _port, seconds, *_, **__):
        connected.append((host, seconds))
        raise httpcore2.ConnectTimeout if ":" in host else httpcore2.ConnectError

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    names(monkeypatch, ("2606:2800:220:1::1", PUBLIC))

    found = got("http://news.example/feed")

    assert [host for host, _ in connected] == ["2606:2800:220:1::1", PUBLIC]
    assert all(seconds < 5 for _, seconds in connected)
    assert found.trouble is Trouble.UNREACHABLE


def test_names_that_the_resolver_hangs_on_hold_neither_others_nor_the_end(monkeypatch):
    resolve, go_on = socket.getaddrinfo, threading.Event()

    def hang(host, *rest, **named):
        if host.startswith("dead"):
            go_on.wait()
            raise socket.gaierror
        return resolve(host, *rest, **named)

    async def run(site):
        fetcher = Fetcher(parse_networks(("127.0.0.0/8",), "X"), total_s=20.0)
        dead = [
            asyncio.create_task(fetcher.get(f"http://dead{number}.example/"))
            for number in range(50)
        ]
        found = await fetcher.get(site.url("/feed", host="localhost"))
        for each in dead:
            each.cancel()
        await asyncio.gather(*dead, return_exceptions=True)
        await fetcher.close()
        return found

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with BadSite() as site:
            site.on("/feed", ok(b"<rss/>"))
            found = asyncio.run(run(site))
    finally:
        go_on.set()

    assert isinstance(found, Fetched)


@pytest.mark.parametrize(
    ("allow", "trouble"),
    [
        (("10.1.0.0/16",), Trouble.UNREACHABLE),  # connected to, and nobody listens
        (("10.2.0.0/16",), Trouble.FORBIDDEN),
        (("10.0.0.0/32", "::/0"), Trouble.FORBIDDEN),
    ],
)
def test_a_private_network_is_asked_only_where_the_deployment_allows_it(connected, allow, trouble):
    found = got("http://10.1.2.3/feed", allow)

    assert found.trouble is trouble
    assert connected == (["10.1.2.3"] if trouble is Trouble.UNREACHABLE else [])
