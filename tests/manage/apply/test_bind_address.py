"""A change on the host checks that this machine has the addresses that it publishes at."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from manage.apply import refusals
from manage.errors import NodeyardError
from manage.installation.identity import Installation
from manage.plan.model import Operation


def free_ports(address: str, *, host: bool) -> None:
    compose = {"ports": [{"target": 8000, "published": "1", "host_ip": address}]}
    state: Any = SimpleNamespace(
        installation=Installation("abcd1234", "nodeyard"),
        services=(SimpleNamespace(name="dashboard", compose=compose),),
    )
    operation = Operation("recreate", "dashboard", (), 0, "kept", "safe")
    refusals.require_free_ports(cast(Any, SimpleNamespace(containers=list)), state, [operation], host=host)


def test_an_address_of_another_host_ends_a_change_on_the_host() -> None:
    with pytest.raises(NodeyardError, match=r"203\.0\.113\.5 is not an address of this host"):
        free_ports("203.0.113.5", host=True)


def test_the_agent_which_has_its_own_network_does_not_judge_addresses() -> None:
    free_ports("203.0.113.5", host=False)
