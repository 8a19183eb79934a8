"""The meaning of each kind of rule."""

from __future__ import annotations

from typing import Any

import pytest

from manage.catalog.model import Rule
from manage.catalog.rules import broken, holds

SETTINGS: dict[str, dict[str, Any]] = {
    "bitcoind": {"prune": 550, "txindex": True, "peers": []},
    "kaspad": {"listen": False},
}


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("bitcoind", True),
        ("oracle", False),
        ("oracle.window=3", False),
        ("bitcoind.txindex=true", True),
        ("kaspad.listen=true", False),
        ("kaspad.listen!=true", True),
        ("bitcoind.prune>0", True),
        ("bitcoind.prune<550", False),
        ("bitcoind.prune=550", True),
    ],
)
def test_a_subject_holds_if_the_service_is_in_the_stack_and_its_setting_compares(subject: str, answer: bool) -> None:
    assert holds(subject, ("bitcoind", "kaspad"), SETTINGS) is answer


def test_an_invalid_subject_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a subject"):
        holds("bitcoind prune", ("bitcoind",), SETTINGS)


@pytest.mark.parametrize(
    ("kind", "subjects", "breaks"),
    [
        ("incompatible", ("bitcoind.txindex=true", "bitcoind.prune>0"), True),
        ("incompatible", ("bitcoind.txindex=true", "kaspad.listen=true"), False),
        ("requires", ("bitcoind", "kaspad"), False),
        ("requires", ("bitcoind", "oracle"), True),
        ("requires", ("oracle", "pooler"), False),
        ("exclusive", ("bitcoind", "kaspad"), True),
        ("exclusive", ("bitcoind", "oracle"), False),
    ],
)
def test_the_kind_decides_when_a_rule_is_broken(kind: str, subjects: tuple[str, ...], breaks: bool) -> None:
    rule = Rule(kind, subjects, "why")
    assert bool(broken([rule], ("bitcoind", "kaspad"), SETTINGS)) is breaks
