from __future__ import annotations

from typing import Annotated

import msgspec
import pytest

from services.alert.settings import Settings as Alert
from services.enrich.settings import Settings as Enrich
from services.ingest.settings import Settings as Ingest
from tocsin import settings
from tocsin.errors import SettingsError

CANARY = "canary-7f3a"


class Own(msgspec.Struct, frozen=True, kw_only=True):
    kafka: settings.Kafka = settings.Kafka()
    redis: settings.Redis = settings.Redis()
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    names: tuple[str, ...] = ()
    token: settings.Secret | None = None
    must: str


def load(**environment):
    return settings.load(Own, {"TOCSIN_OWN_MUST": "x", **environment}, prefix="TOCSIN_OWN_")


def test_a_setting_is_read_in_its_type():
    own = load(TOCSIN_OWN_COUNT="7", TOCSIN_OWN_NAMES="a, b,", TOCSIN_KAFKA_BOOTSTRAP="k:1")

    assert (own.count, own.names, own.kafka.bootstrap) == (7, ("a", "b"), "k:1")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"TOCSIN_OWN_COUNT": "0"}, "TOCSIN_OWN_COUNT"),
        ({"TOCSIN_OWN_COUNT": "many"}, "TOCSIN_OWN_COUNT"),
        ({"TOCSIN_OWN_CUONT": "1"}, "did you mean TOCSIN_OWN_COUNT"),
        ({"TOCSIN_KAFKA_BOOTSTRAPS": "k:1"}, "did you mean TOCSIN_KAFKA_BOOTSTRAP"),
    ],
)
def test_a_wrong_setting_is_named(environment, told):
    with pytest.raises(SettingsError, match=told):
        load(**environment)


def test_a_setting_that_must_be_there_is_named():
    with pytest.raises(SettingsError, match="TOCSIN_OWN_MUST must be set"):
        settings.load(Own, {}, prefix="TOCSIN_OWN_")


def test_a_setting_of_another_service_is_none_of_our_business():
    assert load(TOCSIN_OTHER_THING="1").count == 1


def test_a_secret_shows_itself_only_when_asked():
    own = load(TOCSIN_OWN_TOKEN=CANARY, TOCSIN_REDIS_URL=f"redis://:{CANARY}@r/0")

    shown = f"{own} {own!r} {own.token} {own.redis.url!s}"
    assert CANARY not in shown
    assert own.token.reveal() == CANARY
    assert own.redis.url.reveal() == f"redis://:{CANARY}@r/0"


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [(Ingest, "TOCSIN_INGEST_"), (Enrich, "TOCSIN_ENRICH_"), (Alert, "TOCSIN_ALERT_")],
)
def test_every_service_starts_on_its_defaults(kind, prefix):
    assert settings.load(kind, {}, prefix=prefix) == kind()
