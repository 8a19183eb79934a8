"""Networks and volumes of a name that we want: missing, ours or somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from manage.engine import own_objects
from manage.errors import NodeyardError
from manage.installation.identity import Installation

HERE = Installation("ab12cd34", "nodeyard")
ENTRIES: list[dict[str, Any]] = [
    {"Name": "nodeyard_front", "Labels": {"io.nodeyard.installation": "ab12cd34"}},
    {"Name": "nodeyard_chain", "Labels": {"io.nodeyard.installation": "99999999"}},
    {"Name": "nodeyard_data", "Labels": None},
]


def missing(*names: str) -> list[str]:
    return list(own_objects.missing("network", ENTRIES, names, HERE, "Look at it ({inspect})."))


def test_only_what_is_not_there_is_to_be_made() -> None:
    assert missing("nodeyard_front", "nodeyard_new") == ["nodeyard_new"]


@pytest.mark.parametrize("name", ["nodeyard_chain", "nodeyard_data"])
def test_what_carries_another_label_or_none_is_a_refusal_with_the_command_that_shows_it(name: str) -> None:
    with pytest.raises(NodeyardError, match=f"The network {name} .*io.nodeyard.installation=ab12cd34") as raised:
        missing("nodeyard_front", name)
    assert raised.value.hint == f"Look at it (docker network inspect {name})."
