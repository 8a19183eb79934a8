"""The compose runner: argv lists, one binary, nothing asked, the lock handed down.

Compose never gets `-y` and never a terminal: with a yes it answers a changed volume by deleting it with its data.
"""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from manage.engine.endpoint import url
from manage.errors import NodeyardError

log = logging.getLogger(__name__)

SHOWN_LINES = 12
"""How many of compose's last lines an error carries."""


@dataclass(frozen=True)
class ComposeProject:
    """One compose project and the file that describes it."""

    name: str
    file: Path
    directory: Path
    """What relative paths would start from; our files have none."""


def binary() -> tuple[str, ...]:
    """The compose program: the hash-locked wheel's beside the running interpreter, in the CLI and the agent alike.

    Ubuntu 22.04's Python is too old for the wheel: there it is the distribution's plugin, called by its own path, which
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
        f"There is no docker-compose beside this Python ({ours}).", "Run ./install.sh again: it completes .venv."
    )


def argv(project: ComposeProject, *words: str) -> list[str]:
    """The whole command line for `words` on `project`."""
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
    """All that compose may see of ours: no COMPOSE_* of the caller's shell may steer it, nor another docker context."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "DOCKER_HOST": url()}


def run(
    command: Sequence[str],
    *,
    lock: int | None = None,
    on_interrupt: Callable[[], None] = lambda: None,
) -> None:
    """Run one command to its end. `lock` is the descriptor that it inherits.

    A first Ctrl-C lets it finish, since compose stopped in the middle of a recreate leaves the old container stopped
    and the new one not started: `on_interrupt` is called to say so, KeyboardInterrupt is raised afterwards. A second
    one ends it. Raises NodeyardError with compose's last lines when it fails.
    """
    log.debug("%s", shlex.join(command))
    # A file and not a pipe: a compose whose parent was killed must not end in the middle because nobody reads it.
    with _in_memory() as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
            pass_fds=() if lock is None else (lock,),
            process_group=0,  # the terminal's Ctrl-C is for us alone
        )
        interrupted = _wait(child, on_interrupt)
        output.seek(0)
        said = output.read().decode("utf-8", "replace")
    log.debug("exit %s\n%s", child.returncode, said)
    if interrupted:
        raise KeyboardInterrupt
    if child.returncode != 0:
        raise NodeyardError(
            f"docker-compose failed (exit {child.returncode}): {_reason(said)}\n{_last_lines(said)}",
            f"The whole command: {shlex.join(command)}",
        )


def _wait(child: subprocess.Popen[bytes], on_interrupt: Callable[[], None]) -> bool:
    """Wait for its end; True when a Ctrl-C came meanwhile."""
    interrupted = False
    while True:
        try:
            child.wait()
            return interrupted
        except KeyboardInterrupt:
            if interrupted:
                child.terminate()
            interrupted = True
            on_interrupt()


class HashingProcess:
    """Compose reading the text of both projects: started early, asked for its hashes when they are needed.

    It validates them against compose's own schema on the way. One process reads both, as if one were merged into the
    other: a service's hash depends on the service alone, and their names differ.
    """

    def __init__(self, texts: Sequence[str], directory: Path) -> None:
        """Start it. `texts` are the compose files' contents: a plan writes no file."""
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
        """Service -> hash. Raises NodeyardError when compose does not accept the files."""
        output, errors = self._child.communicate()
        if self._child.returncode != 0:
            raise NodeyardError(
                f"docker-compose does not accept what was rendered:\n{_last_lines(errors)}",
                "This is a fault of Nodeyard's templates, not of your stack.yml; manage render shows the text.",
            )
        return dict(line.split(None, 1) for line in output.splitlines() if line.strip())

    def close(self) -> None:
        """Let go of it, also when nobody asked for its hashes."""
        for file in self._files:
            file.close()
        if self._child.poll() is None:
            self._child.kill()
            self._child.communicate()


def _in_memory() -> BinaryIO:
    """A file without a place on disk: the agent's root is read-only."""
    return os.fdopen(os.memfd_create("compose"), "w+b")


def _reason(text: str) -> str:
    """Compose's last line, where it says why it gave up."""
    return text.strip().rpartition("\n")[2]


def _last_lines(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-SHOWN_LINES:])
