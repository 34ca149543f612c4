"""What a fetch comes to, against a local site that misbehaves as told."""

from __future__ import annotations

import asyncio
import gzip
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from services.ingest.fetch.client import Fetcher
from services.ingest.fetch.freshness import max_age_s
from services.ingest.fetch.result import Failed, Fetched, NotModified, Trouble
from services.ingest.fetch.shown import shown
from tests.support import bad_site
from tests.support.bad_site import BadSite, moved, ok, status
from tocsin.guard import parse_networks

LOCAL = parse_networks(("127.0.0.0/8",), "X")
FEED = b"<rss version='2.0'><channel><title>Harbour news</title></channel></rss>"


@pytest.fixture
def site():
    with BadSite() as found:
        yield found


def got(url, *, allow=LOCAL, total_s=5.0, most=10_000_000, **asked):
    async def run():
        fetcher = Fetcher(allow, total_s=total_s, max_bytes=most)
        try:
            return await fetcher.get(url, **asked)
        finally:
            await fetcher.close()

    return asyncio.run(run())


def test_a_feed_comes_with_all_that_is_needed_to_ask_again(site):
    url = site.on(
        "/feed",
        ok(
            FEED,
            etag='"v1"',
            last_modified="Fri, 20 Nov 2026 10:00:00 GMT",
            cache_control="max-age=60",
        ),
    )

    assert got(url) == Fetched(
        url=url,
        body=FEED,
        content_type="application/rss+xml",
        etag='"v1"',
        last_modified="Fri, 20 Nov 2026 10:00:00 GMT",
        max_age_s=60.0,
    )


def test_what_is_known_already_is_not_sent_again(site):
    url = site.on("/feed", bad_site.conditional(FEED))

    first = got(url)
    second = got(url, etag=first.etag, last_modified=first.last_modified)

    assert isinstance(first, Fetched)
    assert second == NotModified()
    asked = site.asked("/feed")[1].headers
    assert asked["if-none-match"] == first.etag
    assert asked["if-modified-since"] == first.last_modified
    assert "tocsin" in asked["user-agent"]


def test_a_body_is_unpacked_also_of_several_files_in_a_row(site):
    half = len(FEED) // 2
    packed = gzip.compress(FEED[:half]) + gzip.compress(FEED[half:]) + b"\0\0"
    one = site.on("/one", bad_site.gzipped(FEED))
    two = site.on("/two", ok(packed, content_encoding="gzip"))
    none = site.on("/none", ok(b"", content_encoding="gzip"))

    assert [got(each).body for each in (one, two, none)] == [FEED, FEED, b""]


def test_a_body_that_comes_line_by_line_is_read(site):
    lines = [b"<item><title>%d</title></item>\n" % number for number in range(5000)]
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in lines)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    url = site.on("/feed", bad_site.raw(head + chunked + b"0\r\n\r\n"))

    assert got(url).body == b"".join(lines)


# What a server does, and what it is called.
MISDEEDS = {
    "400": (status(400), Trouble.REFUSED),
    "401": (status(401), Trouble.REFUSED),
    "403": (status(403), Trouble.REFUSED),
    "404": (status(404), Trouble.REFUSED),
    "408": (status(408), Trouble.TIMED_OUT),
    "410": (status(410), Trouble.GONE),
    "429": (status(429), Trouble.RATE_LIMITED),
    "500": (status(500), Trouble.SERVER_ERROR),
    "503": (status(503), Trouble.SERVER_ERROR),
    "503 with a time": (status(503, retry_after="9"), Trouble.RATE_LIMITED),
    "partial, unasked": (status(206), Trouble.BROKEN),
    "status 999": (status(999), Trouble.SERVER_ERROR),
    "redirect to nowhere": (status(302), Trouble.REDIRECTS),
    "redirect to a file": (moved("file:///etc/passwd", 302), Trouble.REDIRECTS),
    "redirect to data": (moved("data:text/plain,x", 302), Trouble.REDIRECTS),
    "redirect to script": (moved("javascript:alert(1)", 302), Trouble.REDIRECTS),
    "redirect to no host": (moved("http://", 302), Trouble.REDIRECTS),
    "redirect to no address": (moved("http://[::1", 302), Trouble.REDIRECTS),
    "redirect to control characters": (moved("/\x01", 302), Trouble.REDIRECTS),
    "redirect to itself": (moved("/bad"), Trouble.REDIRECTS),
    "redirect to a private place": (moved("http://10.0.0.1/"), Trouble.FORBIDDEN),
    "redirect to the cloud's own": (moved("http://169.254.169.254/"), Trouble.FORBIDDEN),
    "silent": (bad_site.silent, Trouble.TIMED_OUT),
    "headers drip": (bad_site.drip_headers, Trouble.TIMED_OUT),
    "body drips": (bad_site.drip_body, Trouble.TIMED_OUT),
    "endless": (bad_site.endless, Trouble.TOO_LARGE),
    "crumbs": (bad_site.crumbs, Trouble.BROKEN),
    "bomb": (bad_site.bomb(30_000_000), Trouble.TOO_LARGE),
    "one huge header": (bad_site.huge_header(1_000_000), Trouble.TOO_LARGE),
    "a large header": (bad_site.huge_header(80_000), Trouble.TOO_LARGE),
    "a thousand headers": (bad_site.many_headers(1000), Trouble.TOO_LARGE),
    "hangs up": (bad_site.hang_up, Trouble.UNREACHABLE),
    "cut": (bad_site.cut(FEED, 20), Trouble.UNREACHABLE),
    "wrong chunks": (bad_site.wrong_chunks(FEED), Trouble.BROKEN),
    "not HTTP": (bad_site.raw(b"220 mail.example ESMTP\r\n\r\n"), Trouble.BROKEN),
    "wrong gzip": (bad_site.wrong_gzip(FEED), Trouble.BROKEN),
    "cut gzip": (bad_site.cut_gzip(FEED * 50), Trouble.BROKEN),
    "unasked encoding": (ok(FEED, content_encoding="br"), Trouble.BROKEN),
    "packed twice": (ok(FEED, content_encoding="gzip, gzip"), Trouble.BROKEN),
}


