"""What several security tests share."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stage.engines import Engine, Respond


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Respond], Engine]]:
    """Starts a stand-in for Docker's engine, which `manage` then uses."""
    started: list[Engine] = []
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:

        def start(respond: Respond) -> Engine:
            path = Path(folder) / f"engine{len(started)}.sock"
            started.append(Engine(path, respond))
            monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
            return started[-1]

        yield start
        for each in started:
            each.close()
