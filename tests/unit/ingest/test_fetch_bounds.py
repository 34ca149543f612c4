"""What a hostile body costs in memory, measured in a process of its own; and whom TLS trusts."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import sys

import pytest

from services.ingest.fetch.client import Fetcher
from services.ingest.fetch.result import Trouble
from tests.support import bad_site
from tests.support.bad_site import BadSite, ok
from tests.support.paths import ROOT
from tocsin.guard import parse_networks

# Fetches a first time, so that all is loaded, and then tells how much the rest took at its most.
CHILD = """
import asyncio, re, sys
from services.ingest.fetch.client import Fetcher
from tocsin.guard import parse_networks

def peak_kb():  # rusage would count what the parent held when it started this process
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])

async def main(warm, url):
    fetcher = Fetcher(parse_networks(("127.0.0.0/8",), "X"), max_bytes=5_000_000)
    await fetcher.get(warm)
    before = peak_kb()
    for _ in range(3):
        found = await fetcher.get(url)
    print(found.trouble, peak_kb() - before)

asyncio.run(main(*sys.argv[1:]))
"""
LIMIT_KB = 5_000


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (bad_site.bomb(300_000_000), Trouble.TOO_LARGE),  # 300 kB on the wire
        (bad_site.endless, Trouble.TOO_LARGE),
        (bad_site.huge_header(50_000_000), Trouble.TOO_LARGE),
    ],
    ids=["bomb", "endless", "header"],
)
def test_a_bomb_costs_little_more_than_the_limit(answer, trouble):
    with BadSite() as site:
        warm, url = site.on("/warm", ok(b"<rss/>")), site.on("/bad", answer)
        child = subprocess.run(
            [sys.executable, "-c", CHILD, warm, url],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
        )

    assert child.returncode == 0, child.stderr
    told, grown_kb = child.stdout.split()
    assert told == trouble
    assert int(grown_kb) < 3 * LIMIT_KB


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("no openssl")
    folder = tmp_path_factory.mktemp("tls")
    made = folder / "both.pem"
    order = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split()
    subprocess.run(
        [*order, "-keyout", made, "-out", folder / "cert"], check=True, capture_output=True
    )
    made.write_text(made.read_text() + (folder / "cert").read_text())
    return made


def test_a_certificate_that_is_not_trusted_ends_the_fetch(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def run(url):
        fetcher = Fetcher(parse_networks(("127.0.0.0/8",), "X"))
        found = await fetcher.get(url)
        await fetcher.close()
        return found

    with BadSite(context) as site:
        untrusted = asyncio.run(run(site.on("/feed", ok(b"<rss/>"))))

    assert untrusted.trouble is Trouble.TLS
    assert "not trusted" in untrusted.detail
    assert site.requests == []
