"""The push API on a port of its own, over a bus in memory, and clients of it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from services.ingest.app import Intake, sketched
from services.ingest.push.access import Access, Client
from services.ingest.push.api import PushApi
from services.ingest.push.body import Limits
from services.ingest.push.group import Group
from services.ingest.push.keys import Keys
from services.ingest.sources.config import PushSource
from tests.support.fake_bus import FakeBus
from tests.unit.ingest.fakes import FakeSeen, FakeStories
from tocsin import topics
from tocsin.messages import Article, decode
from tocsin.settings import Redis, Secret
from tocsin.web import listen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TOKEN = "a-token-of-enough-length"
OTHER = "another-token-of-enough-length"
NOWHERE = "redis://127.0.0.1:1/0"
LINES = {"content-type": "application/x-ndjson"}
JSON = {"content-type": "application/json"}


class Answer(msgspec.Struct):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        """The JSON value, or one a line."""
        if self.headers["content-type"].startswith("application/x-ndjson"):
            return [json.loads(line) for line in self.body.splitlines()]
        return json.loads(self.body)


class Desk:
    """An API and what it publishes to."""

    def __init__(self, redis_url: str = NOWHERE, *, limits: Limits | None = None, most: int = 5000):
        self.bus = FakeBus()
        self.bus.create_topics()
        self.seen = FakeSeen()
        self.intake = Intake(self.bus.producer(), self.seen, FakeStories())
        self.batches: list[int] = []
        self.group = Group(self._read, self._publish, batch=200, most=most, patience_s=5)
        self.keys = Keys(Redis(url=Secret(redis_url), timeout_s=1))
        self.limits = limits or Limits()
        self.client: aiohttp.ClientSession
        self.port = 0
        self.taking = False
        self.gate: Callable[[], None] = lambda: None

    def _read(self, item):
        return sketched(self.intake.read(item, run=None))

    def _publish(self, read):
        self.taking = True
        self.gate()
        self.batches.append(len(read))
        return self.intake.publish(read, run=None, dead_letters=False)

    @property
    def articles(self) -> list[Article]:
        """What was published, in order."""
        assert {each.topic for each in self.bus.published} <= {topics.ARTICLES.name}
        return [decode(each.value, Article) for each in self.bus.published]

    async def send(
        self,
        body: Any,
        headers: dict[str, str] | None = None,
        *,
        method: str = "POST",
        path: str = "/v1/articles",
        token: str | None = TOKEN,
    ) -> Answer:
        """One request; JSON unless the headers say what it is."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        head = {
            **JSON,
            **({"authorization": f"Bearer {token}"} if token else {}),
            **(headers or {}),
        }
        async with self.client.request(method, path, data=data, headers=head) as answer:
            head = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, head, await answer.read())


def source(name: str = "wire", **of: Any) -> PushSource:
    """A source that is pushed."""
    return PushSource(name=name, token_env=name.upper(), **{"per_s": 1e6, "burst": 10**6, **of})


def pushed(work: Callable[[Desk], Awaitable[Any]], desk: Desk | None = None, **of: Any) -> Any:
    """What the coroutine function gives, with an API that runs. Two sources: wire and paper.

    `wrong_burst`: how many wrong tokens may be tried at once; the rest is of the source wire.
    """
    return asyncio.run(_pushed(work, desk or Desk(), **of))


async def _pushed(
    work: Callable[[Desk], Awaitable[Any]], desk: Desk, *, wrong_burst: float = 50, **of: Any
) -> Any:
    clients = [
        Client(source(**of), Secret(TOKEN)),
        Client(source("paper", family="Paper", tier="known", country="VEN"), Secret(OTHER)),
    ]
    api = PushApi(desk.group, desk.keys, Access(clients, wrong_burst=wrong_burst), desk.limits)
    listening, stop = listen("127.0.0.1", 0, "X"), asyncio.Event()
    desk.port = listening.getsockname()[1]
    serving = asyncio.create_task(api.serve(listening, stop))
    async with aiohttp.ClientSession(f"http://127.0.0.1:{desk.port}") as desk.client:
        try:
            return await work(desk)
        finally:
            stop.set()
            await serving
            desk.group.close()
            await desk.keys.close()


def lines(*each: Any) -> bytes:
    """NDJSON of what is given; bytes stand as they are."""
    return b"".join(
        (one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in each
    )


def story(number: int, **of: Any) -> dict[str, Any]:
    """A pushed article unlike all others."""
    text = f"Troop number {number} crossed the border number {number * 7} on Monday, it was said."
    return {"id": f"a{number}", "text": text, **of}
