"""Event reports for a backtest: from the other services by pipe, or from a file of them.

Services meet only on the wire, so ingest and enrich run as processes of their own: one reads the
files, the others, one a core, code what it reads.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final, TypeVar

import msgspec

from tocsin.errors import UsageError
from tocsin.messages import EventReport

T = TypeVar("T")
_CHUNK: Final = 2_000  # lines put to one coder at a time
_CHUNK_BYTES: Final = 1_000_000
_AHEAD: Final = 2  # chunks waiting, a coder
_END: Final = None
_DATE: Final = b'"published_at":"'
_FORMAT: Final = 1


class Coded(msgspec.Struct, frozen=True, kw_only=True):
    """What was read and coded. `days`: articles a day (UTC); undated ones only in `articles`."""

    articles: int
    refused: int
    days: dict[str, int]
    reports: tuple[EventReport, ...]


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a file of coded reports."""

    tocsin_coded: int
    articles: int
    refused: int
    days: dict[str, int]


Progress = Callable[[int], None]


def code(paths: Sequence[Path], *, outlet: str | None, jobs: int, progress: Progress) -> Coded:
    """The reports of all articles below the paths, in order of publication.

    Raises:
        UsageError: a path cannot be read; what was wrong is on standard error already.
    """
    run = _Run(jobs)
    with contextlib.ExitStack() as stack:
        coders = [stack.enter_context(_process("services.enrich.batch")) for _ in range(jobs)]
        chosen = [] if outlet is None else [f"--outlet={outlet}"]
        reader = stack.enter_context(
            _process("services.ingest.articles", *chosen, "--", *map(str, paths), stdin=False)
        )
        threads = [
            threading.Thread(target=work, args=(run, each), daemon=True)
            for each in coders
            for work in (_feed, _collect)
        ]
        for thread in threads:
            thread.start()
        try:
            _hand_out(run, _out(reader), progress)
            run.close(jobs)
            _wait(run, threads, progress)
        except BaseException:  # Ctrl-C too: nothing may go on behind a command that is over
            run.broken = True
            for each in (reader, *coders):
                each.kill()
            raise
        _check(reader, coders, run)
        refused = reader.returncode == 1
    return _result(run, refused=refused)


class _Run:
    """The lines on their way, and what has come of them."""

    def __init__(self, jobs: int) -> None:
        self.chunks: queue.Queue[list[bytes] | None] = queue.Queue(maxsize=jobs * _AHEAD)
        self.days: dict[str, int] = {}
        self.read = 0
        self.coded = 0
        self.reports: list[EventReport] = []
        self.lock = threading.Lock()
        self.broken = False

    def close(self, jobs: int) -> None:
        for _ in range(jobs):
            self.put(_END)

    def put(self, chunk: list[bytes] | None) -> None:
        """Hands a chunk over; a coder that died takes none, and the run is over."""
        while not self.broken:
            try:
                self.chunks.put(chunk, timeout=0.5)
                return
            except queue.Full:
                continue

    def take(self) -> list[bytes] | None:
        """The next chunk; none at the end, or when another coder died."""
        while not self.broken:
            try:
                return self.chunks.get(timeout=0.5)
            except queue.Empty:
                continue
        return _END


def _process(module: str, *arguments: str, stdin: bool = True) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this interpreter, our own module
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # One thread each: the cores are shared out among the processes.
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def _hand_out(run: _Run, lines: IO[bytes], progress: Progress) -> None:
    chunk: list[bytes] = []
    held = 0
    for line in lines:
        chunk.append(line)
        held += len(line)
        run.read += 1
        at = line.find(_DATE)
        if at > 0:
            day = line[at + len(_DATE) : at + len(_DATE) + 10].decode("ascii", "replace")
            run.days[day] = run.days.get(day, 0) + 1
        if len(chunk) == _CHUNK or held > _CHUNK_BYTES:
            run.put(chunk)
            chunk, held = [], 0
            progress(run.coded)
        if run.broken:
            return
    if chunk:
        run.put(chunk)


def _feed(run: _Run, coder: subprocess.Popen[bytes]) -> None:
    stdin = coder.stdin
    if stdin is None:
        raise RuntimeError("a coder without a pipe")
    try:
        while (chunk := run.take()) is not _END:
            stdin.writelines(chunk)
            stdin.flush()
        stdin.close()
    except OSError:
        run.broken = True


def _collect(run: _Run, coder: subprocess.Popen[bytes]) -> None:
    decoder = msgspec.json.Decoder(list[EventReport])
    for line in _out(coder):
        found = decoder.decode(line) if line != b"[]\n" else ()
        with run.lock:
            run.coded += 1
            run.reports.extend(found)


def _out(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdout is None:
        raise RuntimeError("a process without a pipe")
    return process.stdout


def _wait(run: _Run, threads: Sequence[threading.Thread], progress: Progress) -> None:
    for thread in threads:
        while thread.is_alive():
            thread.join(timeout=0.5)
            progress(run.coded)


def _check(
    reader: subprocess.Popen[bytes], coders: Sequence[subprocess.Popen[bytes]], run: _Run
) -> None:
    if reader.wait() not in (0, 1):
        raise UsageError("the articles could not be read")
    if any(coder.wait() for coder in coders) or run.coded != run.read:
        raise UsageError("a coder process ended before its work did")


def _result(run: _Run, *, refused: bool) -> Coded:
    return Coded(
        articles=run.read,
        refused=int(refused),
        days=dict(sorted(run.days.items())),
        reports=tuple(sorted(run.reports, key=_order)),
    )


def _order(report: EventReport) -> tuple[bool, float, str, str]:
    at = report.article.published_at
    return at is None, at.timestamp() if at else 0.0, report.article.id, report.id


def save(coded: Coded, path: Path) -> None:
    """Writes what was coded: a head, then a report a line; gzipped if the name says so.

    Raises:
        UsageError: the file cannot be written.
    """
    head = _Head(
        tocsin_coded=_FORMAT, articles=coded.articles, refused=coded.refused, days=coded.days
    )
    try:
        with _open(path, "wb") as file:
            file.write(msgspec.json.encode(head) + b"\n")
            file.writelines(msgspec.json.encode(each) + b"\n" for each in coded.reports)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def load(path: Path) -> Coded:
    """What `save` wrote.

    Raises:
        UsageError: with file and line.
    """
    try:
        with _open(path, "rb") as file:
            head = _decoded(next(file, b""), _Head, f"{path}:1")
            lines = enumerate(file, start=2)
            reports = tuple(_decoded(line, EventReport, f"{path}:{n}") for n, line in lines)
    except (OSError, EOFError) as error:
        raise UsageError(f"{path}: {error}") from error
    return Coded(articles=head.articles, refused=head.refused, days=head.days, reports=reports)


def _decoded(data: bytes, kind: type[T], origin: str) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{origin}: no coded reports: {error}") from error


def _open(path: Path, mode: str) -> IO[bytes]:
    return gzip.open(path, mode, compresslevel=5) if path.suffix == ".gz" else path.open(mode)  # type: ignore[return-value]
