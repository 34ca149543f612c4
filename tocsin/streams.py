"""Faust, kept thin: raw bytes in, one result a record, and no exception ever leaves an agent.

Faust acknowledges a record whose handler raised, and so loses it. Here every failure becomes a
dead letter or, if even that cannot be written, the end of the process before the acknowledgement,
so that the record comes again. Only this module knows Faust.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NoReturn

import faust
import msgspec
from aiokafka.errors import KafkaError
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
)
from faust.transport.drivers.aiokafka import (
    Consumer as FaustConsumer,
)
from faust.transport.drivers.aiokafka import (
    Transport as FaustTransport,
)

from tocsin import bus, settings
from tocsin.errors import BadMessage, Reason, Unavailable
from tocsin.observe import Health, get_logger
from tocsin.topics import Topic

Result = Sequence[bus.Outgoing] | BadMessage
Handler = Callable[[Sequence[bus.Record]], Awaitable[Sequence[Result]]]
Background = Callable[[asyncio.Event], Awaitable[None]]

EXIT_REDELIVER: Final = 70  # EX_SOFTWARE: the supervisor restarts, the broker delivers again
_STOP_DEADLINE_S: Final = 8.0
_FETCH_WAIT_MS: Final = 100  # Faust has 1,500, which makes two hops take a second; with 100, 70 ms
_BACKOFF_S: Final = (0.2, 5.0)


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One service's place in the stream: what it reads, and what it does with a batch.

    `handle` gives one result per record, in order. If it raises `Unavailable` the same batch is
    handled again after a while; on any other exception each record is tried alone and the one
    that raises is dead-lettered. `background` tasks get an event that is set at the stop. The
    records of the topics in `beside` come in the same batches as those of `topic`.
    """

    kafka: settings.Kafka
    service: str
    topic: Topic
    handle: Handler
    health: Health
    on_dead: Callable[[Reason], None]
    batch: int = 64
    within_s: float = 0.05
    background: tuple[Background, ...] = ()
    beside: tuple[Topic, ...] = ()


def run(stage: Stage) -> int:
    """Runs the stage until SIGTERM or SIGINT; returns the exit code.

    Raises:
        Unavailable: the broker did not answer at the start.
    """
    cluster = bus.wait_for_broker(stage.kafka)
    with tempfile.TemporaryDirectory(prefix="tocsin-faust-") as folder:
        return asyncio.run(_Worker(stage, cluster, folder).run())


# Faust names a subclass's logger for its module, which would hide that it is a library speaking.
_FAUST_LOG: Final = logging.getLogger("faust")


class _ConsumerThread(AIOKafkaConsumerThread):  # type: ignore[misc]
    logger = _FAUST_LOG

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS  # noqa: SLF001 - no setting leads there
        return consumer


class _Consumer(FaustConsumer):  # type: ignore[misc]
    logger = _FAUST_LOG

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)


class _Transport(FaustTransport):  # type: ignore[misc]
    Consumer = _Consumer


