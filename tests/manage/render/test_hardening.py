"""One hardening preset for every service; every exception has a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from manage import config as configuration
from manage.catalog import Catalog, load_catalog
from manage.errors import NodeyardError
from manage.render import hardening, image_names, render_manager, render_stack
from manage.render.model import Image
from tests.manage.render.conftest import DIRECTORY, INSTALLATION, MAINNET, NODES, SANDBOX, Render


@pytest.mark.promise("Every service has the hardening preset, and every exception has a reason", runs="ci")
@pytest.mark.parametrize("text", [SANDBOX, NODES, MAINNET])
def test_every_service_has_the_preset(text: str, render: Render, catalog: Catalog) -> None:
    for stack in render(text):
        for spec in stack.services:
            compose = spec.compose
            assert compose["read_only"] is True
            assert compose["cap_drop"] == ["ALL"]
            assert compose["security_opt"] == ["no-new-privileges:true"]
            assert compose["memswap_limit"] == compose["mem_limit"] > 0
            assert compose["pids_limit"] > 0
            assert compose["logging"]["options"].keys() == {"max-size", "max-file"}
            assert compose["restart"] == "unless-stopped"
            assert compose["ulimits"]["nofile"]["hard"] <= 20000
            assert compose["tmpfs"][0].startswith("/tmp:size=")
            if spec.name != "agent":
                uid = catalog.service(spec.name, "mainnet").uid
                assert compose["user"] == f"{uid}:{uid}"
                assert uid >= 10000
                assert "cap_add" not in compose


@pytest.mark.promise("Only the agent has Docker's socket, and it has no network", runs="ci")
def test_only_the_agent_has_dockers_socket_and_it_has_no_network(render: Render) -> None:
    stack, manager = render(SANDBOX)
    holders = {
        spec.name
        for part in (stack, manager)
        for spec in part.services
        for mount in spec.compose.get("volumes", [])
        if "docker.sock" in mount["source"]
    }
    assert holders == {"agent"}
    assert manager.service("agent").compose["network_mode"] == "none"
    assert manager.service("agent").compose["cap_add"] == ["CHOWN", "DAC_OVERRIDE", "FOWNER"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"read_only": False}, "read_only is not True"),
        ({"cap_drop": ["NET_RAW"]}, "cap_drop is not"),
        ({"cap_add": ["SYS_ADMIN"]}, "it has cap_add"),
        ({"privileged": True}, "it has privileged"),
        ({"user": "0:0"}, "it runs as root"),
        ({"memswap_limit": 1}, "it may swap"),
        ({"network_mode": "host"}, "uses the host's network"),
        ({"volumes": [{"source": "/run/docker.sock", "target": "/x"}]}, "it mounts Docker's socket"),
        ({"ulimits": {"nofile": {"soft": 1, "hard": 65536}}}, "may open more than 20000 files"),
        ({"logging": None}, "it has no logging"),
    ],
)
def test_a_template_that_deviates_without_a_reason_is_refused(
    change: dict[str, Any], words: str, render: Render, catalog: Catalog
) -> None:
    service = catalog.service("proxy", "sandbox")
    compose = {**render(SANDBOX)[0].service("proxy").compose, **change}
    compose = {key: value for key, value in compose.items() if value is not None}
    with pytest.raises(NodeyardError) as caught:
        hardening.require_preset(service, compose)
    assert words in caught.value.message
    allowed = replace(service, exceptions={name: "a reason" for name, _ in hardening.deviations(compose)})
    hardening.require_preset(allowed, compose)


def test_the_render_refuses_a_service_whose_exceptions_lost_their_reasons(catalog: Catalog) -> None:
    source = catalog.sources["agent"]
    value = {**source.document.value, "exceptions": {"user": "root - the socket belongs to root"}}
    agent = replace(source, document=source.document.with_value(value))
    changed = load_catalog()
    changed = replace(changed, sources={**changed.sources, "agent": agent})
    config = configuration.parse("version: 1\n", "stack.yml", changed)
    images = {name: Image(name, name, name) for name in image_names(changed, config)}
    stack = render_stack(changed, config, INSTALLATION, images, {}, DIRECTORY)
    with pytest.raises(
        NodeyardError, match=r"agent deviates .*: it has cap_add; it has group_add; it mounts Docker's socket"
    ):
        render_manager(changed, config, INSTALLATION, images, {}, DIRECTORY, stack)
