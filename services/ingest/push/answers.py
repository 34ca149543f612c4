"""What the push API answers: results, refusals, and every status there is."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from aiohttp import web

from services.ingest.app import Verdict
from services.ingest.metrics import Outcome
from tocsin import web as shared
from tocsin.errors import BadMessage, Reason

TITLES: Final = {
    400: "not JSON, or a header is wrong",
    401: "no token, or a wrong one",
    404: "not found",
    405: "no such method",
    408: "the body took too long",
    409: "the first request of this key is under way",
    413: "too large",
    415: "no such type or encoding of a body",
    422: "an article is wrong",
    429: "too many requests",
    500: "an error of ours",
    503: "broker or Redis are away, or too much is waiting",
}
JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
_ENCODER: Final = msgspec.json.Encoder()

_Id = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$", description="The article's id.")]
_Revision = Annotated[int, msgspec.Meta(ge=1, description="1, or more for an edit.")]
_Line = Annotated[int, msgspec.Meta(ge=1, description="The line of the body, from 1.")]
_Story = Annotated[
    str, msgspec.Meta(description="Id of the first article that told it; none for what was seen.")
]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an article: it is in Kafka."""

    id: _Id
    revision: _Revision
    outcome: Outcome
    story: _Story | None = None


class LineResult(Result, frozen=True, kw_only=True):
    """What became of the article of a line."""

    line: _Line


class RefusedLine(msgspec.Struct, frozen=True, kw_only=True):
    """Why a line was refused; the others are not held up by it."""

    line: _Line
    reason: Reason
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    reason: Reason | None = None
    refused: tuple[RefusedLine, ...] | None = None


class Refusal(Exception):
    """The request ends here, with this answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        retry_after_s: float | None = None,
        headers: dict[str, str] | None = None,
        close: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.close, self.more = status, detail, close, more
        self.headers = dict(headers or {})
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(max(1, round(retry_after_s + 0.5)))

    def answer(self) -> web.Response:
        """As a problem detail."""
        told = shared.problem(
            self.status,
            TITLES.get(self.status, "an error"),
            self.detail,
            self.headers or None,
            **self.more,
        )
        if self.close:
            told.force_close()
        return told


Line = tuple[int, Verdict | BadMessage]


def of_one(found: Verdict | BadMessage) -> bytes:
    """The answer to a single article.

    Raises:
        Refusal: it was refused.
    """
    if isinstance(found, Verdict) and found.article is not None:
        return msgspec.json.encode(_result(found))
    reason, detail = _why(found)
    status = {Reason.NOT_JSON: 400, Reason.TOO_LARGE: 413}.get(reason, 422)
    raise Refusal(status, detail, reason=reason)


def of_lines(found: list[Line]) -> bytes:
    """The answer to many: a result or refusal a line, in the order of the lines.

    Raises:
        Refusal: none was taken.
    """
    told = [_of_line(number, each) for number, each in found]
    if not any(isinstance(each, LineResult) for each in told):
        refused = told[:100]
        if not refused:
            raise Refusal(422, "no line holds an article")
        first = refused[0]
        assert isinstance(first, RefusedLine)  # noqa: S101 - narrows the type
        raise Refusal(422, f"line {first.line}: {first.detail}", refused=refused)
    return _ENCODER.encode_lines(told)


def _of_line(number: int, found: Verdict | BadMessage) -> LineResult | RefusedLine:
    if isinstance(found, Verdict) and found.article is not None:
        return LineResult(line=number, **msgspec.structs.asdict(_result(found)))
    reason, detail = _why(found)
    return RefusedLine(line=number, reason=reason, detail=detail)


def _result(verdict: Verdict) -> Result:
    article = verdict.article
    assert article is not None  # noqa: S101 - narrows the type
    return Result(
        id=article.id, revision=article.revision, outcome=verdict.outcome, story=article.story
    )


def _why(found: Verdict | BadMessage) -> tuple[Reason, str]:
    if isinstance(found, BadMessage):
        return found.reason, found.detail
    return found.reason or Reason.RAISED, found.why
