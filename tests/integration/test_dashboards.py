"""The provisioned dashboards show data: every query of every panel, after some news."""

from __future__ import annotations

import json
import math
import re
from itertools import combinations

import pytest
import yaml

from tests.support.compose import binds, compose
from tests.support.paths import DEPLOY
from tests.support.wait import wait_for

GRAFANA = DEPLOY / "grafana"
DASHBOARDS = {
    path.stem: json.loads(path.read_text()) for path in sorted(GRAFANA.glob("dashboards/*.json"))
}
PANELS = [
    panel for each in DASHBOARDS.values() for panel in each["panels"] if panel["type"] != "row"
]
QUERIES = [
    pytest.param(target["expr"], id=f"{name}-{panel['title']}-{target['refId']}".replace(" ", "_"))
    for name, each in DASHBOARDS.items()
    for panel in each["panels"]
    for target in panel.get("targets", ())
]
VARIABLES = [each for found in DASHBOARDS.values() for each in found["templating"]["list"]]
each_dashboard = pytest.mark.parametrize("name", DASHBOARDS)

# What Grafana puts in for its own variables, wide enough to hold all of a test's run.
_OF_GRAFANA = {"$__rate_interval": "10m", "$__range": "10m", "$__interval": "10m"}


def _substituted(expression: str) -> str:
    """The query as Grafana sends it with every variable at its preset."""
    presets = {f"${each['name']}": each["allValue"] for each in VARIABLES}
    for name, value in (presets | _OF_GRAFANA).items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


@each_dashboard
def test_panels_have_ids_of_their_own_and_do_not_overlap(name):
    panels = DASHBOARDS[name]["panels"]
    ids = [panel["id"] for panel in panels]
    places = [
        {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        for at in (panel["gridPos"] for panel in panels)
    ]

    assert len(set(ids)) == len(ids)
    assert not any(one & other for one, other in combinations(places, 2))
    assert all(x < 24 for place in places for x, _ in place)


def test_every_dashboard_has_a_name_and_the_tag_that_links_them():
    uids = [each["uid"] for each in DASHBOARDS.values()]

    assert len(set(uids)) == len(uids) == 2
    for each in DASHBOARDS.values():
        assert each["tags"] == ["tocsin"]
        assert [link["tags"] for link in each["links"]] == [["tocsin"]]


def test_every_panel_says_what_it_shows():
    assert all(panel["title"] and panel["description"] for panel in PANELS)


def test_panels_and_variables_ask_the_provisioned_datasource():
    provisioned = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())
    (source,) = provisioned["datasources"]

    asked = {each["datasource"]["uid"] for each in [*PANELS, *VARIABLES]}

    assert asked == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in compose()["services"]


def test_grafana_finds_the_dashboard_where_compose_mounts_it():
    provisioned = yaml.safe_load((GRAFANA / "provisioning/dashboards/tocsin.yml").read_text())
    (provider,) = provisioned["providers"]
    home = compose()["services"]["grafana"]["environment"][
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"
    ]

    assert binds("grafana")[provider["options"]["path"]] == "./deploy/grafana/dashboards"
    assert home == f"{provider['options']['path']}/tocsin.json"


def test_the_datasources_step_is_prometheus_scrape_interval():
    provisioned = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())
    scraping = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())

    (source,) = provisioned["datasources"]

    assert source["jsonData"]["timeInterval"] == scraping["global"]["scrape_interval"]


@pytest.mark.kafka
@pytest.mark.prometheus
class TestAfterAReplay:
    @pytest.fixture(autouse=True, scope="class")
    def replayed(self, deployment):
        """The seeds are through all services, and Prometheus has seen it.

        One article comes later: ingest may have replayed the seeds before its first scrape, and
        what was counted before then has no rate. A feed that is watched brings another, and a third
        is pushed.
        """
        deployment.drop("later", "GEORGETOWN - Guyana and Suriname agreed to meet on Monday.\n")
        wait_for(
            lambda: deployment.count("ingest", "tocsin_ingest_sources", status="fresh"),
            60,
            "the feed was polled",
        )
        deployment.newsroom.publish(1)
        assert deployment.push("A commission was named in Paramaribo.") == 202
        wait_for(
            lambda: deployment.prometheus.query('tocsin_alert_level{dyad="USA-VEN"} > 0'),
            90,
            "Prometheus sees a level",
            interval_s=0.5,
        )

    def test_prometheus_reaches_every_target(self, deployment):
        targets = deployment.prometheus.targets()

        assert {(t["labels"]["job"], t["health"]) for t in targets} == {
            ("ingest", "up"),
            ("enrich", "up"),
            ("alert", "up"),
        }

    @pytest.mark.parametrize("expression", QUERIES)
    def test_the_query_gives_numbers(self, deployment, expression):
        def numbers():
            series = deployment.prometheus.query(_substituted(expression))
            return [each for each in series if math.isfinite(float(each["value"][1]))]

        wait_for(numbers, 30, f"data for {expression}", interval_s=0.5)

    @pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable["name"])
    def test_the_variable_offers_choices(self, deployment, variable):
        asked = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"])

        series = deployment.prometheus.query(f"count by ({asked[2]}) ({asked[1]})")

        assert all(each["metric"][asked[2]] for each in series)
        assert series

    def test_the_replays_levels_are_told_apart_from_the_real_ones(self, deployment):
        series = deployment.prometheus.query('tocsin_alert_level{dyad="USA-VEN"}')

        assert {each["metric"]["status"] for each in series} == {"exercise"}
