"""The push API over HTTP: every status there is, and what is published."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import random
import socket
import threading
import zlib

import pytest
import structlog
from prometheus_client import REGISTRY

from services.ingest.metrics import PUSH_STATUSES
from services.ingest.push import openapi
from services.ingest.push.access import Access, Client
from services.ingest.push.body import Limits
from tests.support.wait import wait_for
from tests.unit.ingest.pushing import (
    LINES,
    OTHER,
    TOKEN,
    Desk,
    lines,
    pushed,
    source,
    story,
)
from tocsin.errors import SettingsError
from tocsin.settings import Secret

TIGHT = Limits(max_bytes=20_000, max_lines=5, body_s=0.3, held_bytes=30_000)
GZIP = {"content-encoding": "gzip"}


def test_an_article_is_answered_with_its_id_when_it_is_published():
    async def work(desk):
        first = await desk.send(story(1))
        again = await desk.send(story(1))
        edited = await desk.send(story(1, title="Now with a title"))
        last = await desk.send(story(1, title="Now with a title"))
        return [first, again, edited, last], desk.articles

    answers, articles = pushed(work)

    assert {each.status for each in answers} == {202}
    told = [(each.told["outcome"], each.told["revision"]) for each in answers]
    assert told == [("published", 1), ("seen", 1), ("revised", 2), ("seen", 2)]
    assert {each.told["id"] for each in answers} == {articles[0].id}
    assert answers[0].told["story"] == articles[0].story
    assert [each.revision for each in articles] == [1, 2]


def test_of_many_lines_the_right_ones_are_taken_and_each_is_answered():
    async def work(desk):
        body = lines(story(1), b"", b"{", {"title": "no text"}, story(2), story(1))
        return await desk.send(b"\xef\xbb\xbf" + body.replace(b"\n", b"\r\n"), LINES), desk.articles

    answer, articles = pushed(work)

    assert (answer.status, answer.headers["content-type"]) == (202, "application/x-ndjson")
    assert [each["line"] for each in answer.told] == [1, 3, 4, 5, 6]
    assert [each.get("outcome") for each in answer.told] == [
        "published", None, None, "published", "seen",
    ]  # fmt: skip
    assert [each.get("reason") for each in answer.told][1:3] == ["not_json", "wrong_shape"]
    assert [each.id for each in articles] == [answer.told[0]["id"], answer.told[3]["id"]]


def test_each_token_is_a_source_of_its_own():
    async def work(desk):
        for token in (TOKEN, OTHER):
            await desk.send(story(1, text=f"Told by {token[:3]} on Monday."), token=token)
        return desk.articles

    wire, paper = pushed(work, family="Wire")

    assert wire.id != paper.id
    assert (wire.source, wire.family, wire.country) == ("wire", "Wire", None)
    assert (paper.source, paper.family, paper.tier, paper.country) == (
        "paper", "Paper", "known", "VEN",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body", "headers", "says"),
    [
        (400, b"", {}, "truncated"),
        (400, b"{", {}, "truncated"),
        (400, b'{"text": NaN}', {}, "invalid"),
        (400, story(1), {"idempotency-key": "k" * 256}, "Idempotency-Key"),
        (400, story(1), {"idempotency-key": "k\x80"}, "Idempotency-Key"),
        (400, b"no gzip", GZIP, "no gzip"),
        (400, gzip.compress(b'{"text": "a"}')[:-4], GZIP, "breaks off"),
        (400, gzip.compress(b'{"text": "a"}') + b"x", GZIP, "gzip"),
        (413, b" " * 20_001, {}, "20000 bytes"),
        (413, gzip.compress(b" " * 20_001), GZIP, "20000 bytes"),
        (413, gzip.compress(b" " * 50_000_000), GZIP, "20000 bytes"),
        (413, lines(*map(story, range(6))), LINES, "5 articles"),
        (415, b"text=a", {"content-type": "application/x-www-form-urlencoded"}, "application/json"),
        (415, story(1), {"content-type": "text/plain"}, "application/json"),
        (415, story(1), {"content-type": "application/json; charset=latin-1"}, "UTF-8"),
        (415, story(1), {"content-encoding": "br"}, "gzip"),
        (422, {}, {}, "text"),
        (422, story(1, colour="red"), {}, "colour"),
        (422, story(1, published_at="last week"), {}, "published_at: a day or a time"),
        (422, b"[" * 19_000, {}, "object"),
        (422, {"text": "***"}, {}, "text: "),
        (422, {"text": "(AP Photo)\n(AP Photo)"}, {}, "no text"),
        (422, b"", LINES, "no line"),
        (422, b"\n\n", LINES, "no line"),
        (422, lines(b"{", {"title": "a"}), LINES, "line 1: "),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_as_a_problem_and_nothing_is_published(status, body, headers, says):
    async def work(desk):
        return await desk.send(body, headers), desk.bus.published

    answer, published = pushed(work, Desk(limits=TIGHT))

    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert {"type", "title", "status", "detail"} <= answer.told.keys()
    assert answer.told["status"] == status
    assert says in answer.told["detail"]
    assert published == []


def test_the_lines_that_are_refused_are_named_when_all_are():
    async def work(desk):
        return (await desk.send(lines(story(1, url="x"), b"7"), LINES)).told

    told = pushed(work)

    assert [(each["line"], each["reason"]) for each in told["refused"]] == [
        (1, "wrong_shape"),
        (2, "wrong_shape"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/", 404, None),
        ("POST", "/v1/articles/", 404, None),
        ("GET", "/v1/articles", 405, "POST"),
        ("PUT", "/v1/articles", 405, "POST"),
        ("OPTIONS", "/v1/articles", 405, "POST"),
        ("PROPFIND", "/v1/articles", 405, "POST"),
        ("POST", "/v1/openapi.json", 405, "GET"),
        ("HEAD", "/v1/openapi.json", 405, "GET"),
    ],
)
def test_elsewhere_is_nothing(method, path, status, allow):
    async def work(desk):
        return await desk.send(b"{}", method=method, path=path)

    answer = pushed(work)

    assert (answer.status, answer.headers.get("allow")) == (status, allow)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "given",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x",
     f"Bearer {TOKEN[:-1]}", "Bearer Ünïcödé"],
)  # fmt: skip
def test_without_a_token_nothing_is_taken(given):
    async def work(desk):
        head = {} if given is None else {"authorization": given}
        return await desk.send(story(1), head, token=None), desk.bus.published

    answer, published = pushed(work)

    assert (answer.status, published) == (401, [])
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert not any(name.lower().startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN}"])
def test_the_scheme_is_read_without_its_case(given):
    async def work(desk):
        return (await desk.send(story(1), {"authorization": given}, token=None)).status

    assert pushed(work) == 202


def test_a_source_that_comes_too_often_waits_and_the_others_do_not():
    async def work(desk):
        found = [await desk.send(story(number)) for number in range(4)]
        return found, await desk.send(story(9), token=OTHER)

    found, other = pushed(work, per_s=0.1, burst=2)

    assert [each.status for each in found] == [202, 202, 429, 429]
    assert 1 <= int(found[2].headers["retry-after"]) <= 11
    assert other.status == 202


def test_who_tries_many_tokens_is_turned_away_and_nobody_else():
    async def work(desk):
        tried = [(await desk.send(story(1), token=f"guess {n}")).status for n in range(80)]
        return tried, (await desk.send(story(1))).status

    tried, status = pushed(work)

    assert set(tried) == {401, 429}
    assert status == 202


def test_a_body_that_drips_is_ended_at_the_deadline():
    async def drip():
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    async def work(desk):
        head = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        async with desk.client.post("/v1/articles", data=drip(), headers=head) as answer:
            return answer.status, await answer.json(content_type="application/problem+json")

    status, told = pushed(work, Desk(limits=TIGHT))

    assert (status, told["status"]) == (408, 408)


def test_a_body_without_a_length_is_counted_as_it_comes():
    async def endless():
        for _ in range(1_000_000):
            yield b" " * 1000

    async def work(desk):
        head = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        async with desk.client.post("/v1/articles", data=endless(), headers=head) as answer:
            return answer.status

    assert pushed(work, Desk(limits=TIGHT)) == 413


def raw(port, sent, *, more=b""):
    """What a bare socket gets back."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(sent)
        if more:
            client.sendall(more)
        got = b""
        while chunk := client.recv(65536):
            got += chunk
        return got


