from __future__ import annotations

import pytest

from services.alert.channels.config import Route, WebhookChannel
from services.alert.channels.routes import Skip, fits, skipped
from tests.unit.alert.notices import alert, exercise, resolved
from tocsin.messages import AlertStatus

EASED = alert(level=2, level_before=3, change="eased", phase="easing", peak=4)


@pytest.mark.parametrize(
    ("route", "told", "expected"),
    [
        ({}, alert(), True),
        ({"pairs": ("USA-VEN",)}, alert(), True),
        ({"pairs": ("VEN-USA",)}, alert(), True),
        ({"pairs": ("VEN-*",)}, alert(), True),
        ({"pairs": ("*-VEN",)}, alert(), True),
        ({"pairs": ("USA-C*",)}, alert(), False),
        ({"pairs": ("GRC-TUR", "USA-*")}, alert(), True),
        ({"regions": ("south-america",)}, alert(), True),
        ({"regions": ("northern-america",)}, alert(), True),
        ({"regions": ("asia", "africa")}, alert(), False),
        ({"regions": ("middle-east",)}, alert("IRN-USA"), True),
        ({"min_level": 3}, alert(level=3), True),
        ({"min_level": 4}, alert(level=3), False),
        ({"min_level": 3}, EASED, True),
        ({"min_level": 4}, EASED, False),
        ({"min_level": 4}, resolved(peak=4), True),
        ({"min_level": 5}, resolved(peak=4), False),
        ({"rules": ("escalation",)}, alert(), True),
        ({"rules": ("use-*",)}, alert(), False),
        ({"status": AlertStatus.EXERCISE}, alert(), False),
        ({"status": AlertStatus.EXERCISE}, exercise(), True),
        ({"pairs": ("USA-*",), "min_level": 4}, alert(level=3), False),
        ({"pairs": ("USA-*",), "regions": ("asia",)}, alert(), False),
    ],
)
def test_a_route_takes_what_fits_all_that_it_asks_for(route, told, expected):
    assert fits(told, Route(**route)) is expected


def policy(**of):
    return WebhookChannel(**{"name": "duty", "url_env": "URL", "secret_env": "SECRET", **of})


@pytest.mark.parametrize(
    ("of", "told", "expected"),
    [
        ({}, alert(), None),
        ({}, exercise(), Skip.EXERCISE),
        ({"exercises": True}, exercise(), None),
        ({"route": (Route(status=AlertStatus.EXERCISE),)}, exercise(), Skip.EXERCISE),
        ({"route": (Route(min_level=4),)}, alert(level=3), Skip.ROUTE),
        ({"route": (Route(min_level=4), Route(pairs=("USA-*",)))}, alert(level=3), None),
    ],
)
def test_a_channel_says_why_it_leaves_an_alert_out(of, told, expected):
    assert skipped(told, policy(**of)) is expected
