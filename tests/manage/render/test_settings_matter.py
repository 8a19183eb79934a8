"""No setting is ignored: each one changes the render."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from manage import config as configuration
from manage.catalog import load_catalog
from manage.catalog.model import Setting
from manage.config import schema
from manage.render.model import Stack
from tests.manage.render.conftest import NODES, SANDBOX, Render

CATALOG = load_catalog()
OTHERS: dict[str, Any] = {
    "name": "another name",
    "ports.bind": "192.0.2.1",
    "public_url": "https://yard.example",
    "remote_bitcoind": "node.example:18443,node.example:28332",
}
ROOMY = "96g"
NOT_RENDERED = {
    "version": "there is only one",
    "network": "tested with the templates of each network",
    "profiles": "decides which services there are",
    "networks.pool": "decides the addresses of networks that are created, which no file contains",
    "images.source": "decides the images, which are an input of the render; its entrypoints are tested by name",
}


def another(setting: Setting) -> Any:
    """A valid value that is not the default."""
    if setting.type == "boolean":
        return not setting.default
    if setting.type in ("integer", "number"):
        step = setting.default + 600
        return step if setting.maximum is None or step <= setting.maximum else setting.maximum
    if setting.key == "memory":
        return ROOMY
    return {"size": "333m", "path": "/mnt/chain", "list": ["--x=y"] if "args" in setting.key else setting.example}.get(
        setting.type
    ) or (next(c for c in setting.choices if c != setting.default) if setting.choices else OTHERS[setting.key])


def cases() -> list[tuple[str, str]]:
    """(stack.yml, key) of every key that counts for the services of that stack.yml."""
    found = []
    for text in (SANDBOX, NODES):
        config = configuration.parse(f"version: 1\n{text}", "stack.yml", CATALOG)
        for path in schema.keys(CATALOG, config.network):
            parts = path.split(".")
            service = parts[1] if parts[0] == "services" else parts[-1] if parts[0] == "storage" else ""
            if path not in NOT_RENDERED and parts[-1] != "enabled" and (not service or service in config.settings):
                found.append((text, path))
    return found


@pytest.mark.promise("Every setting changes the render", runs="ci")
@pytest.mark.parametrize(("text", "path"), cases())
def test_a_setting_changes_the_render(text: str, path: str, render: Render) -> None:
    document: dict[str, Any] = yaml.safe_load(text)
    setting = schema.keys(CATALOG, document.get("network", "sandbox"))[path]
    *sections, key = path.split(".")
    section = document
    for name in sections:
        section = section.setdefault(name, {})
    if sections[:1] == ["services"] and key != "memory":
        section["memory"] = ROOMY  # any cache fits
    before = render(yaml.safe_dump(document))
    section[key] = another(setting)
    after = render(yaml.safe_dump(document))
    assert _rendered(before) != _rendered(after)


def _rendered(stacks: tuple[Stack, Stack]) -> list[object]:
    """Both projects and what watch reads while it runs."""
    return [*(stack.revision for stack in stacks), stacks[1].service("watch").live_file]


def test_a_disabled_service_is_not_rendered(render: Render) -> None:
    stack, manager = render(f"{SANDBOX}services: {{tracker: {{enabled: false}}}}\n")
    assert "tracker" not in {spec.name for spec in stack.services}
    assert "/tracker/" not in stack.service("proxy").files["nginx.conf"].decode()
    assert '"tracker"' not in manager.service("watch").live_file.decode()
    assert "tracker" not in stack.service("timescaledb").files["roles.txt"].decode()


def test_the_program_of_a_node_depends_on_where_its_image_comes_from(render: Render) -> None:
    upstream = "profiles: [core]\nnetwork: private\nimages: {source: upstream}\n"
    local = "profiles: [core]\nnetwork: private\n"
    assert render(upstream)[0].service("kaspad").compose["entrypoint"] == ["/app/kaspad"]
    assert render(local)[0].service("kaspad").compose["entrypoint"] == ["kaspad"]
    assert "entrypoint" not in render(SANDBOX)[0].service("kaspad").compose