HEAD = (
    b"POST /v1/articles HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    b"content-type: application/json\r\nauthorization: Bearer " + TOKEN.encode() + b"\r\n"
)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (HEAD + b"content-length: 9000000\r\n\r\n", b" 413 "),
        (HEAD + b"expect: 100-continue\r\ncontent-length: 9000000\r\n\r\n", b" 413 "),
        (HEAD.replace(b"Bearer", b"Basic") + b"expect: 100-continue\r\ncontent-length: 5\r\n\r\n", b" 401 "),
        (HEAD + b"x: " + b"y" * 20_000 + b"\r\n\r\n", b" 400 "),
        (HEAD + b"bad header\r\n\r\n", b" 400 "),
        (HEAD + b"content-length: -1\r\n\r\n", b" 400 "),
        (HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", b" 400 "),
        (HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n", b" 400 "),
        (HEAD + b"idempotency-key: a\r\nidempotency-key: b\r\ncontent-length: 2\r\n\r\n{}", b" 400 "),
        (b"FROB /v1/articles HTTP/1.1\r\nhost: x\r\n\r\n", b" 400 "),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 60, b" 400 "),
    ],
)  # fmt: skip
def test_what_is_no_request_is_answered_before_its_body(head, says):
    async def work(desk):
        return await asyncio.to_thread(raw, desk.port, head), desk.bus.published

    got, published = pushed(work)

    assert published == []
    assert says in got.split(b"\r\n", 1)[0]
    assert b"application/problem+json" in got


