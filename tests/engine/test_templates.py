"""The database and the proxy as rendered, in their real images: what their templates promise, seen on containers."""

from __future__ import annotations

import json
import secrets as random
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from manage import config as configuration
from manage.apply import files, secrets
from manage.catalog import load_catalog
from manage.engine import compose_cli, networks, volume_owner, volumes
from manage.engine.client import connect
from manage.images import ensure
from manage.installation import identity
from manage.installation.layout import Layout
from manage.render import image_names, render_stack, secret_uses
from manage.render.model import Image

SERVICES = ("timescaledb", "proxy")
DEADLINE_S = 60


class RunningStack:
    """The sandbox's stack, of which only database and proxy are started."""

    def __init__(self, directory: Path, port: int, made: dict[str, Image]) -> None:
        import docker

        self.layout = Layout(directory / "installation")
        self.port = port
        project = f"nytest-{random.token_hex(3)}"
        self.installation = identity.create(self.layout, project=project)
        catalog = load_catalog()
        config = configuration.parse(
            f"version: 1\nports: {{base: {port - 1}}}\nservices: {{proxy: {{rate_limit: 5}}}}\n", "stack.yml", catalog
        )
        images = {
            name: made.get(name, Image(name, "localhost/nodeyard-test/absent:1", ""))
            for name in image_names(catalog, config)
        }
        uses = secret_uses(catalog, config, self.installation.id)
        generations = secrets.ensure(self.layout, uses)
        self.stack = render_stack(catalog, config, self.installation, images, generations, self.layout.dir)
        files.write(self.layout, self.stack)
        self.client = docker.from_env()
        with connect() as api:
            networks.ensure(api, self.installation, self.stack.networks)
            volumes.ensure(api, self.installation, [volume.name for volume in self.stack.volumes])
            for volume in (volume for volume in self.stack.volumes if volume.service in SERVICES):
                reference = self.stack.service(volume.service).image.reference
                volume_owner.set_owner(api, self.installation, volume.name, volume.uid, reference)
        self.compose("up", "--detach", "--no-deps", *SERVICES)

    def compose(self, *words: str) -> None:
        compose_cli.run(compose_cli.argv(files.project_of(self.layout, self.stack), *words))

    def container(self, service: str) -> Any:
        return self.client.containers.get(f"{self.stack.project}-{service}-1")

    def sql(self, command: str, *, role: str = "", database: str = "postgres", password: str = "") -> tuple[int, str]:
        """(exit code, output) of psql inside the database's container; over TCP as `role`, else over the socket."""
        argv = ["psql", "-XAtc", command, "-d", database, "-U", role or "postgres"]
        argv += ["-h", "127.0.0.1"] if role else ["-h", "/run/postgresql"]
        code, output = self.container("timescaledb").exec_run(argv, environment={"PGPASSWORD": password})
        return int(code), output.decode().strip()

    def password(self, role: str) -> str:
        return secrets.value(self.layout, f"{role}_db_password")

    def wait_for_tcp(self) -> None:
        password = self.password("tracker")
        until(lambda: self.sql("select 1", role="tracker", database="tracker_sandbox", password=password)[0] == 0)

    def get(self, path: str) -> tuple[int, Any]:
        """(status, JSON) of a request to the proxy."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def remove(self) -> None:
        self.compose("down", "--timeout", "5")
        with connect() as api:
            networks.remove_all(api, self.installation)
            for name in volumes.owned(api, self.installation):
                api.remove_volume(name)
        self.client.close()


def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition, at most the deadline."""
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def running(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    directory = tmp_path_factory.mktemp("templates")
    made = dict(ensure.images(("timescaledb", "nginx"), Layout(directory), lambda _event: None))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    found = RunningStack(directory, port, made)
    yield found
    found.remove()


def test_who_can_connect_finds_role_database_and_extension_in_place(running: RunningStack) -> None:
    running.wait_for_tcp()
    password = running.password("tracker")
    code, output = running.sql(
        "select extname from pg_extension where extname = 'timescaledb'",
        role="tracker",
        database="tracker_sandbox",
        password=password,
    )
    assert (code, output) == (0, "timescaledb")
    assert running.sql("select pg_has_role('watch', 'pg_monitor', 'member')") == (0, "t")
    assert running.sql("show data_checksums") == (0, "on")
    kind = "select datlocale, pg_encoding_to_char(encoding) from pg_database where datname = 'tracker_sandbox'"
    assert running.sql(kind) == (0, "C.UTF-8|UTF8")


def test_a_role_reaches_its_own_database_alone_and_only_with_its_password(running: RunningStack) -> None:
    running.wait_for_tcp()
    code, output = running.sql(
        "select 1", role="tracker", database="watch_sandbox", password=running.password("tracker")
    )
    assert code != 0
    assert "permission denied" in output
    code, output = running.sql("select 1", role="tracker", database="tracker_sandbox", password="wrong")
    assert code != 0
    assert "password authentication failed" in output


def test_a_password_that_went_astray_is_set_anew_at_the_next_start_and_data_stays(running: RunningStack) -> None:
    running.wait_for_tcp()
    password = running.password("tracker")
    own = {"role": "tracker", "database": "tracker_sandbox", "password": password}
    assert running.sql("create table if not exists kept (n int)", **own)[0] == 0
    assert running.sql("alter role tracker password 'astray'")[0] == 0
    assert running.sql("select 1", **own)[0] != 0
    running.container("timescaledb").restart(timeout=30)
    running.wait_for_tcp()
    assert running.sql("select count(*) from kept", **own) == (0, "0")


def test_the_database_comes_back_after_a_kill(running: RunningStack) -> None:
    running.wait_for_tcp()
    running.container("timescaledb").kill()
    running.container("timescaledb").start()
    running.wait_for_tcp()


def test_a_cluster_whose_making_was_cut_short_is_finished_at_the_next_start(running: RunningStack) -> None:
    running.wait_for_tcp()
    data = "/var/lib/postgresql/data"
    container = running.container("timescaledb")
    undo = f"mkdir {data}/initdb && mv {data}/PG_VERSION {data}/global {data}/initdb/ && touch {data}/initdb/done"
    assert container.exec_run(["sh", "-c", undo])[0] == 0
    container.kill()
    container.start()
    running.wait_for_tcp()
    assert container.exec_run(["ls", f"{data}/initdb"])[0] != 0


def test_it_stops_within_its_grace_period_with_nothing_to_recover(running: RunningStack) -> None:
    running.wait_for_tcp()
    container = running.container("timescaledb")
    container.stop(timeout=30)
    container.reload()
    logs = container.logs(tail=20).decode()
    assert container.attrs["State"]["ExitCode"] == 0
    assert "database system is shut down" in logs
    container.start()


def test_the_proxy_is_up_without_its_services_and_says_so_in_json(running: RunningStack) -> None:
    until(lambda: _answers(running))
    assert running.get("/health") == (200, {"status": "ok"})
    status, answer = running.get("/tracker/ready")
    assert status in (502, 504)
    assert "manage why tracker" in answer["error"]
    status, answer = running.get("/nowhere")
    assert (status, answer["services"]) == (404, ["/oracle/", "/tracker/"])


@pytest.mark.promise("Behind the proxy the oracle has a rate limit", runs="ci")
def test_a_client_that_asks_too_often_is_told_the_limit(running: RunningStack) -> None:
    until(lambda: _answers(running))
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(running.get, ["/tracker/ready"] * 20))
    refused = [answer for status, answer in statuses if status == 429]
    assert refused
    assert "at most 5 requests a second" in refused[0]["error"]
    assert running.get("/health")[0] == 200


def test_both_run_without_root_without_capabilities_and_write_nowhere_but_their_own_places(
    running: RunningStack,
) -> None:
    for service in SERVICES:
        container = running.container(service)
        assert container.exec_run(["sh", "-c", "grep CapEff /proc/1/status"])[1].split()[1] == b"0" * 16
        assert container.exec_run(["id", "-u"])[1].strip() != b"0"
        assert container.exec_run(["touch", "/etc/x"])[0] != 0


def _answers(running: RunningStack) -> bool:
    try:
        return running.get("/health")[0] == 200
    except OSError:
        return False
