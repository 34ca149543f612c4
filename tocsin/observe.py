"""What a service shows of itself: structured logs, health and metrics over HTTP."""

from __future__ import annotations

import http.server
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any

import structlog
from prometheus_client import REGISTRY, exposition

from tocsin.errors import SettingsError
from tocsin.settings import Http, Log

# A library that meets a dead broker logs about 100 lines a second; one line a phrase and window
# says as much.
_REPEAT_WINDOW_S = 10.0
_NOISY = ("aiokafka", "faust", "mode", "kafka", "asyncio")
# They log URLs and headers as they are, with tokens: below a warning they are never heard.
_TELLTALE = ("httpx2", "httpcore2", "urllib3")


class _RepeatFilter(logging.Filter):
    """Lets a log site of a library through once per window, with the number held back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        site = (record.pathname, record.lineno)
        now = self._clock()
        last, held = self._seen.get(site, (float("-inf"), 0))
        if now - last < _REPEAT_WINDOW_S:
            self._seen[site] = (last, held + 1)
            return False
        self._seen[site] = (now, 0)
        if held:
            record.msg = f"{record.getMessage()} (and {held} more like it)"
            record.args = ()
        return True


def _without_traceback(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Names an exception in one field; the traceback stays out unless the level is debug."""
    info = event.pop("exc_info", None)
    if info:
        error = info[1] if isinstance(info, tuple) else sys.exc_info()[1]
        event["error"] = f"{type(error).__name__}: {error}"[:500]
    return event


def configure_logging(log: Log, service: str) -> None:
    """Sends all logs, the libraries' too, to standard error as one line each."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if log.level != "debug":
        shared.append(_without_traceback)
    renderer: Any = (
        structlog.processors.JSONRenderer(sort_keys=True)
        if log.format == "json"
        else structlog.dev.ConsoleRenderer(
            colors="NO_COLOR" not in os.environ and sys.stderr.isatty()
        )
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log.level.upper())
    quiet = _RepeatFilter()
    for name in _NOISY:
        library = logging.getLogger(name)
        library.setLevel("DEBUG" if log.level == "debug" else "WARNING")
    for name in _TELLTALE:
        logging.getLogger(name).setLevel("WARNING")
    handler.addFilter(lambda r: quiet.filter(r) if r.name.split(".")[0] in _NOISY else True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(service=service)
    sys.excepthook = _fallen
    threading.excepthook = lambda args: _fallen(args.exc_type, args.exc_value, args.exc_traceback)


def _fallen(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """What nobody caught, in one line; its traceback only at level debug."""
    if error is not None and not issubclass(kind, KeyboardInterrupt):
        get_logger().error("fell over", exc_info=(kind, error, trace))


def get_logger() -> Any:
    """The logger of a shell; the domain does not log."""
    return structlog.stdlib.get_logger("tocsin")


class Health:
    """Whether the service is alive and ready, and why not.

    Alive means that work in hand makes progress: `busy` marks its begin, `beat` its end or a step.
    """

    def __init__(
        self, *, stuck_after_s: float = 120.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._stuck_after_s = stuck_after_s
        self._busy_since: float | None = None
        self._missing: dict[str, str] = {"start": "starting"}
        self._degraded: dict[str, str] = {}

    def mark_ready(self, name: str = "start") -> None:
        """`name` is there now; when nothing is missing the service is ready."""
        self._missing.pop(name, None)

    def mark_not_ready(self, name: str, why: str) -> None:
        """`name` is missing, so the service is not ready."""
        self._missing[name] = why

    def mark_degraded(self, name: str, why: str) -> None:
        """`name` does not do what it should; the service is ready all the same, and says so."""
        self._degraded[name] = why

    def mark_fine(self, name: str) -> None:
        """`name` does what it should again."""
        self._degraded.pop(name, None)

    def busy(self) -> None:
        """Work begins."""
        self._busy_since = self._clock()

    def beat(self) -> None:
        """Work went a step on, or ended."""
        self._busy_since = None

    def alive(self) -> tuple[bool, str]:
        """Whether work makes progress, with the reason."""
        if self._busy_since is None:
            return True, "ok"
        for_s = self._clock() - self._busy_since
        if for_s > self._stuck_after_s:
            return False, f"no progress for {for_s:.0f} s"
        return True, "ok"

    def ready(self) -> tuple[bool, str]:
        """Whether all that the service needs is there, with what is missing."""
        missing = dict(self._missing)
        told = "; ".join(f"{k}: {v}" for k, v in (missing or dict(self._degraded)).items())
        if missing:
            return False, told
        return True, f"ok, but {told}" if told else "ok"


class Server:
    """Answers /livez, /readyz and /metrics on a thread of its own."""

    def __init__(self, server: http.server.ThreadingHTTPServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, daemon=True, name="http")
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Gives the port back."""
        self._server.shutdown()
        self._server.server_close()


def serve(http_settings: Http, health: Health) -> Server:
    """Starts to answer health and metrics.

    Raises:
        SettingsError: the address cannot be bound.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        server_version = "tocsin"
        sys_version = ""
        timeout = 10

        def do_GET(self) -> None:
            path = self.path.split("?", 1)[0]
            if path == "/metrics":
                body, kind = exposition.generate_latest(REGISTRY), exposition.CONTENT_TYPE_LATEST
                self._answer(200, body, kind)
            elif path in ("/livez", "/readyz"):
                fine, why = health.alive() if path == "/livez" else health.ready()
                self._answer(200 if fine else 503, f"{why}\n".encode(), "text/plain")
            else:
                self._answer(404, b"not found\n", "text/plain")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """A scrape every few seconds is not news."""

    try:
        server = http.server.ThreadingHTTPServer((http_settings.host, http_settings.port), Handler)
    except OSError as error:
        where = f"{http_settings.host}:{http_settings.port}"
        raise SettingsError(
            f"TOCSIN_HTTP_HOST, TOCSIN_HTTP_PORT: cannot listen on {where}: {error.strerror}"
        ) from error
    server.daemon_threads = True
    return Server(server)