def test_a_client_that_asks_first_is_told_to_go_on():
    async def work(desk):
        body = json.dumps(story(1)).encode()
        head = HEAD + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(body)
        return await asyncio.to_thread(raw, desk.port, head, more=body)

    got = pushed(work)

    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 ")


@pytest.mark.parametrize("away", ["bus", "seen"])
def test_nothing_is_remembered_of_what_broker_or_redis_were_away_for(away):
    async def work(desk):
        getattr(desk, away).away = True
        without = await desk.send(story(1)), await desk.send(lines(story(2), story(3)), LINES)
        getattr(desk, away).away = False
        with_it = await desk.send(story(1)), await desk.send(lines(story(2), story(3)), LINES)
        return without, with_it, desk.articles

    without, with_it, articles = pushed(work)

    assert [each.status for each in without] == [503, 503]
    assert all(int(each.headers["retry-after"]) >= 1 for each in without)
    assert with_it[0].told["outcome"] == "published"
    assert [each["outcome"] for each in with_it[1].told] == ["published", "published"]
    assert len({each.id for each in articles}) == 3


def test_an_idempotency_key_without_redis_is_a_503_and_nothing_is_published():
    async def work(desk):
        return await desk.send(story(1), {"idempotency-key": "k"}), desk.bus.published

    answer, published = pushed(work)

    assert (answer.status, published) == (503, [])


async def held_up(desk, gate, *sending):
    """The answers to come of requests that wait behind one that is being published."""
    desk.gate = gate.wait
    plug = asyncio.create_task(desk.send(story(1000)))
    await asyncio.to_thread(wait_for, lambda: desk.taking, 5, "the first is taken")
    tasks = [asyncio.create_task(each) for each in sending]
    count = len(sending)
    await asyncio.to_thread(wait_for, lambda: desk.group._waiting == count, 5, "the others wait")
    return [plug, *tasks]


def test_single_articles_that_wait_go_as_one_batch():
    gate = threading.Event()

    async def work(desk):
        sending = await held_up(desk, gate, *(desk.send(story(number)) for number in range(60)))
        gate.set()
        return {(await each).status for each in sending}, desk.batches

    assert pushed(work) == ({202}, [1, 60])


def test_more_than_may_wait_are_turned_away():
    gate = threading.Event()

    async def work(desk):
        waiting = await held_up(desk, gate, *(desk.send(story(number)) for number in range(2)))
        refused = await desk.send(lines(*map(story, range(10, 15))), LINES)
        gate.set()
        return [(await each).status for each in waiting], refused

    waiting, refused = pushed(work, Desk(most=4))

    assert waiting == [202, 202, 202]
    assert (refused.status, refused.headers["retry-after"]) == (503, "2")


def test_more_bytes_than_may_be_held_are_turned_away():
    gate = threading.Event()

    async def work(desk):
        desk.gate = gate.wait
        large = story(1, byline="b" * 500)
        large["text"] += " And so on." * 1500
        first = asyncio.create_task(desk.send(large))
        await asyncio.to_thread(wait_for, lambda: desk.taking, 5, "the first is taken")
        refused = await desk.send(large)
        gate.set()
        return (await first).status, refused.status, (await desk.send(large)).status

    assert pushed(work, Desk(limits=TIGHT)) == (202, 503, 202)


