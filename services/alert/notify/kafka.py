"""The Kafka channel: the outbox onto the alert and level topics."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from services.alert.dispatch import Channel, Sent
from services.alert.outbox import Entry
from tocsin import bus, settings
from tocsin.errors import Unavailable

NAME: Final = "kafka"
_BATCH: Final = 200
# An attempt runs in a thread that nothing can stop, so it must end before the lease does: start
# 2 s, publish 4 s and one more wait for a leader of 2 s, close 2 s; the lease is 15 s.
_PATIENCE_S: Final = 2.0
_TIMEOUT_S: Final = 4.0


class Publisher:
    """A producer that is made when first needed, and anew after each failure."""

    def __init__(self, kafka: settings.Kafka) -> None:
        self._kafka = kafka
        self._producer: bus.Producer | None = None

    def channel(self) -> Channel:
        """The channel that publishes through this."""
        return Channel(name=NAME, batch=_BATCH, send=self._send)

    async def _send(self, entries: Sequence[Entry]) -> Sent:
        batch = [each.message for each in entries]
        try:
            await asyncio.to_thread(self._publish, batch)
        except bus.TooLarge as error:
            if len(batch) == 1:
                return Sent(aside=str(error))
            return await self._send(entries[:1])  # one by one to the one that is
        return Sent(passed=len(batch))

    def _publish(self, batch: Sequence[bus.Outgoing]) -> None:
        if self._producer is None:
            self._producer = bus.Producer(
                self._kafka, service="alert-outbox", patience_s=_PATIENCE_S
            )
        try:
            self._producer.publish(batch, timeout_s=_TIMEOUT_S)
        except Unavailable:
            # What this producer still holds would come after the next try's, out of order.
            self._producer.close()
            self._producer = None
            raise

    def close(self) -> None:
        """Ends the connection."""
        if self._producer is not None:
            self._producer.close()
