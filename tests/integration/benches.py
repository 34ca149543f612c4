"""What runs a test's coroutine on a bench of its own: an object over one Redis, with its client."""

from __future__ import annotations

import asyncio


def on_bench(make, server, work):
    """What the coroutine function gives on a fresh bench, whose client is closed after it."""

    async def run():
        bench = make(server.url)
        try:
            return await work(bench)
        finally:
            await bench.client.aclose()

    return asyncio.run(run())