@pytest.mark.parametrize("stage", ["read", "publish"])
def test_an_article_that_makes_ingest_fall_over_fails_alone(stage):
    gate = threading.Event()

    async def work(desk):
        doing = getattr(desk.intake, stage)

        def fall(given, **of):
            each = [given] if stage == "read" else given
            guids = [one.guid if stage == "read" else one.article.guid for one in each]
            if "a7" in guids:
                raise ZeroDivisionError
            return doing(given, **of)

        setattr(desk.intake, stage, fall)
        sending = await held_up(desk, gate, *(desk.send(story(number)) for number in range(7)))
        sending.append(asyncio.create_task(desk.send(story(7))))
        sending.append(asyncio.create_task(desk.send(story(8))))
        await asyncio.to_thread(wait_for, lambda: desk.group._waiting >= 8, 5, "the others wait")
        gate.set()
        return [await each for each in sending[1:]]

    answers = pushed(work)

    assert [each.status for each in answers] == [202] * 7 + [500, 202]
    assert "ZeroDivision" not in str(answers[7].told)


def test_requests_under_way_at_the_stop_are_answered():
    gate = threading.Event()

    sending = []

    async def work(desk):
        desk.gate = gate.wait
        sending.append(asyncio.create_task(desk.send(story(1))))
        await asyncio.to_thread(wait_for, lambda: desk.taking, 5, "it is taken")
        asyncio.get_running_loop().call_later(0.5, gate.set)
        # `pushed` stops the API now, and closes the client when it has stopped.

    desk = Desk()
    pushed(work, desk)

    assert len(desk.bus.published) == 1
    assert sending[0].result().status == 202


def test_shuffled_and_repeated_posts_give_the_same_articles():
    chance = random.Random(11)
    stories = [story(number) for number in range(40)]

    def sent_in(order):
        async def work(desk):
            for start in range(0, len(order), 7):
                part = order[start : start + 7]
                if start % 2:
                    await desk.send(lines(*part), LINES)
                else:
                    await asyncio.gather(*map(desk.send, part))
            return {(each.id, each.revision, each.text) for each in desk.articles}

        return pushed(work)

    expected = sent_in(stories)

    assert len(expected) == 40
    for _ in range(5):
        repeated = stories + chance.sample(stories, 25)
        chance.shuffle(repeated)
        assert sent_in(repeated) == expected


def test_no_token_and_no_text_stands_in_the_log_or_the_metrics(caplog):
    canary = "canary-in-the-text"
    caplog.set_level(logging.DEBUG)

    async def work(desk):
        await desk.send({"text": canary, canary: 1})
        await desk.send({"text": canary}, token=f"{OTHER}x")
        desk.bus.away = True
        await desk.send(story(1, title=canary))
        await asyncio.to_thread(raw, desk.port, HEAD + b"bad header\r\n\r\n")
        await asyncio.to_thread(raw, desk.port, HEAD + b"x: " + b"y" * 20_000 + b"\r\n\r\n")

    pushed(work)

    shown = caplog.text + str(list(REGISTRY.collect()))
    assert not [each for each in (TOKEN, OTHER, canary) if each in shown]


def test_an_outage_and_refused_articles_do_not_fill_the_log():
    async def work(desk):
        desk.bus.away = True
        found = {(await desk.send(story(number))).status for number in range(40)}
        desk.bus.away = False
        empty = {(await desk.send({"text": "(AP Photo)\n(AP Photo)"})).status for _ in range(40)}
        return found, empty

    with structlog.testing.capture_logs() as logged:
        statuses = pushed(work)

    assert statuses == ({503}, {422})
    assert len(logged) <= 3


def test_every_status_has_a_series_from_the_start():
    found = {
        sample.labels["status"]
        for metric in REGISTRY.collect()
        if metric.name == "tocsin_ingest_push_requests"
        for sample in metric.samples
    }

    assert found == set(map(str, PUSH_STATUSES))


def test_the_document_needs_no_token_and_is_the_one_that_is_generated():
    async def work(desk):
        return await desk.send(None, method="GET", path="/v1/openapi.json", token=None)

    answer = pushed(work)

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.told == json.loads(json.dumps(openapi.document()))


@pytest.mark.parametrize("token", ["short", "fifteen-letters"])
def test_a_short_token_is_refused_at_the_start(token):
    with pytest.raises(SettingsError, match="WIRE: must have 16 characters"):
        Access([Client(source(), Secret(token))])


def test_two_sources_with_one_token_are_refused_at_the_start():
    clients = [Client(source(name), Secret(TOKEN)) for name in ("wire", "paper")]

    with pytest.raises(SettingsError, match="WIRE, PAPER") as refused:
        Access(clients)

    assert TOKEN not in str(refused.value)


def test_a_small_gzip_of_much_is_not_inflated_whole():
    packer = zlib.compressobj(9, wbits=31)
    bomb = packer.compress(b" " * 200_000_000) + packer.flush()

    async def work(desk):
        return (await desk.send(bomb, GZIP)).status

    assert len(bomb) < 200_000
    assert pushed(work) == 413
