"""The docker settings of the person who runs `manage up` do not reach the containers."""

from __future__ import annotations

import pytest

from manage.engine import compose_cli


@pytest.mark.promise(
    "Compose ignores ~/.docker/config.json, whose proxies it would otherwise put into every container", runs="ci"
)
@pytest.mark.parametrize("variable", ["DOCKER_CONFIG", "HTTP_PROXY", "https_proxy", "COMPOSE_FILE", "DOCKER_CONTEXT"])
def test_compose_gets_no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "/home/somebody")
    environment = compose_cli.environment()
    assert "/home/somebody" not in environment.values()
    assert environment["DOCKER_CONFIG"] == compose_cli.NO_SETTINGS
