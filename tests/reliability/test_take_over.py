"""`manage up --take-over`: who holds the lock is named, and ended only with the consent that it needs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from manage.cli import consent, take_over
from manage.errors import NodeyardError
from manage.installation import lock, lock_processes
from manage.installation.layout import Layout
from tests.stage.waiting import until

HOLD = """
import os, signal, subprocess, sys
from pathlib import Path
from manage.installation import lock
from manage.installation.layout import Layout
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with lock.hold(Layout(Path(sys.argv[1])), "up", "alice") as descriptor:
    program = Path(sys.argv[1]) / "docker-compose"
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([program, "600"], stdout=subprocess.DEVNULL, pass_fds=(descriptor,))
    print(child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL) if "dies" in sys.argv else child.wait()
"""
STRANGER = """
import fcntl, sys, time
with open(sys.argv[1]) as file:
    fcntl.flock(file, fcntl.LOCK_SH)
    print(1, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a Python program and waits for its first line, the pid of its child; ends both afterwards."""
    started: list[subprocess.Popen[str]] = []
    children: list[int] = []

    def run(program: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        children.append(int(process.stdout.readline()))
        if "dies" in arguments:
            process.wait(10)
        return process

    yield run
    for process, child in zip(started, children, strict=True):
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()
        if child > 1 and b"docker-compose" in _command_line(child):
            os.kill(child, signal.SIGKILL)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.promise("manage up --take-over --yes ends what a dead change left running", runs="ci")
def test_what_a_dead_holder_left_is_ended(layout: Layout, start: Callable[..., object]) -> None:
    start(HOLD, str(layout.dir), "dies")
    assert [process.is_left_over for process in lock_processes.holding(layout)] == [True]
    with pytest.raises(NodeyardError, match="manage up by alice"), lock.hold(layout, "up"):
        pass
    take_over.run(layout, yes=True)
    with lock.hold(layout, "up"):
        pass


@pytest.mark.promise("manage up --take-over does not end a living change without a person's consent", runs="ci")
def test_a_living_holder_is_named_and_kept_without_a_terminal(
    layout: Layout, start: Callable[..., subprocess.Popen[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    holder = start(HOLD, str(layout.dir))
    with pytest.raises(NodeyardError, match="still runs: --yes does not end it") as refused:
        take_over.run(layout, yes=True)
    assert str(holder.pid) in refused.value.hint
    shown = capsys.readouterr().err
    assert "manage up by alice" in shown
    assert f"process {holder.pid}: " in shown
    assert "/docker-compose" in shown
    assert holder.poll() is None


@pytest.mark.parametrize("kind", ["obedient", "deaf"])
def test_a_hanging_holder_is_ended_with_consent(
    layout: Layout, start: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(lock_processes, "END_S", 0.5)
    asked: list[str] = []
    monkeypatch.setattr(take_over, "require_typed", asked.append)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    holder = start(HOLD, str(layout.dir), kind)
    take_over.run(layout, yes=True)
    assert asked == ["take over"]
    assert until(holder.poll) is not None
    assert lock.holder(layout) == ""


def test_a_stranger_who_blocks_every_change_is_found(
    layout: Layout, start: Callable[..., subprocess.Popen[str]]
) -> None:
    with lock.hold(layout, "up"):
        pass
    stranger = start(STRANGER, str(layout.lock_file))
    (found,) = lock_processes.holding(layout)
    assert found.pid == stranger.pid
    assert not found.is_left_over
    with pytest.raises(NodeyardError, match="still runs"):
        take_over.run(layout, yes=True)


def test_a_stranger_is_kept_although_the_last_change_died(
    layout: Layout, start: Callable[..., subprocess.Popen[str]]
) -> None:
    start(HOLD, str(layout.dir), "dies")
    take_over.run(layout, yes=True)
    assert lock.named_holder(layout) is not None, "its name is still in the lock"
    stranger = start(STRANGER, str(layout.lock_file))
    with pytest.raises(NodeyardError, match="still runs"):
        take_over.run(layout, yes=True)
    assert stranger.poll() is None


def test_a_free_lock_needs_nothing(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    take_over.run(layout, yes=False)
    assert capsys.readouterr().err == "No other change holds the lock.\n"


def test_a_process_that_only_has_the_file_open_does_not_hold_the_lock(layout: Layout) -> None:
    with lock.hold(layout, "up"):
        pass
    with layout.lock_file.open() as file, subprocess.Popen(["sleep", "600"], stdin=file) as reader:
        assert lock_processes.holding(layout) == ()
        reader.kill()


def test_the_refusal_of_a_second_change_names_the_way_out(layout: Layout) -> None:
    with lock.hold(layout, "up"), pytest.raises(NodeyardError) as refused, lock.hold(layout, "down"):
        pass
    assert "manage up --take-over" in refused.value.hint


def test_consent_needs_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda *_a, **_k: "yes")
    with pytest.raises(NodeyardError, match="You did not type take over"):
        consent.require_typed("take over")
