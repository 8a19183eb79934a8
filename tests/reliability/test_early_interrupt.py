"""Ctrl-C in the first moments of a command: it ends, and nobody sees a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.host.commands import launcher
from manage.installation.layout import CHECKOUT

SLOW = """
import os, sys
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["SLOW_IMPORT"]:
            os.write(1, b"now\\n")
            import time
            time.sleep(60)
sys.meta_path.insert(0, Slow())
"""
"""A sitecustomize with which one import takes a minute, so that a test can interrupt it."""


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A test run in the background ignores Ctrl-C, and so would what it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.promise("Ctrl-C in the first moments of a command shows no traceback", runs="ci")
@pytest.mark.parametrize("module", ["manage.cli.main", "click", "manage.cli.status", "manage.health.snapshot"])
def test_an_early_ctrl_c_shows_no_traceback(tmp_path: Path, module: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOW)
    command = tmp_path / "manage"
    command.write_text(launcher(Path(sys.executable)))
    command.chmod(0o755)
    path = f"{tmp_path}:{CHECKOUT}:{CHECKOUT}/services"
    environment = os.environ | {"PYTHONPATH": path, "SLOW_IMPORT": module}
    with subprocess.Popen(
        [str(command), "status", "--dir", str(tmp_path)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in said
