"""How the process of a service ends, as a container engine sees it: a real process for each case."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stage.ports import free_port
from tests.stage.waiting import until

SERVICES = Path(__file__).parents[2] / "services"
PROGRAM = """
import sys
from fastapi import FastAPI
from serving.server import Server
from serving.settings import ServerSettings

server = Server(ServerSettings("127.0.0.1", int(sys.argv[1]), "/mint", "info"))
app = FastAPI()

@app.get("/where")
async def where():
    return "served"

@app.get("/fail")
async def fail():
    server.fail()
    return "failing"

sys.exit(server.run(app, ws="none"))
"""


@contextmanager
def started(port: int) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", PROGRAM, str(port)]
    with subprocess.Popen(argv, env={"PYTHONPATH": str(SERVICES)}, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(port: int, path: str) -> str:
    """The body; "" while the server does not listen."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def test_a_stop_that_was_asked_for_is_a_success() -> None:
    port = free_port()
    with started(port) as process:
        assert until(lambda: ask(port, "/where")) == '"served"'
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0


def test_a_fault_of_the_services_own_ends_the_process_after_the_answer_and_with_1() -> None:
    port = free_port()
    with started(port) as process:
        assert until(lambda: ask(port, "/fail")) == '"failing"'
        assert process.wait(timeout=15) == 1


def test_a_port_that_is_taken_is_a_failure_and_is_named() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        with started(holder.getsockname()[1]) as process:
            assert process.wait(timeout=15) > 0
            assert process.stdout is not None
            assert "address already in use" in process.stdout.read()
