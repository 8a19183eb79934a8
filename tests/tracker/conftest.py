"""A PostgreSQL for all tests of this folder, a database and a node for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from nodeclients.address import KaspaAddress, encode

from tests.stage.ports import free_port
from tests.tracker.cluster import Cluster
from tests.tracker.process import Tracker
from tests.tracker.tinynode import TinyNode


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "either_kaspad" in metafunc.fixturenames:
        kinds = ["simulator", "real"] if metafunc.config.getoption("--real") else ["simulator"]
        metafunc.parametrize("either_kaspad", kinds, indirect=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


@pytest.fixture
def database(cluster: Cluster) -> str:
    return cluster.new_database()


@pytest.fixture
def node() -> Iterator[TinyNode]:
    with TinyNode(free_port()) as running:
        yield running


@pytest.fixture
def start_tracker(cluster: Cluster, database: str, tmp_path: Path) -> Iterator[Callable[..., Tracker]]:
    """Starts trackers on this test's database: `start_tracker(kaspad_url, **environment)`."""
    with ExitStack() as running:

        def start(kaspad_url: str, **env: str) -> Tracker:
            given = {
                "KASPAD_URL": kaspad_url,
                "DATABASE_URL": cluster.url(database),
                "DATABASE_PASSWORD_FILE": str(cluster.password_file),
                **env,
            }
            return running.enter_context(Tracker(tmp_path, free_port(), given))

        yield start


@pytest.fixture
def tracker(start_tracker: Callable[..., Tracker], node: TinyNode) -> Tracker:
    """A tracker that follows the tiny node."""
    return start_tracker(node.url)


@pytest.fixture
def address() -> Callable[[int], str]:
    """The n-th address of simnet: pays to the public key n."""

    def nth(number: int) -> str:
        return encode(KaspaAddress("kaspasim", 0, number.to_bytes(32, "big")))

    return nth
