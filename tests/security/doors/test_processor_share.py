"""A service that keeps all processors busy delays the manager less than other services."""

from __future__ import annotations

import pytest

from tests.manage.render.conftest import SANDBOX, Render, catalog, render

__all__ = ["catalog", "render"]


@pytest.mark.promise("When the processors are busy, agent, watch and dashboard get them before the services", runs="ci")
def test_the_manager_has_a_larger_share_of_the_processors_than_any_service(render: Render) -> None:
    stack, manager = render(SANDBOX)
    shares = {service.name: service.compose.get("cpu_shares", 1024) for service in (*stack.services, *manager.services)}
    ours = {"agent", "watch", "dashboard"}
    assert {name for name, share in shares.items() if share > 1024} == ours
    assert min(shares[name] for name in ours) >= 4 * max(share for name, share in shares.items() if name not in ours)
