"""A service without a log: the name that was meant."""

from __future__ import annotations

from typing import Any, cast

import pytest

from manage.engine import logs
from manage.engine.facts import ReadApi
from manage.errors import NodeyardError
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_SERVICE


class Engine:
    """Has containers of tracker and proxy."""

    def containers(self, *, all: bool, filters: dict[str, list[str]]) -> list[dict[str, Any]]:
        assert all
        found = ({"Id": name, "Labels": {LABEL_SERVICE: name}} for name in ("tracker", "proxy"))
        wanted = [label.partition("=")[2] for label in filters["label"] if label.startswith(f"{LABEL_SERVICE}=")]
        return [entry for entry in found if not wanted or entry["Id"] in wanted]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("trackr", "Did you mean tracker?"), ("kaspad", "Services with a log: proxy, tracker.")],
)
def test_a_wrong_name_is_answered_with_the_one_that_was_meant(name: str, hint: str) -> None:
    with pytest.raises(NodeyardError, match=f"{name} has no container, so there is no log") as refused:
        logs.require_container(cast(ReadApi, Engine()), Installation("0123abcd", "nodeyard"), name)
    assert refused.value.hint == hint
