"""What blocks is awaited, and holds no process back."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from tests.support.paths import ROOT
from tocsin.blocking import blocking


def test_what_the_function_returns_or_raises_comes_back():
    assert asyncio.run(blocking(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(blocking(lambda: 1 // 0))


def test_the_loop_goes_on_meanwhile():
    async def run():
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        waits = asyncio.create_task(
            blocking(lambda: asyncio.run_coroutine_threadsafe(done.wait(), loop).result(20))
        )
        await asyncio.sleep(0)
        done.set()
        return await waits

    assert asyncio.run(run())


def test_an_end_of_the_process_does_not_wait_for_it():
    code = (
        "import asyncio, time\n"
        "from tocsin.blocking import blocking\n"
        "async def run():\n"
        "    asyncio.create_task(blocking(lambda: time.sleep(600)))\n"
        "    await asyncio.sleep(0.1)\n"
        "asyncio.run(run())\n"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, capture_output=True)

    assert (done.returncode, done.stderr) == (0, b"")