@pytest.mark.parametrize("name", MISDEEDS)
def test_what_a_server_does_has_a_name(site, name):
    answer, trouble = MISDEEDS[name]
    url = site.on("/bad", answer)

    waits = trouble is Trouble.TIMED_OUT and name != "408"
    found = got(f"{url}?token=canary", total_s=0.5 if waits else 30.0)

    assert isinstance(found, Failed), found
    assert found.trouble is trouble
    assert "canary" not in found.detail


def test_a_content_length_that_is_too_small_gives_what_was_promised(site):
    url = site.on("/feed", bad_site.says_less(FEED, 20))

    assert got(url).body == FEED[:20]


def test_nobody_there_is_unreachable_and_back_again_it_is_read(site):
    url = site.on("/feed", ok(FEED))
    site.away()
    gone = got(url)
    site.back()

    assert (gone.trouble, "nobody listens" in gone.detail) == (Trouble.UNREACHABLE, True)
    assert got(url).body == FEED


def test_a_name_that_does_not_exist_is_unreachable():
    found = got("http://nobody.invalid/feed")

    assert (found.trouble, "no such name" in found.detail) == (Trouble.UNREACHABLE, True)


@pytest.mark.parametrize(
    ("retry_after", "low", "high"),
    [
        ("120", 120, 120),
        (timedelta(seconds=600), 400, 600),
        ("0", 0, 0),
        ("99999999", 86_400, 86_400),
        (timedelta(days=-9), 0, 0),
    ],
)
@pytest.mark.parametrize("code", [429, 503])
def test_the_time_to_come_back_is_told(site, code, retry_after, low, high):
    if isinstance(retry_after, timedelta):
        retry_after = format_datetime(datetime.now(UTC) + retry_after)
    url = site.on("/busy", status(code, retry_after=retry_after))

    assert low <= got(url).retry_after_s <= high


@pytest.mark.parametrize("retry_after", ["soon", "", "-5", "²", "Someday, 99 Nov 2026"])
def test_a_time_to_come_back_that_cannot_be_read_is_none(site, retry_after):
    url = site.on("/busy", status(429, retry_after=retry_after.encode().decode("latin-1")))

    assert got(url).retry_after_s is None


# Redirects.


@pytest.mark.parametrize(
    ("codes", "moved_to"),
    [
        ((301,), "/1"),
        ((308,), "/1"),
        ((301, 308, 301), "/3"),
        ((302,), None),
        ((307, 301), None),
        ((301, 302, 301), "/1"),
        ((301, 301, 301, 301, 301), "/5"),
    ],
)
def test_only_permanent_redirects_say_where_a_feed_moved_to(site, codes, moved_to):
    for number, code in enumerate(codes):
        site.on(f"/{number}", moved(f"/{number + 1}#part", code))
    last = site.on(f"/{len(codes)}", ok(FEED))

    found = got(site.url("/0"))

    assert (found.url, found.body) == (last, FEED)
    assert found.moved_to == (moved_to and site.url(moved_to))


def test_a_circle_and_a_long_way_are_given_up(site):
    for number in range(3):
        site.on(f"/circle/{number}", moved(f"/circle/{(number + 1) % 3}"))
    for number in range(20):
        site.on(f"/far/{number}", moved(f"/far/{number + 1}"))

    circle, far = got(site.url("/circle/0")), got(site.url("/far/0"))

    assert circle.trouble is far.trouble is Trouble.REDIRECTS
    assert len(site.requests) == 3 + 6


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_what_is_secret_stays_with_the_server_it_was_for(site, code):
    with BadSite() as other:
        there = other.on("/feed", ok(FEED))
        other.on("/and-back", moved(site.url("/last")))
        site.on("/last", ok(FEED))
        site.on("/near", moved("/feed", code))
        site.on("/feed", moved(there, code))
        site.on("/round", moved(other.url("/and-back"), code))
        secret = {"Authorization": "Bearer canary", "Cookie": "canary", "X-Api-Key": "canary"}

        near, round_trip = (got(site.url(path), headers=secret) for path in ("/near", "/round"))

    assert near.body == round_trip.body == FEED
    assert site.asked("/feed")[0].headers["authorization"] == "Bearer canary"
    assert site.asked("/feed")[0].headers["x-api-key"] == "canary"
    assert all("canary" not in each.headers.values() for each in other.requests)
    assert "canary" not in site.asked("/last")[0].headers.values()


