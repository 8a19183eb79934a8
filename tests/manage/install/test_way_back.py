"""A step that fails, or is interrupted, leaves the environment that was there before."""

from __future__ import annotations

import os
import signal
import socket
import subprocess

from tests.manage.install.installer import Installer


def with_earlier_environment(installer: Installer) -> None:
    venv = installer.folder / ".venv"
    venv.mkdir()
    (venv / "nodeyard").write_text("runtime of-another-time\n")


def is_as_before(installer: Installer) -> bool:
    return [path.name for path in (installer.folder / ".venv").iterdir()] == ["nodeyard"] and not (
        installer.folder / ".venv.old"
    ).exists()


def test_packages_that_cannot_be_had_leave_the_earlier_environment(installer: Installer) -> None:
    with_earlier_environment(installer)
    done = installer.run("--tools", PIP_NO_INDEX="1")

    assert done.returncode == 1
    assert "error: The Python packages of requirements/runtime.txt could not be installed." in done.stdout
    assert is_as_before(installer)


def test_an_interrupted_run_leaves_the_earlier_environment_and_says_how_to_go_on(installer: Installer) -> None:
    with_earlier_environment(installer)
    with socket.create_server(("127.0.0.1", 0)) as index:
        index.settimeout(50)
        url = f"http://127.0.0.1:{index.getsockname()[1]}/"
        with subprocess.Popen(
            installer.argv("--tools"),
            env=installer.environment(PIP_INDEX_URL=url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            connection, _ = index.accept()  # pip asks, and waits for an answer that does not come
            with connection:
                os.killpg(process.pid, signal.SIGINT)
                output, _ = process.communicate(timeout=50)

    assert process.returncode == 130
    assert "Interrupted. What was half done is undone" in output
    assert is_as_before(installer)


def test_a_command_that_fails_without_words_shows_its_last_lines(installer: Installer) -> None:
    installer.stand_in("df", "#!/bin/sh\necho the disk went away >&2\nexit 3\n")
    done = installer.run("--tools")

    assert done.returncode != 0
    assert "This machine failed" in done.stdout
