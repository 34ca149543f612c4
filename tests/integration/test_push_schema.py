"""What docs/openapi.json says of the push API is so: schemathesis, with all its checks."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest

from services.ingest.push.body import Limits
from tests.support.paths import ROOT
from tests.support.processes import Process
from tests.support.wait import wait_for
from tests.unit.ingest.pushing import TOKEN, Desk, pushed

CASES = 150  # an operation, in the fuzzing; the other phases make about 140
CONFIG = '[auth.openapi.token]\nbearer = "${PUSH_TOKEN}"\n'


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", [20, 21])
def test_schemathesis_finds_nothing(redis_server, tmp_path, seed):
    pytest.importorskip("schemathesis")

    async def work(desk):
        return await asyncio.to_thread(examined, desk, tmp_path, seed)

    desk = Desk(redis_server.url, limits=Limits(max_bytes=64_000_000, held_bytes=256_000_000))
    told = pushed(work, desk, wrong_burst=10**6)

    assert "No issues found" in told
    assert "Operations:       2 selected / 2 total" in told
    generated, passed = map(int, re.search(r"(\d+) generated, (\d+) passed", told).groups())
    assert generated == passed > CASES + 100


def examined(desk, folder, seed):
    """What schemathesis says at its end."""
    (folder / "schemathesis.toml").write_text(CONFIG)
    command = Path(sys.executable).parent / "schemathesis"
    options = ["--checks=all", "--no-color", "--continue-on-failure", f"--seed={seed}"]
    environment = {
        "SCHEMATHESIS_HOOKS": "tests.support.push_hooks",
        "PUSH_TOKEN": TOKEN,
        "PYTHONPATH": str(ROOT),
        "PATH": "",
    }
    with Process(
        [str(command), "run", str(ROOT / "docs" / "openapi.json"),
         f"--url=http://127.0.0.1:{desk.port}", f"--max-examples={CASES}", *options],
        folder / "schemathesis.log",
        env=environment,
        cwd=folder,
    ) as running:  # fmt: skip
        wait_for(lambda: running.exit_code is not None, 90, "schemathesis ends")
        told = running.tail(400)
    assert running.exit_code == 0, told
    return told
