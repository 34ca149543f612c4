"""The push API as an OpenAPI 3.1 document, from the structs that it is read and written with."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from services.ingest.push.answers import (
    JSON,
    LINES,
    TITLES,
    LineResult,
    Problem,
    RefusedLine,
    Result,
)
from services.ingest.push.article import PushedArticle
from services.ingest.push.keys import KEY

_PROBLEM: Final = "application/problem+json"
_ARTICLE: Final = {
    "id": "2025-08-12-017",
    "title": "Caracas moves troops to its border",
    "text": "CARACAS (AP) - Venezuela moved 2,000 troops to its border with Guyana on Tuesday.",
    "url": "https://news.example/2025/08/12/troops",
    "outlet": "News Example",
    "language": "en",
    "published_at": "2025-08-12T10:30:00Z",
}
_DONE: Final = {
    "id": "3f1c9a0b7d52e684",
    "revision": 1,
    "outcome": "published",
    "story": "3f1c9a0b7d52e684",
}
_REFUSED: Final = {"line": 2, "reason": "wrong_shape", "detail": "text: expected str, got int"}
_LINE_KINDS: Final = [
    {"$ref": f"#/components/schemas/{kind.__name__}"} for kind in (LineResult, RefusedLine)
]
_HOW_LONG: Final = {
    "Retry-After": {
        "description": "Seconds until it may be sent again.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[1-9][0-9]*$"},
    }
}
_HEADERS: Final[dict[int, Any]] = {
    401: {
        "WWW-Authenticate": {
            "description": "How to say who you are.",
            "required": True,
            "schema": {"type": "string"},
        }
    },
    409: _HOW_LONG,
    429: _HOW_LONG,
    503: _HOW_LONG,
}
_DETAILS: Final = {
    400: "Input data was truncated",
    401: "send Authorization: Bearer …",
    408: "the body did not come within 30 s",
    409: "the first request of this key is under way",
    413: "a body may have 8000000 bytes",
    415: "send application/json or application/x-ndjson",
    422: "published_at: a day or a time as ISO 8601, as in 2025-08-12 or 2025-08-12T10:30:00Z",
    429: "50 requests a second",
    500: "it is in the log",
    503: "broker or Redis are away",
}
_REASONS: Final = {400: "not_json", 422: "wrong_shape"}
_ABOUT: Final = (
    "Articles from those who have a token. An answer of 202 means that every article it names is "
    "in Kafka. An article comes again under the same id, so a request may be sent again whenever "
    "its answer is not known; what is said again is `seen`, what has other words is `revised`."
)
_SEND: Final = (
    "One article as application/json, or one a line as application/x-ndjson. Bodies may be "
    "compressed with gzip. Of many lines those that are right are taken; if none is, the answer "
    "is 422 and names up to 100 of them."
)


def document() -> dict[str, Any]:
    """The whole document, as JSON has it."""
    kinds = (PushedArticle, Result, LineResult, RefusedLine, Problem)
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tocsin push API", "version": "1.0.0", "description": _ABOUT},
        "paths": {
            "/v1/articles": {"post": _push()},
            "/v1/openapi.json": {"get": _describe()},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _push() -> dict[str, Any]:
    statuses = [each for each in TITLES if each not in (404, 405)]
    return {
        "operationId": "pushArticles",
        "summary": "Hand in articles",
        "description": _SEND,
        "security": [{"token": []}],
        "parameters": [_key()],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": _ref("PushedArticle"), "example": _ARTICLE},
                LINES: _lines({"contains": _ref("PushedArticle")}, [_ARTICLE]),
            },
        },
        "responses": {
            "202": {
                "description": "Every article that it names is in Kafka.",
                "content": {
                    JSON: {"schema": _ref("Result"), "example": _DONE},
                    LINES: _lines(
                        {"items": {"anyOf": _LINE_KINDS}}, [{"line": 1, **_DONE}, _REFUSED]
                    ),
                },
            },
            **{str(each): _problem(each) for each in statuses},
        },
    }


def _describe() -> dict[str, Any]:
    return {
        "operationId": "describe",
        "summary": "This document",
        "security": [],
        "responses": {
            "200": {"description": "It.", "content": {JSON: {"schema": {"type": "object"}}}},
            "500": _problem(500),
        },
    }


def _key() -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "description": (
            "A name of the request, as a UUID: sent again within a day, the same request gets the "
            "same answer and does nothing; another request of that name is refused."
        ),
        "schema": {"type": "string", "pattern": KEY},
        "example": "6d3a2f2e-0f0c-4a57-9d0e-0f6c2f1f7f36",
    }


def _lines(said: dict[str, Any], shown: list[dict[str, Any]]) -> dict[str, Any]:
    """A media type of many JSON values, described as the array of them, as OpenAPI 3.2 has it."""
    return {"schema": {"type": "array", "minItems": 1, **said}, "example": shown}


def _problem(status: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "detail": _DETAILS[status],
    }
    if status in _REASONS:
        shown["reason"] = _REASONS[status]
    found: dict[str, Any] = {
        "description": TITLES[status].capitalize() + ".",
        "content": {_PROBLEM: {"schema": _ref("Problem"), "example": shown}},
    }
    if status in _HEADERS:
        found["headers"] = _HEADERS[status]
    return found


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
