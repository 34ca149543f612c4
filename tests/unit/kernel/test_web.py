from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import web

from tocsin import web as shared
from tocsin.errors import SettingsError
from tocsin.web import Bucket, listen, problem, serve


def test_a_bucket_gives_its_burst_and_then_its_rate():
    now = [0.0]
    bucket = Bucket(2.0, 3, lambda: now[0])

    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]
    now[0] = 0.5
    assert [bucket.take() for _ in range(2)] == [0, 0.5]
    now[0] = 1000.0
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_problem_is_as_rfc_9457_has_it():
    told = problem(422, "a field is wrong", "title: empty", {"x": "y"}, reason="empty")

    assert (told.status, told.content_type, told.headers["x"]) == (
        422, "application/problem+json", "y",
    )  # fmt: skip
    assert told.body == (
        b'{"type":"about:blank","title":"a field is wrong","status":422,'
        b'"detail":"title: empty","reason":"empty"}'
    )


def test_an_address_that_is_taken_names_its_settings():
    with (
        listen("127.0.0.1", 0, "X_HOST, X_PORT") as taken,
        pytest.raises(SettingsError, match=r"X_HOST, X_PORT: 127\.0\.0\.1"),
    ):
        listen("127.0.0.1", taken.getsockname()[1], "X_HOST, X_PORT")


def test_a_connection_that_sends_no_whole_head_is_ended_and_one_at_work_is_not(monkeypatch):
    monkeypatch.setattr(shared, "_IDLE_S", 0.2)
    monkeypatch.setattr(shared, "_LOOK_S", 0.05)

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(0.6)
        return web.Response(text="done")

    async def work():
        app, stop = web.Application(), asyncio.Event()
        app.router.add_get("/", slow)
        listening = listen("127.0.0.1", 0, "X")
        port = listening.getsockname()[1]
        serving = asyncio.create_task(serve(app, listening, stop))
        quiet, dripping = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        working = await asyncio.open_connection("127.0.0.1", port)
        dripping[1].write(b"GET / HTTP/1.1\r\nhost:")
        working[1].write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        try:
            ends = [await asyncio.wait_for(_rest(each[0]), 5) for each in (quiet, dripping)]
            return ends, await asyncio.wait_for(_rest(working[0]), 5)
        finally:
            for _, writer in (quiet, dripping, working):
                writer.close()
            stop.set()
            await serving

    ends, answer = asyncio.run(work())

    assert ends == [b"", b""]
    assert answer.endswith(b"done")


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


def test_after_the_stop_nobody_listens():
    async def work():
        app, stop = web.Application(), asyncio.Event()
        listening = listen("127.0.0.1", 0, "X")
        port = listening.getsockname()[1]
        serving = asyncio.create_task(serve(app, listening, stop))
        stop.set()
        await serving
        return port

    port = asyncio.run(work())

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
