"""`python -m manage.agent` as a process: what it needs no engine for."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.agent.client import AgentClient, AgentRefused
from manage.errors import NodeyardError
from manage.installation import identity
from manage.installation.ids import AGENT_GROUP
from manage.installation.layout import Layout

CHECKOUT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.root


@pytest.fixture
def place(tmp_path: Path) -> Layout:
    """A folder with an identity and nothing else; made by root, as the agent is root's."""
    layout = Layout(tmp_path / "nodeyard")
    identity.create(layout)
    return layout


@pytest.fixture
def process(place: Layout) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "NODEYARD_DIR": str(place.dir), "DOCKER_HOST": f"unix://{place.dir}/no-engine.sock"}
    argv = [sys.executable, "-m", "manage.agent"]
    started = subprocess.Popen(argv, cwd=CHECKOUT, env=environment, stderr=subprocess.PIPE, text=True)
    yield started
    started.kill()
    started.communicate()


def answering(place: Layout, process: subprocess.Popen[str]) -> AgentClient:
    client = AgentClient(place.agent_socket)
    deadline = time.monotonic() + 20
    while process.poll() is None:
        try:
            client.call("ping")
            return client
        except NodeyardError:
            assert time.monotonic() < deadline, "the agent does not answer"
            time.sleep(0.02)
    raise AssertionError(process.communicate()[1])


def test_it_answers_root_on_a_socket_for_its_group_and_ends_at_sigterm(
    place: Layout, process: subprocess.Popen[str]
) -> None:
    client = answering(place, process)
    assert client.call("whoami") == {"name": "root@host", "role": "admin", "must_change": False}
    status = place.agent_socket.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o660, 0, AGENT_GROUP)
    assert place.session_public_file.stat().st_gid == AGENT_GROUP
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert not place.agent_socket.exists()


def test_without_an_engine_it_lives_and_leaves_engine_json_alone(place: Layout, process: subprocess.Popen[str]) -> None:
    client = answering(place, process)
    with pytest.raises(AgentRefused, match="Docker's engine is not running"):
        client.call("logs", service="kaspad")
    assert not place.engine_file.exists()


def test_every_verb_of_the_allow_list_refuses_what_it_cannot_do_in_a_sentence(
    place: Layout, process: subprocess.Popen[str]
) -> None:
    client = answering(place, process)
    for verb, args in (
        ("up", {}),
        ("restart", {"services": ["kaspad"]}),
        ("down", {}),
        ("plan", {"verb": "up"}),
        ("plan", {"verb": "exec"}),
        ("plan", {}),
        ("restart", {}),
        ("logs", {}),
    ):
        with pytest.raises(AgentRefused) as refused:
            client.call(verb, **args)
        assert refused.value.message.endswith(".") and "unexpectedly" not in refused.value.message, verb
        assert refused.value.message != "The agent failed.", verb