def test_a_user_and_password_in_the_url_are_sent_and_not_told(site):
    site.on("/feed", moved("/new"))
    site.on("/new", status(401))
    site.on("/open", moved("/read"))
    site.on("/read", ok(FEED))

    refused, read = (got(site.url(path, "ann:can%40ary@127.0.0.1")) for path in ("/feed", "/open"))

    assert site.asked("/feed")[0].headers["authorization"] == "Basic YW5uOmNhbkBhcnk="
    assert site.asked("/new")[0].headers["authorization"] == "Basic YW5uOmNhbkBhcnk="
    assert "ary" not in f"{refused}{read.url}"
    assert read.moved_to is None


def test_no_cookie_is_kept(site):
    url = site.on("/feed", moved("/feed2", 302), ok(FEED))
    site.on("/feed2", ok(FEED, set_cookie="id=1; Path=/"))

    async def run():
        fetcher = Fetcher(LOCAL)
        for path in ("/feed", "/feed2", "/feed2"):
            await fetcher.get(site.url(path))
        await fetcher.close()

    asyncio.run(run())

    assert url
    assert all("cookie" not in each.headers for each in site.requests)


def test_one_slow_answer_holds_no_other(site):
    site.on("/slow", bad_site.silent)
    site.on("/feed", ok(FEED))

    async def run():
        fetcher = Fetcher(LOCAL, total_s=20.0)
        slow = [asyncio.create_task(fetcher.get(site.url("/slow"))) for _ in range(30)]
        found = await fetcher.get(site.url("/feed"))
        for each in slow:
            each.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        await fetcher.close()
        return found

    assert asyncio.run(run()).body == FEED


def test_the_time_is_for_all_of_a_fetch_and_not_for_each_part(site):
    for number in range(5):
        site.on(f"/{number}", _late(0.4, moved(f"/{number + 1}")))
    before = time.monotonic()

    found = got(site.url("/0"), total_s=0.6)

    assert found.trouble is Trouble.TIMED_OUT
    assert len(site.requests) < 5
    assert time.monotonic() - before < 5


def _late(seconds, then):
    def answer(request, wire):
        wire.closing.wait(seconds)
        then(request, wire)

    return answer


# The rest.


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://ann:pw@news.example/a/b?token=x#y", "https://news.example/a/b"),
        ("http://news.example:8080/", "http://news.example:8080/"),
        ("http://news.example/" + "a" * 300, "http://news.example/" + "a" * 179 + "…"),
        ("http://[::1", "an address that cannot be read"),
        ("http://news.example/\x1b[31m", "an address that cannot be read"),
        ("http://news.example/<b>\u202e", "http://news.example/%3Cb%3E%E2%80%AE"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url, told):
    assert shown(url) == told


@pytest.mark.parametrize(
    "url", ["", "news", "ftp://news.example/", "http://", "http://[::1", "http://h:99999/", "/feed"]
)
def test_what_is_no_web_address_fails_and_does_not_raise(url):
    assert isinstance(got(url), Failed)


@pytest.mark.parametrize("etag", ['"é"', "x" * 5000])
def test_a_validator_that_cannot_be_sent_back_is_not_kept(site, etag):
    url = site.on("/feed", ok(FEED, etag=etag))

    assert got(url).etag is None


@pytest.mark.parametrize(
    ("headers", "age_s"),
    [
        ({}, None),
        ({"cache-control": "public, max-age=300"}, 300),
        ({"cache-control": 'MAX-AGE="300"', "age": "100"}, 200),
        ({"cache-control": "max-age=300", "age": "900"}, 0),
        ({"cache-control": "s-maxage=300"}, None),
        ({"cache-control": "no-cache"}, 0),
        ({"cache-control": "no-store, max-age=300"}, 0),
        ({"cache-control": "max-age=31536000"}, 86_400),
        ({"cache-control": "max-age=soon"}, None),
        (
            {"expires": "Fri, 20 Nov 2026 11:00:00 GMT", "date": "Fri, 20 Nov 2026 10:00:00 GMT"},
            3600,
        ),
        ({"expires": "Fri, 20 Nov 2026 09:00:00 GMT", "date": "Fri, 20 Nov 2026 10:00:00 GMT"}, 0),
        ({"expires": "0", "date": "Fri, 20 Nov 2026 10:00:00 GMT"}, 0),
        ({"expires": "Fri, 20 Nov 2026 11:00:00 GMT"}, None),
    ],
)
def test_how_long_an_answer_stays_true(headers, age_s):
    assert max_age_s(httpx2.Headers(headers)) == age_s
