"""Parsers for the tests of the sandbox, named in a module as its processes need."""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import time

import msgspec

from tocsin.errors import BadMessage, Reason

_calls = itertools.count(1)


class Parsed(msgspec.Struct, frozen=True):
    """What comes back from a process."""

    text: str
    pid: int
    call: int


def parse(text):
    """What it was given, with who parsed it."""
    return Parsed(text, os.getpid(), next(_calls))


def misbehave(how):
    """Does what a hostile text has a parser do."""
    if how == "hang":
        time.sleep(1000)
    elif how == "hang in C":
        re.match(r"(a+)+$", "a" * 60 + "b")
    elif how == "die":
        os._exit(9)
    elif how == "segfault":
        ctypes.string_at(0)
    elif how == "memory":
        return ["x" * 1_000_000 * number for number in range(1000)]
    elif how == "memory at once":
        return bytearray(10**10)
    elif how == "deep":
        misbehave(how)
    elif how == "raise":
        raise ValueError("canary: a piece of the text")
    elif how == "refuse":
        raise BadMessage(Reason.WRONG_SHAPE, "line 3: no entry")
    elif how == "exit":
        raise SystemExit(3)
    elif how == "unpicklable":
        return lambda: None
    return how
