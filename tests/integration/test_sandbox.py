"""A text that hangs a parser, crashes it or wants all memory costs that text alone."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import psutil
import pytest

from services.ingest.sandbox import Sandbox
from tests.integration import parsers
from tests.support.paths import ROOT
from tests.support.wait import wait_for
from tocsin.errors import BadMessage, Reason, Unavailable


@pytest.fixture
def sandboxes():
    made = []

    def make(workers=1, **bounds):
        made.append(Sandbox(workers, **{"deadline_s": 2.0, "memory_mb": 300, **bounds}))
        return made[-1]

    yield make
    for each in made:
        each.close()


async def told(sandbox, how):
    """How it ended."""
    try:
        return await sandbox.run(parsers.misbehave, how)
    except BadMessage as error:
        return error


def children():
    """The worker processes of this one; the one that tracks multiprocessing's resources is none."""
    found = psutil.Process().children()
    return [each for each in found if "spawn_main" in " ".join(each.cmdline())]


def test_nothing_is_started_before_it_is_used(sandboxes):
    before = children()

    sandboxes(4)

    assert children() == before


def test_what_a_parser_returns_comes_back_from_another_process(sandboxes):
    found = asyncio.run(sandboxes().run(parsers.parse, "text"))

    assert found.text == "text"
    assert found.pid != os.getpid()


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("hang", Reason.TIMED_OUT),
        ("hang in C", Reason.TIMED_OUT),
        ("die", Reason.CRASHED),
        ("segfault", Reason.CRASHED),
        ("memory", Reason.CRASHED),
        ("memory at once", Reason.CRASHED),
        ("deep", Reason.RAISED),
        ("raise", Reason.RAISED),
        ("exit", Reason.RAISED),
        ("unpicklable", Reason.RAISED),
        ("refuse", Reason.WRONG_SHAPE),
    ],
)
def test_a_bad_text_is_refused_with_its_reason_and_the_next_is_parsed(sandboxes, how, reason):
    async def run():
        sandbox = sandboxes()
        return await told(sandbox, how), await sandbox.run(parsers.parse, "next")

    error, following = asyncio.run(run())

    assert isinstance(error, BadMessage)
    assert error.reason is reason
    assert "canary" not in error.detail
    assert following.text == "next"


def test_a_bad_text_costs_its_neighbours_nothing(sandboxes):
    async def run():
        sandbox = sandboxes(2)
        bad = [told(sandbox, how) for how in ("die", "hang", "memory")]
        good = [sandbox.run(parsers.parse, str(number)) for number in range(20)]
        mixed = [each for pair in zip(bad, good, strict=False) for each in pair]
        found = await asyncio.gather(*mixed, *good[3:])
        return [each for each in found if not isinstance(each, BadMessage)]

    found = asyncio.run(run())

    assert sorted(int(each.text) for each in found) == list(range(20))


def test_a_process_is_replaced_after_so_many_texts(sandboxes):
    async def run():
        sandbox = sandboxes(tasks=3)
        return [await sandbox.run(parsers.parse, "text") for _ in range(7)]

    found = asyncio.run(run())

    assert [each.call for each in found] == [1, 2, 3, 1, 2, 3, 1]
    assert len({each.pid for each in found}) == 3


def test_a_text_nobody_waits_for_any_more_is_not_parsed_on(sandboxes):
    async def run():
        sandbox = sandboxes(deadline_s=300)
        await sandbox.run(parsers.parse, "warm")
        (busy,) = children()
        hanging = asyncio.create_task(sandbox.run(parsers.misbehave, "hang"))
        await asyncio.sleep(0)
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
        return busy, await sandbox.run(parsers.parse, "next")

    busy, found = asyncio.run(run())

    assert found.pid != busy.pid
    wait_for(lambda: not busy.is_running(), 10, "the worker ends")


def test_closing_ends_the_workers_at_once_and_blames_no_text(sandboxes):
    async def run():
        sandbox = sandboxes(2, deadline_s=300)
        await asyncio.gather(*(sandbox.run(parsers.parse, "warm") for _ in range(2)))
        at_work = children()
        hanging = asyncio.create_task(sandbox.run(parsers.misbehave, "hang in C"))
        await asyncio.sleep(0)
        sandbox.close()
        late = sandbox.run(parsers.parse, "late")
        return at_work, await asyncio.gather(hanging, late, return_exceptions=True)

    at_work, ends = asyncio.run(run())

    assert len(at_work) == 2
    assert [type(each) for each in ends] == [Unavailable, Unavailable]
    wait_for(lambda: not any(each.is_running() for each in at_work), 10, "the workers end")


def test_a_process_that_does_not_come_up_is_no_text_s_fault(sandboxes):
    with pytest.raises(Unavailable):
        asyncio.run(sandboxes(memory_mb=5).run(parsers.parse, "text"))


PARENT = """
import asyncio, sys
from services.ingest.sandbox import Sandbox
from tests.integration import parsers

async def main(how):
    sandbox = Sandbox(1, deadline_s=2.0)
    print((await sandbox.run(parsers.parse, "x")).pid, flush=True)
    await sandbox.run(parsers.misbehave, how) if how else await asyncio.Event().wait()

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.parametrize("how", ["", "hang in C"])
def test_a_worker_ends_when_its_parent_is_killed(how):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, how], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    try:
        worker = psutil.Process(int(parent.stdout.readline()))
        if how:
            wait_for(lambda: worker.cpu_times().user > 1, 20, "it hangs")
    finally:
        parent.kill()
        parent.communicate()

    wait_for(lambda: not worker.is_running(), 20, "the worker ends")
