"""Installations for benches of `manage` itself: the sandbox on tiny images, and thirty services of three kinds.

The thirty do not come from the catalog, which has no thirty services: their desired state is made in memory, so their
figures hold all of a command but catalog and templates (tests/bench/thirty.py is that command).
"""

from __future__ import annotations

import contextlib
import pickle
import secrets
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from manage.apply import uninstall, up
from manage.apply.desired_state import DesiredState
from manage.engine.client import connect
from manage.installation import identity
from manage.installation.layout import Layout
from tests.bench import common
from tests.engine import sandboxed, stacks, standin

ROOT = common.CHECKOUT
COUNT = 30
ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONPATH": f"{ROOT}:{ROOT / 'services'}"}


@contextlib.contextmanager
def installed(directory: Path | None) -> Iterator[Layout]:
    """The running installation in `directory`, or the sandbox on tiny images."""
    if directory is not None:
        yield Layout(directory)
        return
    with sandbox() as layout:
        yield layout


@contextlib.contextmanager
def sandbox() -> Iterator[Layout]:
    """The sandbox's nine services, running as tiny images; removed at the end."""
    with _folder() as layout:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = min(int(server.getsockname()[1]), 64000)
        with connect() as api:
            sandboxed.install(api, layout, f"nybench-{secrets.token_hex(3)}", port)
        with standin.watching(layout):
            common.seconds([str(common.VENV / "manage"), "up", "--dir", str(layout.dir)], env=ENVIRONMENT)
        yield layout


@contextlib.contextmanager
def thirty() -> Iterator[Layout]:
    """Thirty services: ten with a volume, ten with a port, ten with files and a secret."""
    with _folder() as layout:
        identity.create(layout, project=f"nybench-{secrets.token_hex(3)}")
        state = thirty_services(layout)
        (layout.dir / "state.pickle").write_bytes(pickle.dumps(state))
        with standin.watching(layout):
            up.apply(state)
        yield layout


def thirty_services(layout: Layout) -> DesiredState:
    kinds: list[dict[str, Any]] = [
        {"volume": True, "group": "data"},
        {"env": {"NETWORK": "private", "LEVEL": "info"}, "group": "chains"},
        {"files": {"service.conf": "rate = 20\n" * 50}, "secrets": {"password": 1}},
    ]
    return stacks.state(layout, {f"service-{number}": kinds[number % len(kinds)] for number in range(COUNT)})


def rendered(layout: Layout) -> Path:
    """The stack's compose file as `manage up` wrote it."""
    return max((layout.dir / "compose").glob("*.yml"), key=lambda path: (len(path.read_bytes()), path.name))


def project(layout: Layout) -> str:
    return identity.read(layout).project


def command(verb: str, layout: Layout) -> list[str]:
    """`manage VERB` for the thirty services."""
    return [str(common.VENV / "python"), str(Path(__file__).with_name("thirty.py")), verb, str(layout.dir)]


@contextlib.contextmanager
def _folder() -> Iterator[Layout]:
    with tempfile.TemporaryDirectory(prefix="nybench-") as folder:
        layout = Layout(Path(folder) / "yard")
        try:
            yield layout
        finally:
            uninstall.apply(layout, everything=True)
