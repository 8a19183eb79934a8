"""Runs docker-compose: argv lists, one binary, no questions; the child inherits the lock.

Compose never gets `-y` and never a terminal: with a yes, it deletes a changed volume together with its data.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from manage import words
from manage.engine.endpoint import url
from manage.errors import NodeyardError
from manage.immutable import dataclass

if TYPE_CHECKING:
    import subprocess

DEADLINE_S = 600.0
"""How long compose may take for one service, besides the time that its container may take to stop."""
STOP_S = 10.0
HASHING_S = 120.0
NO_SETTINGS = "/nonexistent"
"""A folder of docker settings that is not there: compose then uses its defaults."""
SHOWN_LINES = 12
"""How many of compose's last lines an error carries."""


@dataclass(frozen=True)
class ComposeProject:
    """One compose project and the file that describes it."""

    name: str
    file: Path
    directory: Path
    """The base of relative paths; our files have none."""


def binary() -> tuple[str, ...]:
    """The compose program of the hash-locked wheel, next to the running interpreter, in the CLI and the agent.

    Ubuntu 22.04's Python is too old for the wheel: there it is the distribution's plugin, called by its path, which
    gives the same hashes as calling it through `docker`.
    """
    ours = Path(sys.prefix) / "bin" / "docker-compose"
    if ours.exists():
        return (str(ours),)
    for folder in (
        "/usr/local/lib/docker/cli-plugins",
        "/usr/libexec/docker/cli-plugins",
        "/usr/lib/docker/cli-plugins",
    ):
        plugin = Path(folder) / "docker-compose"
        if plugin.exists():
            return (str(plugin),)
    raise NodeyardError(
        f"There is no docker-compose next to this Python ({ours}).", "Run ./install.sh again: it completes .venv."
    )


def argv(project: ComposeProject, *words: str) -> list[str]:
    """The command line that runs `words` on `project`."""
    return [
        *binary(),
        "--ansi",
        "never",
        "--progress",
        "plain",
        "-p",
        project.name,
        "-f",
        str(project.file),
        "--project-directory",
        str(project.directory),
        *words,
    ]


def environment() -> dict[str, str]:
    """The environment of compose: without the caller's COMPOSE_* variables, docker context and docker settings.

    Compose would put the `proxies` of ~/.docker/config.json into every container that it creates (docker/compose
    pkg/compose/create.go, `ParseProxyConfig`), so that services would ask a company's proxy for each other.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "DOCKER_HOST": url(), "DOCKER_CONFIG": NO_SETTINGS}


def run(
    command: Sequence[str],
    *,
    lock: int | None = None,
    on_interrupt: Callable[[], None] = lambda: None,
    deadline_s: float = DEADLINE_S,
) -> None:
    """Run one command and wait for its end. `lock` is the descriptor that it inherits.

    After a first Ctrl-C the command still finishes, because compose stopped in the middle of a recreate leaves the old
    container stopped and the new one not started: `on_interrupt` is called, and KeyboardInterrupt is raised at the end.
    A second Ctrl-C terminates it. Raises NodeyardError with compose's last lines if it fails or exceeds `deadline_s`.
    """
    import logging  # imported only here, as subprocess: a plan with nothing to do runs no compose
    import subprocess

    log = logging.getLogger(__name__)
    log.debug("%s", shlex.join(command))
    # A file instead of a pipe: compose must not stop in the middle when its parent is killed and nothing reads a pipe.
    with _in_memory() as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
            pass_fds=() if lock is None else (lock,),
            process_group=0,  # so that Ctrl-C in the terminal reaches only this process
        )
        interrupted, in_time = _wait(child, on_interrupt, time.monotonic() + deadline_s)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    log.debug("exit %s\n%s", child.returncode, text)
    if interrupted:
        raise KeyboardInterrupt
    if not in_time:
        raise NodeyardError(
            f"docker-compose did not end within {words.duration(deadline_s)} and was stopped.\n{_last_lines(text)}",
            "The engine may hang. Check it (docker info), then run the same command again; it continues.",
        )
    if child.returncode != 0:
        raise NodeyardError(
            f"docker-compose failed (exit {child.returncode}): {_reason(text)}\n{_last_lines(text)}",
            f"The whole command: {shlex.join(command)}",
        )


def _wait(child: subprocess.Popen[bytes], on_interrupt: Callable[[], None], deadline: float) -> tuple[bool, bool]:
    """Wait for its end: whether there was a Ctrl-C in the meantime, and whether it ended before `deadline`."""
    import subprocess

    interrupted = False
    while True:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
            return interrupted, True
        except subprocess.TimeoutExpired:
            _stop(child)
            return interrupted, False
        except KeyboardInterrupt:
            if interrupted:
                child.terminate()
            interrupted = True
            on_interrupt()


def _stop(child: subprocess.Popen[bytes]) -> None:
    import subprocess

    child.terminate()
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class HashingProcess:
    """A compose process that hashes the services of both projects: started early, read when the hashes are needed.

    Compose also validates the files against its schema. One process reads both files as if they were merged: a hash
    depends only on its service, and the names of the services differ.
    """

    def __init__(self, texts: Sequence[str], directory: Path) -> None:
        """Start the process. `texts` are the contents of the compose files: a plan writes no file."""
        import subprocess

        self._files = [_in_memory() for _ in texts]
        for file, text in zip(self._files, texts, strict=True):
            file.write(text.encode())
            file.flush()
        descriptors = [file.fileno() for file in self._files]
        named = [word for descriptor in descriptors for word in ("-f", f"/dev/fd/{descriptor}")]
        self._child = subprocess.Popen(
            [*binary(), "-p", "hashed", *named, "--project-directory", str(directory), "config", "--hash", "*"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            pass_fds=descriptors,
        )

    def result(self) -> dict[str, str]:
        """Service -> hash. Raises NodeyardError if compose rejects the files."""
        import subprocess

        try:
            output, errors = self._child.communicate(timeout=HASHING_S)
        except subprocess.TimeoutExpired as error:
            raise NodeyardError(
                f"docker-compose did not hash the services within {HASHING_S:g} s.", "Is the machine overloaded?"
            ) from error
        if self._child.returncode != 0:
            raise NodeyardError(
                f"docker-compose rejects the rendered file:\n{_last_lines(errors)}",
                "This is a bug in the templates, not in your stack.yml. To see the file: manage render",
            )
        return dict(line.split(None, 1) for line in output.splitlines() if line.strip())

    def close(self) -> None:
        """Stop the process if it still runs, and close its files."""
        for file in self._files:
            file.close()
        if self._child.poll() is None:
            self._child.kill()
            self._child.communicate()


def _in_memory() -> BinaryIO:
    """A file in memory: the agent's root file system is read-only."""
    return os.fdopen(os.memfd_create("compose"), "w+b")


def _reason(text: str) -> str:
    """Compose's last line, which gives the reason of the failure."""
    return text.strip().rpartition("\n")[2]


def _last_lines(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-SHOWN_LINES:])
