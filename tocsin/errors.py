"""Errors are named for what the service does next."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused. A closed set: these are metric labels and dead-letter headers."""

    EMPTY = "empty"
    NOT_TEXT = "not_text"
    NOT_JSON = "not_json"
    WRONG_SHAPE = "wrong_shape"
    TOO_LARGE = "too_large"
    TOMBSTONE = "tombstone"
    UNKNOWN_VERSION = "unknown_version"
    UNREADABLE = "unreadable"
    EMBARGOED = "embargoed"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    RAISED = "raised"


class TocsinError(Exception):
    """An error with one clear line for the person who runs Tocsin."""

    exit_code = 1


class SettingsError(TocsinError):
    """A setting is wrong: stop, say which one, exit 2."""

    exit_code = 2


class UsageError(TocsinError):
    """A command was misused: stop, say how, exit 2."""

    exit_code = 2


class BadMessage(TocsinError):
    """A record or file can never be used: dead-letter it with its reason, go on.

    `detail` names the field, line or file, and never holds the body.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail


class Unavailable(TocsinError):
    """A service this one needs is away: back off, retry, leave the offset where it is."""
