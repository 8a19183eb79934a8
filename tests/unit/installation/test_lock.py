import os
import signal
import subprocess
import sys

import pytest

from manage.errors import NodeyardError
from manage.installation import lock
from manage.installation.layout import Layout

HOLDING = """
import os, subprocess, sys
from pathlib import Path
from manage.installation import lock
from manage.installation.layout import Layout
with lock.hold(Layout(Path(sys.argv[1])), "up", "alice") as descriptor:
    child = subprocess.Popen(["cat"], stdin=0, stdout=subprocess.DEVNULL, pass_fds=(descriptor,))
    print(child.pid, flush=True)
    child.wait()
"""


@pytest.fixture
def holding(tmp_path):
    """A process that holds the lock, and a child of it that inherited the descriptor and lives until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.stdout.readline()
    yield process
    process.stdin.close()
    process.stdout.close()
    process.kill()
    process.wait()


def test_a_second_change_names_the_holder(tmp_path):
    layout = Layout(tmp_path)
    with lock.hold(layout, "up", "root"), pytest.raises(NodeyardError) as refused, lock.hold(layout, "down", "alice"):
        pass
    assert "manage up by root since " in refused.value.message
    assert f"(pid {os.getpid()})" in refused.value.message


def test_the_lock_is_free_again_when_the_change_ends_badly(tmp_path):
    layout = Layout(tmp_path)
    with pytest.raises(ZeroDivisionError), lock.hold(layout, "up"):
        raise ZeroDivisionError
    assert lock.holder(layout) == ""
    with lock.hold(layout, "up"):
        pass


def test_the_lock_stays_taken_while_a_killed_holders_child_still_runs(tmp_path, holding):
    layout = Layout(tmp_path)
    holding.send_signal(signal.SIGKILL)
    holding.wait()
    with pytest.raises(NodeyardError, match="manage up by alice since"), lock.hold(layout, "up"):
        pass
    assert "manage up by alice" in lock.holder(layout)


def test_looking_at_the_holder_does_not_take_the_lock(tmp_path):
    layout = Layout(tmp_path)
    assert lock.holder(layout) == ""
    with lock.hold(layout, "restart", "bob"):
        assert lock.holder(layout).startswith("manage restart by bob since ")
    assert lock.holder(layout) == ""


def test_a_folder_without_installation_is_named(tmp_path):
    with pytest.raises(NodeyardError, match="no installation in"), lock.hold(Layout(tmp_path / "nowhere"), "up"):
        pass
