"""An operator's own services: added as data, with the same health and hardening as the others."""

from __future__ import annotations

import shutil

import pytest
import yaml

from manage import config as configuration
from manage.catalog import load_catalog
from manage.errors import NodeyardError
from manage.installation.layout import CHECKOUT, Layout
from tests.manage.render.conftest import rendered


@pytest.mark.promise(
    "Prometheus is added as a folder, without touching manage/, and finds everything that provides metrics", runs="ci"
)
def test_prometheus_finds_everything_that_provides_metrics_without_code_in_manage(layout: Layout) -> None:
    stack, _manager = rendered(layout)
    scraped = yaml.safe_load(stack.service("prometheus").files["prometheus.yml"])["scrape_configs"]
    targets = {job["job_name"]: (job["static_configs"][0]["targets"], job["metrics_path"]) for job in scraped}
    assert targets == {
        "tracker": (["http.tracker:8000"], "/metrics"),
        "oracle": (["http.oracle:8000"], "/metrics"),
        "watch": (["metrics.watch:9101"], "/metrics"),
    }
    sources = [path.read_text() for path in (CHECKOUT / "manage").rglob("*.py")]
    assert not any("redis-server" in text or "scrape_configs" in text for text in sources)


@pytest.mark.promise("A cache is added as a folder, and its users are given its address and wait for it", runs="ci")
def test_a_user_of_the_cache_receives_its_address_and_waits_for_it(layout: Layout) -> None:
    shutil.copytree(layout.services_dir / "redis", layout.services_dir / "shop")
    text = (layout.services_dir / "shop/service.yml").read_text()
    text = text.replace("name: redis", "name: shop").replace("70101", "70103").replace("group: data", "group: services")
    text = text.replace("provides:\n  cache: {port: redis, check: line}", "uses:\n  cache: {}")
    (layout.services_dir / "shop/service.yml").write_text(text)
    (layout.services_dir / "shop/files/redis.conf.j2").write_text("cache = {{ uses.cache.url }}\n")
    stack, manager = rendered(layout)
    assert stack.service("shop").files["redis.conf"] == b"cache = redis://redis.redis:6379\n"
    watched = yaml.safe_load(manager.service("watch").live_file)["services"]
    needs = next(service["needs"] for service in watched if service["name"] == "shop")
    assert needs == [{"service": "redis", "check": "line"}]


def test_its_health_is_a_generic_driver_with_options(layout: Layout) -> None:
    _stack, manager = rendered(layout)
    watched = yaml.safe_load(manager.service("watch").live_file)["services"]
    redis = next(service for service in watched if service["name"] == "redis")
    assert redis["driver"] == "line"
    assert redis["options"] == {"port": "redis", "send": ["PING"], "expect": "\\+PONG", "secret": ""}


def test_it_has_the_hardening_preset_and_can_be_switched_off(layout: Layout) -> None:
    stack, _manager = rendered(layout)
    compose = stack.service("redis").compose
    assert compose["read_only"] is True
    assert compose["cap_drop"] == ["ALL"]
    assert compose["user"] == "70101:70101"
    catalog = load_catalog(layout)
    config = configuration.parse("version: 1\nservices: {redis: {enabled: false}}\n", "stack.yml", catalog)
    assert "redis" not in config.services
    assert "prometheus" in config.services


def test_a_name_that_is_shipped_is_refused(layout: Layout) -> None:
    (layout.services_dir / "redis").rename(layout.services_dir / "kaspad")
    with pytest.raises(NodeyardError, match="a service kaspad is shipped with Nodeyard"):
        rendered(layout)
