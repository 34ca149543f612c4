"""A news site on the loopback whose feeds grow, are edited, and can be held in mid-answer."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, NamedTuple, Self

from tests.support import bad_site
from tests.support.bad_site import BadSite, Request, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERBS = ("fired", "moved", "recalled", "ordered", "shelled", "warned", "sealed", "bought", "lost")
_THINGS = ("missiles", "envoys", "tanks", "harbours", "trucks", "banks", "islands", "dams", "ships")


class Story(NamedTuple):
    """One article of a feed. `thin`: the feed has its summary, the page its text."""

    feed: str
    number: int
    thin: bool

    @property
    def path(self) -> str:
        """Of its page."""
        return f"/{self.feed}/{self.number}"

    def text(self, *, edited: bool = False) -> str:
        """What it says, as no other does."""
        verb, thing = _VERBS[self.number % 9], _THINGS[self.number // 9 % 9]
        told = " ".join(
            f"In district {self.feed}-{self.number}-{n} the army {verb} {thing} for the {n}th time,"
            f" said witness number {self.number * 97 + n * 13}."
            for n in range(6)
        )
        return f"{told} {'This corrects an earlier report.' if edited else ''}".strip()


class Newsroom:
    """The site, a context manager. Its feeds are `/<name>.xml`, of two hosts in turn."""

    def __init__(self, feeds: int) -> None:
        self.site = BadSite()
        self.names = [f"f{number}" for number in range(feeds)]
        self.stories: dict[str, list[Story]] = {name: [] for name in self.names}
        self.edited: set[Story] = set()
        self.held = threading.Event()  # an answer stands half-way
        self._hold: set[str] = set()
        self._go_on = threading.Event()
        self._lock = threading.Lock()
        self._began = datetime.now(UTC) - timedelta(hours=2)

    def __enter__(self) -> Self:
        self.site.__enter__()
        for name in self.names:
            self.site.on(f"/{name}.xml", self._answer(name))
        return self

    def __exit__(self, *_: object) -> None:
        self._go_on.set()
        self.site.__exit__()

    def url(self, path: str, feed: str) -> str:
        """The address of a path of a feed."""
        host = "127.0.0.1" if int(feed[1:]) % 2 else "localhost"
        return self.site.url(path, host)

    def publish(self, count: int, *, thin_every: int = 0) -> None:
        """So many new articles in every feed; every so many of them thin."""
        with self._lock:
            for name, known in self.stories.items():
                for number in range(len(known), len(known) + count):
                    thin = bool(thin_every) and number % thin_every == 0
                    story = Story(name, number, thin)
                    known.append(story)
                    if thin:
                        self.site.on(story.path, bad_site.ok(self._page(story), "text/html"))

    def edit(self, every: int) -> None:
        """Every so many of the articles that have their whole text in the feed say more now."""
        with self._lock:
            self.edited |= {
                each for each in self._all() if not each.thin and each.number % every == 0
            }

    def hold(self, *names: str) -> None:
        """The next answers of these feeds stop half-way, until `go_on`."""
        self.held.clear()
        self._go_on.clear()
        self._hold |= set(names)

    def go_on(self) -> None:
        """Answers that stand half-way are cut off."""
        self._go_on.set()

    def all(self) -> list[Story]:
        """Every article so far."""
        return list(self._all())

    def sources(self, *, interval: str = "1s") -> str:
        """The text of its sources.toml; the first feed is told a secret to send."""
        tables = []
        for name in self.names:
            lines = [
                "[[source]]",
                f'name = "{name}"',
                f'url = "{self.url(f"/{name}.xml", name)}"',
                f'family = "newsroom-{name}"',
                f'interval = "{interval}"',
                f'longest_interval = "{interval}"',
                'allow = ["127.0.0.0/8", "::1/128"]',
            ]
            secret = ['authorization_env = "NEWSROOM_TOKEN"'] if name == self.names[0] else []
            tables += [*lines, *secret, ""]
        return "\n".join(tables)

    def _all(self) -> Iterator[Story]:
        return (each for known in self.stories.values() for each in known)

    def _answer(self, name: str) -> bad_site.Answer:
        def answer(request: Request, wire: Wire) -> None:
            with self._lock:
                edited = sum(each.feed == name for each in self.edited)
                etag = f'"{len(self.stories[name])}-{edited}"'
                body = self._feed(name).encode()
            if name not in self._hold:
                bad_site.conditional(body, etag)(request, wire)
                return
            self._hold.discard(name)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {bad_site.RSS}\r\nContent-Length: {len(body)}"
            wire.send(f"{head}\r\nETag: {etag}\r\n\r\n".encode() + body[: len(body) // 2])
            self.held.set()
            self._go_on.wait(60)

        return answer

    def _feed(self, name: str) -> str:
        items = "".join(self._item(each) for each in reversed(self.stories[name]))
        return (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"'
            ' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
            f"<title>Newsroom {name}</title><link>{self.url('/', name)}</link>"
            f"<description>All news</description><language>en</language>{items}</channel></rss>"
        )

    def _item(self, story: Story) -> str:
        link = self.url(story.path, story.feed)
        at = self._began + timedelta(seconds=story.number)
        summary = f"In short, report {story.feed}-{story.number} ..."
        body = "" if story.thin else story.text(edited=story in self.edited)
        whole = f"<content:encoded><![CDATA[<p>{body}</p>]]></content:encoded>" if body else ""
        return (
            f"<item><title>Report {story.feed} {story.number}</title><link>{link}</link>"
            f'<guid isPermaLink="true">{link}</guid><pubDate>{format_datetime(at)}</pubDate>'
            f"<description>{summary}</description>{whole}</item>"
        )

    def _page(self, story: Story) -> str:
        told = story.text().split(". ")
        paragraphs = "".join(f"<p>{each}.</p>" for each in told)
        return (
            f"<html lang='en'><head><title>Report {story.feed} {story.number}</title></head><body>"
            f"<nav><a href='/'>Home</a></nav><article><h1>Report {story.feed} {story.number}</h1>"
            f"{paragraphs}</article><footer>About us</footer></body></html>"
        )
