"""Questions to the engine in threads: order, errors, and no wait for an engine that hangs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from manage.engine import threads
from manage.errors import NodeyardError
from manage.installation import identity
from manage.installation.layout import CHECKOUT, Layout
from tests.stage.owners import Paper


def test_results_have_the_order_of_the_items_and_few_run_at_once() -> None:
    running: list[int] = []
    most = 0
    lock = threading.Lock()
    pause = threading.Event()

    def call(item: int) -> int:
        nonlocal most
        with lock:
            running.append(item)
            most = max(most, len(running))
        pause.wait(0.001 * (40 - item) / 10)
        with lock:
            running.remove(item)
        return item * item

    assert threads.each(call, range(40)) == [item * item for item in range(40)]
    assert 1 < most <= threads.PARALLEL
    assert threads.each(call, ()) == []


def test_an_error_is_raised_where_the_result_is_wanted() -> None:
    def fail(item: int = 3) -> int:
        if item == 3:
            raise NodeyardError("Docker's engine stopped answering.")
        return item

    wait = threads.started(fail)
    with pytest.raises(NodeyardError, match="stopped answering"):
        wait()
    with pytest.raises(NodeyardError, match="stopped answering"):
        threads.each(fail, range(6))


@pytest.mark.promise("An error in stack.yml is reported at once, also if the engine hangs", runs="ci")
def test_a_command_that_fails_does_not_wait_for_an_engine_that_hangs(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "yard", Paper().owners())
    identity.create(layout)
    layout.stack_file.write_text("version: 1\nnetwork: nowhere\n")
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen(8)
        done = subprocess.run(
            [sys.executable, "-m", "manage.cli.main", "plan", "--dir", str(layout.dir)],
            cwd=CHECKOUT,
            env={**os.environ, "DOCKER_HOST": f"unix://{path}", "PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'services'}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        silent.setblocking(False)
        silent.accept()[0].close()  # the engine was asked
    assert done.returncode == 1
    assert "nowhere" in done.stderr
