"""The oracle with the simulated bitcoind, and with `--real` also with the real one."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.oracle.bitcoind import Bitcoind
from tests.oracle.generator import Generator
from tests.oracle.process import Oracle, environment
from tests.stage.ports import free_port

Start = Callable[..., Oracle]
CACHED = "bitcoind-31.99.0"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "program" in metafunc.fixturenames:
        kinds = ["simulator", "real"] if metafunc.config.getoption("--real") else ["simulator"]
        metafunc.parametrize("program", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module")
def program(request: pytest.FixtureRequest) -> Path | None:
    """The real bitcoind's program, None for the simulator."""
    if request.param == "simulator":
        return None
    cache = os.environ.get("NODEYARD_IMAGE_CACHE", "")
    found = Path(cache) / f"{CACHED}-{platform.machine()}"
    if not cache or not found.exists():
        pytest.fail(f"no real bitcoind: put {found.name} where NODEYARD_IMAGE_CACHE points")
    return found


@pytest.fixture
def node(program: Path | None, tmp_path: Path) -> Iterator[Bitcoind]:
    """A node on regtest that mines only on demand."""
    with Bitcoind(tmp_path, program) as running:
        yield running


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bitcoind]:
    """One node for all tests, which change it only by new payments."""
    with Bitcoind(tmp_path_factory.mktemp("bitcoind"), None) as node:
        yield node


@pytest.fixture(scope="module")
def generator(simulated: Bitcoind) -> Generator:
    found = Generator(simulated)
    found.pay(1500)
    return found


@pytest.fixture
def start(simulated: Bitcoind, tmp_path: Path) -> Iterator[Start]:
    """Starts oracles on the node: `start(**environment)`."""
    with ExitStack() as running:

        def begin(**env: str) -> Oracle:
            given = {**environment(simulated.running), **env}
            oracle = Oracle(tmp_path, free_port(), {key: value for key, value in given.items() if value})
            return running.enter_context(oracle)

        yield begin
