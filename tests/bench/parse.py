"""How long feeds and pages take to read, in CPU time: `python -m tests.bench.parse`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from services.ingest.parse.feed import parse_feed
from services.ingest.parse.page import parse_page

URL = "https://example.org/feed"
SENTENCE = (
    "The two governments met on Monday in the border town, officials of both sides said in turn."
)
BODY = f"<p>{SENTENCE} {SENTENCE}</p>\n" * 12
SHAPES = Path(__file__).parents[1] / "shapes"


def feed(entries: int) -> bytes:
    """An RSS 2.0 feed with whole articles of 2.3 kB."""
    items = "".join(
        f"<item><title>Talks resume, part {n}</title><link>https://example.org/a/{n}?utm_source=rss</link>"
        f"<guid isPermaLink='false'>{n}</guid><dc:creator>Jane Doe</dc:creator>"
        f"<pubDate>Sun, 22 Nov 2026 08:15:30 +0000</pubDate>"
        f"<description>{SENTENCE}</description><content:encoded><![CDATA[{BODY}]]></content:encoded></item>"
        for n in range(entries)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>{items}</channel></rss>'
    ).encode()


def page() -> bytes:
    """A newspaper's page of 190 kB, of which 2.3 kB are the article."""
    links = "".join(f"<li><a href='/{n}'>Section {n} of the paper</a></li>" for n in range(300))
    cards = "".join(
        f"<div class='card'><a href='/s/{n}'><img src='/i/{n}.jpg'><h3>Another story of the day, {n}</h3></a></div>"
        for n in range(150)
    )
    scripts = f"<script>var data = {json.dumps(['x' * 100] * 1_500)};</script>"
    return (
        "<!DOCTYPE html><html lang='en'><head><title>Talks resume | Example</title>"
        "<meta property='article:published_time' content='2026-11-22T08:15:30Z'>"
        f"{scripts}</head><body><nav><ul>{links}</ul></nav><main><article><h1>Talks resume</h1>"
        f"{BODY}</article></main><section>{cards}</section></body></html>"
    ).encode()


def cpu_ms(work: Callable[[], object], times: int) -> float:
    """Milliseconds of CPU that a call takes, the best of three rounds."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - begun) / times)
    return round(best * 1_000, 2)


def main() -> None:
    """Prints the figures, one a line or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    pages = [each.read_bytes() for each in sorted(SHAPES.glob("pages/*.html"))]
    small, large, paper = feed(50), feed(10_000), page()
    xml, html = "application/rss+xml", "text/html"
    figures = {
        "feed of 50 entries, ms": cpu_ms(lambda: parse_feed(small, xml, URL), 10),
        "feed of 10,000 entries, ms": cpu_ms(lambda: parse_feed(large, xml, URL), 1),
        "page of 190 kB, ms": cpu_ms(lambda: parse_page(paper, html, URL), 10),
        "page of the shapes, ms": round(
            sum(cpu_ms(lambda body=body: parse_page(body, html, URL), 10) for body in pages)
            / len(pages),
            2,
        ),
    }
    if as_json:
        json.dump(figures, sys.stdout)
        return
    for name, value in figures.items():
        print(f"{name:28} {value:>10,}")


if __name__ == "__main__":
    main()