class _Worker:
    """The running stage: a Faust app with one agent, its background tasks and its end."""

    def __init__(self, stage: Stage, cluster: str, folder: str) -> None:
        self._stage = stage
        self._cluster = cluster
        self._log = get_logger()
        self._stopping = asyncio.Event()
        self._assigned = asyncio.Event()
        self._folder = folder
        self._app = self._build()

    def _build(self) -> Any:
        kafka = self._stage.kafka
        app = faust.App(
            f"tocsin-{self._stage.service}",
            broker=[f"kafka://{address}" for address in kafka.bootstrap.split(",")],
            datadir=self._folder,
            autodiscover=False,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            consumer_auto_offset_reset="earliest",
            broker_session_timeout=kafka.session_timeout_ms / 1000,
            broker_heartbeat_interval=kafka.session_timeout_ms / 3000,
            broker_commit_interval=0.5,
            broker_max_poll_records=self._stage.batch * 4,
            stream_wait_empty=True,
            producer_acks=-1,
            producer_compression_type="lz4",
            producer_linger=0.005,
            producer_max_request_size=kafka.max_record_bytes + 100_000,
        )
        app.transport = _Transport(app.conf.broker, app, loop=None)
        topic = app.topic(
            self._stage.topic.name,
            *(each.name for each in self._stage.beside),
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )

        @app.agent(topic, concurrency=1)  # type: ignore[untyped-decorator]
        async def consume(stream: Any) -> None:
            async for events in stream.take_events(self._stage.batch, self._stage.within_s):
                await self._step([self._record(event.message) for event in events])

        @app.on_partitions_assigned.connect  # type: ignore[untyped-decorator]
        async def assigned(*_: Any, **__: Any) -> None:
            self._assigned.set()

        return app

    def _record(self, message: Any) -> bus.Record:
        return bus.Record(
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            key=message.key,
            value=message.value,
            headers=_pairs(message.headers),
            cluster=self._cluster,
        )

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        await self._app.start()
        tasks = [asyncio.ensure_future(work(self._stopping)) for work in self._stage.background]
        tasks.append(asyncio.ensure_future(self._watch()))
        stopped = asyncio.ensure_future(self._stopping.wait())
        ready = asyncio.ensure_future(self._mark_ready())
        await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        if not self._stopping.is_set():
            self._fall(next(task for task in tasks if task.done()))
        ready.cancel()
        await self._app.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
        return 0

    def _stop(self) -> None:
        if self._stopping.is_set():
            return
        self._stage.health.mark_not_ready("stop", "stopping")
        self._stopping.set()
        # With the broker gone Faust does not come to its end for minutes. What is then in hand
        # was not acknowledged and comes again.
        deadline = threading.Timer(_STOP_DEADLINE_S, _end, args=(0, self._folder))
        deadline.daemon = True
        deadline.start()

    async def _mark_ready(self) -> None:
        await self._assigned.wait()
        self._stage.health.mark_ready()
        self._log.info("ready", topic=self._stage.topic.name)

    async def _watch(self) -> None:
        """Comes back, with its error, when Faust has crashed."""
        while not self._stopping.is_set():
            if self._app.crashed or self._app.should_stop:
                raise RuntimeError("the stream worker crashed") from self._app.crash_reason
            await asyncio.sleep(0.2)

    def _fall(self, task: asyncio.Future[None]) -> NoReturn:
        self._log.error("stopped by an error", error=repr(task.exception()))
        _end(EXIT_REDELIVER, self._folder)

    async def _step(self, records: Sequence[bus.Record]) -> None:
        """Handles one batch; comes back only when all of it is safe to acknowledge."""
        health = self._stage.health
        try:
            health.busy()
            results = await self._handle(records)
            await self._publish(self._answers(records, results))
            health.beat()
        except asyncio.CancelledError:
            # Faust acknowledges in a finally clause: only the end of the process keeps the batch.
            _end(0 if self._stopping.is_set() else EXIT_REDELIVER, self._folder)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the batch must not be lost
            self._log.exception("cannot go on", error=repr(error))
            _end(EXIT_REDELIVER, self._folder)

    async def _handle(self, records: Sequence[bus.Record]) -> Sequence[Result]:
        try:
            results: Sequence[Result] = await self._patiently(lambda: self._stage.handle(records))
            return results
        except Exception as error:  # noqa: BLE001 - what a record does must not stop the stream
            if len(records) > 1:
                return [(await self._handle([record]))[0] for record in records]
            self._log.exception("a record raised", at=_where(records[0]))
            return [BadMessage(Reason.RAISED, f"{type(error).__name__}: {error}"[:300])]

    def _answers(
        self, records: Sequence[bus.Record], results: Sequence[Result]
    ) -> list[bus.Outgoing]:
        answers: list[bus.Outgoing] = []
        for record, result in zip(records, results, strict=True):
            refused = result if isinstance(result, BadMessage) else self._oversized(result)
            if refused is None:
                answers.extend(result)  # type: ignore[arg-type]
                continue
            self._stage.on_dead(refused.reason)
            self._log.warning("dead letter", at=_where(record), reason=refused.reason.value)
            answers.append(
                bus.dead_letter(record, self._stage.service, refused.reason, refused.detail)
            )
        return answers

    def _oversized(self, result: Sequence[bus.Outgoing]) -> BadMessage | None:
        limit = self._stage.kafka.max_record_bytes
        for each in result:
            if each.size > limit:
                return BadMessage(Reason.TOO_LARGE, f"{each.size} bytes for {each.topic}")
        return None

    async def _publish(self, batch: Sequence[bus.Outgoing]) -> None:
        if batch:
            await self._patiently(lambda: self._send(batch))

    async def _send(self, batch: Sequence[bus.Outgoing]) -> None:
        try:
            producer = await self._app.maybe_start_producer()
            waiting = [
                await producer.send(
                    each.topic,
                    key=each.key.encode() if each.key is not None else None,
                    value=each.value,
                    partition=each.partition,
                    timestamp=None,
                    headers=list(each.headers),
                )
                for each in batch
            ]
            await asyncio.gather(*waiting)
        except (KafkaError, OSError) as error:
            raise Unavailable(f"the broker: {error!r}") from error

    async def _patiently(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """What `work` gives, however long what it needs is away."""
        wait_s, longest_s = _BACKOFF_S
        while True:
            try:
                return await work()
            except Unavailable as error:
                self._log.warning("waiting", error=str(error), for_s=round(wait_s, 1))
                await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                wait_s = min(wait_s * 2, longest_s)


def _end(code: int, folder: str) -> NoReturn:
    """Ends the process here and now, so that nothing in hand is acknowledged."""
    shutil.rmtree(folder, ignore_errors=True)
    sys.stderr.flush()
    os._exit(code)


def _where(record: bus.Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def _pairs(headers: Any) -> bus.Headers:
    if not headers:
        return ()
    items = headers.items() if hasattr(headers, "items") else headers
    return tuple((str(name), bytes(value or b"")) for name, value in items)
