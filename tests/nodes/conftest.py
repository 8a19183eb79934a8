"""One client suite for simulators and real nodes: `pytest tests/nodes` runs it on the simulators, `--real` on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nodes import programs
from tests.nodes.programs import Running


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    kinds = ["simulator", "real"] if metafunc.config.getoption("--real") else ["simulator"]
    for name in ("kaspad", "bitcoind"):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, kinds, indirect=True, scope="module")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def kaspad(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A node on simnet that mines only on demand."""
    folder = tmp_path_factory.mktemp("kaspad")
    if request.param == "real":
        started = programs.real_kaspad(program(request.config, "kaspad"), folder)
    else:
        started = programs.simulated_kaspad(folder)
    with started as running:
        yield running


@pytest.fixture(scope="module")
def bitcoind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A node on regtest that mines only on demand."""
    folder = tmp_path_factory.mktemp("bitcoind")
    if request.param == "real":
        started = programs.real_bitcoind(program(request.config, "bitcoind"), folder)
    else:
        started = programs.simulated_bitcoind(folder)
    with started as running:
        yield running


def program(config: pytest.Config, name: str) -> Path:
    """The real node's program: from the command line, else from the image cache."""
    given: Path | None = config.getoption(f"--{name}")
    return programs.cached(name) if given is None else given
