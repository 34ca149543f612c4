"""What schemathesis must be told of the push API: how lines are written, and that a key is new.

Loaded by it, as SCHEMATHESIS_HOOKS=tests.support.push_hooks.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from typing import Any

import schemathesis

_LINES = "application/x-ndjson"
_KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")
_numbers = itertools.count()


@schemathesis.serializer(_LINES)
def _lines(_: Any, value: Any) -> Any:
    """An array as a line each; what is no array stands as one line."""
    if isinstance(value, bytes):
        return value
    each = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(one).encode() + b"\n" for one in each)


@schemathesis.deserializer(_LINES)
def _array(_: Any, response: Any) -> Any:
    """The lines of an answer as an array."""
    return [json.loads(line) for line in response.content.splitlines()]


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    """Every request is another, so none may have the key of one before."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and _KEY.fullmatch(key):
        case.headers["Idempotency-Key"] = f"{key[:200]}-{os.getpid()}-{next(_numbers)}"
