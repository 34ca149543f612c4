"""A stage that does with a record what the record says. Arguments: the broker's address."""

from __future__ import annotations

import sys

from tocsin import bus, observe, settings, streams, topics
from tocsin.errors import BadMessage, Reason, Unavailable

_away = iter(range(3))


async def handle(records):
    """Raises, refuses, waits or dies as told; else passes the value on."""
    results = []
    for record in records:
        if record.value == b"raise":
            raise ValueError("as I was told")
        if record.value == b"away" and next(_away, None) is not None:
            raise Unavailable("for a while")
        if record.value == b"die":
            raise SystemExit(1)
        if record.value == b"refuse":
            results.append(BadMessage(Reason.WRONG_SHAPE, "as I was told"))
        elif record.value == b"large":
            value = b"x" * 2_000_000
            results.append([bus.Outgoing(topic=topics.ENRICHED.name, key="k", value=value)])
        else:
            sent = bus.Outgoing(topic=topics.ENRICHED.name, key="k", value=record.value)
            results.append([sent])
    return results


def main():
    """Runs until SIGTERM."""
    observe.configure_logging(settings.Log(), "enrich")
    return streams.run(
        streams.Stage(
            kafka=settings.Kafka(bootstrap=sys.argv[1]),
            service="enrich",
            topic=topics.ARTICLES,
            handle=handle,
            health=observe.Health(),
            on_dead=lambda reason: None,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
