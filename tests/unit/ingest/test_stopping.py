from __future__ import annotations

import signal
import threading

import pytest

from services.ingest.stopping import on_signals

STOPS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture
def handlers():
    before = {number: signal.getsignal(number) for number in STOPS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_sets_the_event(handlers, number):
    stop = threading.Event()
    on_signals(stop)

    signal.raise_signal(number)

    assert stop.wait(10)


def test_many_signals_at_once_set_it_too(handlers):
    stop = threading.Event()
    on_signals(stop)
    main = threading.get_ident()

    def storm():
        for place in range(100_000):
            signal.pthread_kill(main, STOPS[place % 2])

    striking = threading.Thread(target=storm)
    striking.start()

    assert stop.wait(10)
    striking.join(60)
    assert not striking.is_alive()
