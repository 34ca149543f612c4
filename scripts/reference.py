"""Writes docs/reference.md, docs/schemas/, docs/asyncapi.json and docs/openapi.json from the code.

`make docs` writes them; tests/unit/test_reference.py fails when they no longer say what the code
does.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

from services.ingest.push import openapi
from tocsin import settings, topics
from tocsin.errors import Reason
from tocsin.topics import Topic

DOCS: Final = Path(__file__).parents[1] / "docs"
SERVICES: Final = ("ingest", "enrich", "alert")
_SHARED: Final = {
    settings.Kafka: "TOCSIN_KAFKA_",
    settings.Redis: "TOCSIN_REDIS_",
    settings.Http: "TOCSIN_HTTP_",
    settings.Log: "TOCSIN_LOG_",
}
_SETTINGS: Final = (
    "Environment variables, read once at the start. A variable under a service's prefix that is "
    "none of these stops the service with exit code 2."
)


def files() -> dict[Path, str]:
    """Every generated file with what it must hold."""
    schemas = {
        DOCS / "schemas" / f"{topic.name}.json": _json(schema(topic)) for topic in topics.TOPICS
    }
    return {
        DOCS / "reference.md": reference(),
        DOCS / "asyncapi.json": _json(asyncapi()),
        DOCS / "openapi.json": _json(openapi.document()),
        **schemas,
    }


def reference() -> str:
    """The tables of topics, settings, metrics and reasons."""
    parts = [
        "# Reference",
        "Written by `make docs` from the code; a test holds it to the code.",
        "## Topics",
        *_table(("topic", "key", "written by", "read by", "partitions", "kept"), _topic_rows()),
        "Dead letters keep the record's bytes, key and headers, with three headers more "
        "(`tocsin_reason`, `tocsin_detail`, `tocsin_origin`): "
        + ", ".join(f"`{name}`" for name in topics.DEAD_LETTER_TOPICS)
        + ".",
        "Reasons: " + ", ".join(f"`{each.value}`" for each in Reason) + ".",
        "## Settings",
        _SETTINGS,
        "### Shared",
    ]
    shared = [row for kind, prefix in _SHARED.items() for row in _setting_rows(kind, prefix)]
    parts += _table(("variable", "default", "meaning"), shared)
    for service in SERVICES:
        kind = importlib.import_module(f"services.{service}.settings").Settings
        rows = list(_setting_rows(kind, f"TOCSIN_{service.upper()}_"))
        parts += [f"### {service}", *_table(("variable", "default", "meaning"), rows)]
    parts.append("## Metrics")
    for service in SERVICES:
        parts += [f"### {service}", *_table(("metric", "labels", "meaning"), _metric_rows(service))]
    return "\n\n".join(parts) + "\n"


def schema(topic: Topic) -> dict[str, Any]:
    """The JSON Schema of a topic's message."""
    found: dict[str, Any] = msgspec.json.schema(topic.message)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": topic.name, **found}


def asyncapi() -> dict[str, Any]:
    """The topology as an AsyncAPI 3 document; payloads are the files in schemas/."""
    channels = {
        topic.name: {
            "address": topic.name,
            "messages": {topic.message.__name__: _message(topic)},
            "bindings": {"kafka": {"partitions": topic.partitions}},
        }
        for topic in topics.TOPICS
    }
    operations: dict[str, Any] = {}
    for topic in topics.TOPICS:
        channel = {"$ref": f"#/channels/{topic.name.replace('/', '~1')}"}
        operations[f"{topic.written_by} writes {topic.name}"] = {
            "action": "send",
            "channel": channel,
        }
        for reader in topic.read_by:
            operations[f"{reader} reads {topic.name}"] = {"action": "receive", "channel": channel}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Tocsin", "version": "1.0.0"},
        "channels": channels,
        "operations": operations,
    }


def _message(topic: Topic) -> dict[str, Any]:
    key = {"type": "string", "description": topic.key}
    return {
        "contentType": "application/json",
        "bindings": {"kafka": {"key": key}},
        "payload": {"$ref": f"./schemas/{topic.name}.json"},
    }


def _topic_rows() -> Iterator[tuple[str, ...]]:
    for topic in topics.TOPICS:
        days = None if topic.retention_ms is None else topic.retention_ms // (24 * 3600 * 1000)
        yield (
            f"`{topic.name}`",
            topic.key,
            topic.written_by,
            ", ".join(topic.read_by) or "subscribers",
            str(topic.partitions),
            "compacted" if days is None else f"{days} days",
        )


def _setting_rows(kind: type[msgspec.Struct], prefix: str) -> Iterator[tuple[str, ...]]:
    said = _comments(kind)
    for field in msgspec.structs.fields(kind):
        if field.type in _SHARED:
            continue
        default = "must be set" if field.required else _default(field.default)
        yield f"`{prefix}{field.name.upper()}`", default, said.get(field.name, "")


def _default(value: Any) -> str:
    if value is None or value in ((), ""):
        return "none"
    if isinstance(value, settings.Secret):
        value = value.reveal()
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`"


def _comments(kind: type[msgspec.Struct]) -> dict[str, str]:
    """What the comment behind each field says, or the comment above it."""
    found: dict[str, str] = {}
    above: list[str] = []
    for line in inspect.getsource(kind).splitlines():
        code, _, comment = line.strip().partition("#")
        if not code:
            above = [*above, comment.strip()] if comment else []
            continue
        name = code.split(":", 1)[0].strip()
        if name.isidentifier():
            found[name] = comment.strip() or " ".join(above)
        above = []
    return found


def _metric_rows(service: str) -> Iterator[tuple[str, ...]]:
    module = importlib.import_module(f"services.{service}.metrics")
    for metric in vars(module).values():
        if isinstance(metric, MetricWrapperBase):
            name = metric._name + ("_total" if isinstance(metric, Counter) else "")  # noqa: SLF001
            labels = ", ".join(metric._labelnames)  # noqa: SLF001 - there is no other way to them
            yield f"`{name}`", labels, metric._documentation  # noqa: SLF001


def _table(head: tuple[str, ...], rows: Any) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return ["\n".join("| " + " | ".join(cells) + " |" for cells in lines)]


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Writes the files."""
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
