"""The reference files, the second mode of the templates: fresh, valid for Compose, separate from managed stacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from manage.catalog import load_catalog
from manage.catalog.document import read
from manage.installation.layout import CHECKOUT
from manage.render import reference

FILES = reference.rendered(load_catalog())
PROFILES = sorted(path.removesuffix(".yml") for path in FILES if path.endswith(".yml"))
COMPOSE = Path(sys.prefix) / "bin" / "docker-compose"


def document(profile: str) -> Any:
    return yaml.safe_load(FILES[f"{profile}.yml"])


def test_every_profile_has_a_reference_file() -> None:
    assert set(PROFILES) == set(load_catalog().profiles)


@pytest.mark.promise("`docker compose config` accepts the reference files", runs="ci")
@pytest.mark.parametrize("profile", PROFILES)
def test_compose_accepts_it(profile: str) -> None:
    argv = [str(COMPOSE), "-f", str(CHECKOUT / "compose" / f"{profile}.yml"), "config", "--quiet"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("profile", PROFILES)
def test_it_cannot_be_mistaken_for_a_managed_stack(profile: str) -> None:
    found = document(profile)
    assert found["name"] == f"nodeyard-reference-{profile}"
    for service in found["services"].values():
        assert "labels" not in service
    for kind in ("networks", "volumes"):
        assert not any((entry or {}).get("external") for entry in found[kind].values())


@pytest.mark.parametrize("profile", PROFILES)
def test_services_wait_for_each_other_and_are_asked_for_their_health_at_most_every_30_seconds(profile: str) -> None:
    services = document(profile)["services"]
    prepare = services.pop("prepare")
    for service in services.values():
        assert service["healthcheck"]["interval"] == "30s"
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}
    assert prepare["network_mode"] == "none"
    assert prepare["cap_add"] == ["CHOWN"]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_image_is_upstreams_by_tag_or_ours(profile: str) -> None:
    upstream = {
        entry["reference"]
        for entry in read(CHECKOUT / "images/upstream.yml", "images/upstream.yml").value["images"].values()
    }
    for service in document(profile)["services"].values():
        image = str(service["image"])
        assert image in upstream or (image.startswith("localhost/nodeyard/") and service["pull_policy"] == "never")


def test_its_ports_are_reachable_from_the_host_only() -> None:
    for profile in PROFILES:
        for service in document(profile)["services"].values():
            for port in service.get("ports", []):
                assert port["host_ip"] == "127.0.0.1"
