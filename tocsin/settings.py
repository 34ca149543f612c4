"""Settings: frozen structs read once from the environment, prefix `TOCSIN_`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

import msgspec

from tocsin.errors import SettingsError

S = TypeVar("S", bound=msgspec.Struct)

Addresses = Annotated[str, msgspec.Meta(pattern=r"^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$")]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Secret(str):
    """A string that does not show itself: `repr`, `str` in messages and `config show` print ***."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def reveal(self) -> str:
        """The secret itself, for the one place that needs it."""
        return str.__str__(self)


class Kafka(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the broker: TOCSIN_KAFKA_*."""

    bootstrap: Addresses = "127.0.0.1:19092"  # addresses of brokers, with commas between
    # after so much silence of a worker its partitions go to another
    session_timeout_ms: Annotated[int, msgspec.Meta(ge=1000)] = 6000
    replication_factor: Annotated[int, msgspec.Meta(ge=1)] = 1  # of the topics that are created
    wait_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0  # for the broker to answer at the start
    # what is larger is a dead letter
    max_record_bytes: Annotated[int, msgspec.Meta(ge=1000)] = 1_000_000


class Redis(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach Redis: TOCSIN_REDIS_*. The URL may hold a password."""

    url: Secret = Secret("redis://127.0.0.1:16379/0")  # rediss:// for TLS; never shown
    prefix: str = "tocsin"  # all keys begin with it, so that an ACL can hold us to them
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 5.0  # to connect, and for an answer


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """Where a service answers /livez, /readyz and /metrics: TOCSIN_HTTP_*. Port 0: any free."""

    host: str = "127.0.0.1"  # the address to listen on
    port: Port = 0  # 0 takes any free one, which the log names


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """How a service logs: TOCSIN_LOG_*."""

    level: Literal["debug", "info", "warning", "error"] = "info"  # what is logged: from here up
    format: Literal["json", "console"] = "json"  # console: for people


_SHARED: dict[type[msgspec.Struct], str] = {
    Kafka: "TOCSIN_KAFKA_",
    Redis: "TOCSIN_REDIS_",
    Http: "TOCSIN_HTTP_",
    Log: "TOCSIN_LOG_",
}


def load(kind: type[S], environment: Mapping[str, str], *, prefix: str) -> S:
    """The settings of one service.

    Fields that are shared structs (Kafka, Redis, Http, Log) are read with their own prefix, the
    others with `prefix`, as in `TOCSIN_ENRICH_`.

    Raises:
        SettingsError: naming the variable that is wrong, or unknown under a prefix in use.
    """
    values: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        shared = field.type if field.type in _SHARED else None
        if shared:
            names = [each.name for each in msgspec.structs.fields(shared)]
            raw = _read(environment, _SHARED[shared], names)
            values[field.name] = _convert(raw, shared, _SHARED[shared])
        else:
            own[field.name] = field
    raw = _read(environment, prefix, list(own))
    hints = get_type_hints(kind, include_extras=True)
    for name, text in raw.items():
        values[name] = _convert_one(text, hints[name], f"{prefix}{name.upper()}")
    try:
        return kind(**values)
    except TypeError as error:
        missing = [n for n, f in own.items() if f.required and n not in values]
        raise SettingsError(f"{prefix}{missing[0].upper()} must be set") from error


def _read(environment: Mapping[str, str], prefix: str, names: list[str]) -> dict[str, str]:
    known = {prefix + name.upper(): name for name in names}
    for variable in environment:
        if variable.startswith(prefix) and variable not in known:
            near = difflib.get_close_matches(variable, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"{variable} is not a setting{hint}")
    return {name: environment[var] for var, name in known.items() if environment.get(var)}


def _convert(raw: dict[str, str], kind: type[msgspec.Struct], prefix: str) -> msgspec.Struct:
    hints = get_type_hints(kind, include_extras=True)
    return kind(**{n: _convert_one(v, hints[n], prefix + n.upper()) for n, v in raw.items()})


def _convert_one(text: str, hint: Any, variable: str) -> Any:
    if hint in (Secret, Secret | None):
        return Secret(text)
    if hint == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        return msgspec.convert(text, hint, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{variable}: {error}") from error
