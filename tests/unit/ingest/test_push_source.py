from __future__ import annotations

import pytest

from services.ingest.sources.config import FeedSource, FolderSource
from services.ingest.sources.push import access
from tests.unit.ingest.pushing import TOKEN, source
from tocsin.errors import SettingsError

FEED = FeedSource(name="feed", url="https://feed.example/rss")
FOLDER = FolderSource(name="folder", path="in")
OFF = source("off", enabled=False)


@pytest.mark.parametrize("sources", [[], [FEED, FOLDER], [OFF]])
def test_without_port_and_pushing_sources_there_is_no_push(sources):
    assert access(sources, {}, None) is None


def test_a_source_is_known_by_the_token_in_its_variable():
    found = access([FEED, source(), OFF], {"WIRE": TOKEN}, 0)

    assert found.admit(f"Bearer {TOKEN}").name == "wire"


@pytest.mark.parametrize(
    ("sources", "environment", "port", "says"),
    [
        ([FEED, source()], {"WIRE": TOKEN}, None, "TOCSIN_INGEST_PUSH_PORT must be set: .* wire"),
        ([], {}, 8080, "TOCSIN_INGEST_PUSH_PORT is set, but no"),
        ([FEED, OFF], {"OFF": TOKEN}, 0, "TOCSIN_INGEST_PUSH_PORT is set, but no"),
        ([source()], {}, 8080, "WIRE must be set: the token of source wire"),
        ([source()], {"WIRE": ""}, 8080, "WIRE must be set"),
        ([source()], {"WIRE": "short"}, 8080, "WIRE: must have 16"),
    ],
)
def test_what_does_not_fit_together_stops_the_service_with_clear_words(
    sources, environment, port, says
):
    with pytest.raises(SettingsError, match=says):
        access(sources, environment, port)
