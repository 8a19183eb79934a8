"""The simulated bitcoind answers the recorded scenario as the real one did (tests/data/bitcoind)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import bitcoind_scenario, programs
from tests.nodes.shapes import differences

RECORDING = Path(__file__).parents[1] / "data" / "bitcoind" / "regtest-31.99.jsonl"


@pytest.mark.promise("The bitcoind simulator answers the recorded scenario as the real bitcoind did", runs="ci")
def test_every_step_of_the_recorded_scenario_is_answered_alike(tmp_path: Path) -> None:
    recorded = [json.loads(line) for line in RECORDING.read_text().splitlines()]
    with programs.simulated_bitcoind(tmp_path) as simulator:
        told = bitcoind_scenario.run(simulator.scenario())
    assert len(told) == len(recorded) > 100
    for real, simulated in zip(recorded, told, strict=True):
        step = _neutral(real["step"])
        assert _neutral(simulated["step"]) == step
        assert simulated.get("zmq") == real.get("zmq"), step
        assert simulated.get("status") == real.get("status"), step
        fault = _fault(real)
        assert _fault(simulated) == fault, step
        if fault is None:
            assert list(differences(_answer(real), _answer(simulated), path=step)) == []


def _fault(step: dict[str, Any]) -> tuple[int, str] | None:
    """Code and first line of an error, without the parts that differ in every run."""
    answer = step.get("answer")
    error = answer.get("error") if isinstance(answer, dict) else None
    return (error["code"], _neutral(error["message"].split("\n\n")[0])) if error else None


def _answer(step: dict[str, Any]) -> Any:
    """Whole and fractional numbers count as one kind, ids as keys are made equal."""
    return json.loads(_neutral(json.dumps(step.get("answer"))), parse_int=float)


def _neutral(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{64}\b", "<hash>", text)
