"""From nothing to a running, watched stack and back, on one machine, in the order in which a person does it."""

from __future__ import annotations

import json
import re
import time

import pytest
import testinfra

from tests.hosts.machine import CODE, Machine

INSTALL = f"{CODE}/install.sh"
FIRST_RUN_S = 360
"""At most 6 minutes without Docker and without a registry (issue: figures of the foundation)."""
SECOND_RUN_S = 20


def wait_healthy(machine: Machine, deadline_s: float = 120) -> None:
    """Until every service is healthy; what is not, and why, when the time is over."""
    end = time.monotonic() + deadline_s
    while True:
        verdicts = machine.verdicts()
        if verdicts and set(verdicts.values()) == {"healthy"}:
            return
        assert time.monotonic() < end, machine.run("manage status", expect=None).output
        time.sleep(1)


def strangers(machine: Machine) -> dict[str, object]:
    """Ids and start times of what is not ours, and the firewall rules that Docker did not make."""
    container = json.loads(machine.run("docker inspect stranger").output)[0]
    rules = machine.run("iptables-save").output.splitlines()
    return {
        "container": (container["Id"], container["State"]["StartedAt"]),
        "volume": json.loads(machine.run("docker volume inspect stranger").output),
        "image": machine.lines("docker images -q --no-trunc stranger"),
        "rules": [rule for rule in rules if "stranger" in rule],
    }


def test_a_bare_machine_has_neither_docker_nor_python(machine: Machine) -> None:
    assert machine.run("command -v dockerd docker python3", expect=None).output == ""


@pytest.mark.promise(
    "A failed download is reported in one sentence and leaves nothing half done",
    runs="long",
    case="bookworm",
)
def test_a_failed_download_is_one_sentence_and_leaves_no_environment(machine: Machine) -> None:
    done = machine.run(f"{INSTALL} --tools", expect=1, PIP_INDEX_URL="http://127.0.0.1:1/", PIP_RETRIES="0")

    assert "error: The Python packages of requirements/runtime.txt could not be installed." in done.output
    assert machine.run(f"ls -d {CODE}/.venv*", expect=None).status != 0
    assert machine.run("ls /var/lib/nodeyard", expect=None).status != 0


def test_strangers_live_on_this_engine(machine: Machine) -> None:
    """The failed run left an engine; from here on others use it too."""
    machine.run("tar -C / -ch bin/sh bin/sleep lib lib64 | docker import --change 'ENV PATH=/bin' - stranger")
    machine.run(
        "docker volume create stranger && docker run -d --name stranger -v stranger:/data stranger sleep infinity"
    )
    machine.run("iptables -A INPUT -p tcp --dport 12345 -m comment --comment stranger -j DROP")


@pytest.mark.promise(
    "One command turns a machine without Docker and without a registry into a running stack, in at most 6 "
    "minutes; foreign containers, volumes, images and firewall rules stay as they were",
    runs="long",
    case="bookworm",
)
@pytest.mark.promise("One command turns a bare trixie into a running stack", runs="long", case="trixie")
@pytest.mark.promise("One command turns a bare jammy into a running stack", runs="long", case="jammy")
@pytest.mark.promise("One command turns a bare noble into a running stack", runs="long", case="noble")
def test_one_command_makes_a_running_stack(machine: Machine) -> None:
    before = strangers(machine)
    done = machine.run(f"{INSTALL} --yes")
    wait_healthy(machine)

    assert strangers(machine) == before
    assert re.search(r"http://nodeyard-[0-9a-f]{8}\.localhost:8600/", done.output)
    assert "ssh -L" in done.output
    assert done.seconds <= FIRST_RUN_S
    assert "daddr 127.0.0.0/8 drop" in machine.run("nft list table inet nodeyard").output


@pytest.mark.promise(
    "Without a terminal, the first password is written to a file with mode 0600; it opens the dashboard",
    runs="long",
    case="bookworm",
)
def test_the_first_password_is_in_a_file_of_roots_and_opens_the_dashboard(machine: Machine) -> None:
    host = testinfra.get_host(f"docker://{machine.name}")
    file = host.file("/var/lib/nodeyard/agent/first-password")
    assert (file.mode, file.user) == (0o600, "root")

    url = machine.manage("urls")["dashboard"]["url"]
    done = machine.run(f"{CODE}/.venv/bin/python {CODE}/tests/hosts/sign_in.py {url} {file.path} a-password-of-my-own")

    shown = dict(line.split() for line in done.output.splitlines())
    assert {"timescaledb", "tracker", "agent", "dashboard"} <= shown.keys()
    assert set(shown.values()) == {"healthy"}
    assert not host.file(file.path).exists


@pytest.mark.promise("No log contains the first password", runs="long", case="bookworm")
def test_the_password_is_in_no_log(machine: Machine) -> None:
    assert machine.run("grep -ri 'password [A-Za-z0-9_-]\\{12,\\}' /var/lib/nodeyard/log", expect=None).status == 1


@pytest.mark.promise(
    "A second run of the installer converges within 20 s and changes nothing",
    runs="long",
    case="bookworm",
)
def test_a_second_run_converges_in_seconds_and_changes_nothing(machine: Machine) -> None:
    before = machine.lines("docker ps -q --no-trunc")
    done = machine.run(f"{INSTALL} --yes")

    assert done.seconds <= SECOND_RUN_S
    assert machine.lines("docker ps -q --no-trunc") == before
    assert "manage user reset" in done.output


@pytest.mark.promise(
    "After a crash of the engine the stack becomes healthy again without help",
    runs="long",
    case="bookworm",
)
def test_after_a_crash_of_the_engine_the_stack_is_healthy_again(machine: Machine) -> None:
    """kill -9 leaves docker.pid behind, as a power cut does; the installer brings the engine up and nothing else."""
    machine.run(
        "kill -9 $(cat /var/run/docker.pid); while docker version >/dev/null 2>&1; do :; done;"
        "echo 1 > /var/run/docker.pid"
    )
    machine.run(f"{INSTALL} --tools")
    wait_healthy(machine)


@pytest.mark.promise(
    "`down --all` stops the containers of the installation and no others",
    runs="long",
    case="bookworm",
)
def test_down_all_stops_what_is_ours_and_nothing_else(machine: Machine) -> None:
    before = machine.lines("docker inspect --format '{{.Id}}{{.State.Status}}' stranger")
    machine.run("manage down --all")

    assert machine.lines("docker ps -aq --filter label=io.nodeyard.installation") == []
    assert machine.lines("docker inspect --format '{{.Id}}{{.State.Status}}' stranger") == before


@pytest.mark.promise("`--uninstall` keeps the data, and a new installation finds it", runs="long", case="bookworm")
def test_uninstall_keeps_the_data_and_a_new_install_finds_it(machine: Machine) -> None:
    volumes = machine.lines("docker volume ls -q --filter label=io.nodeyard.installation")
    machine.run(f"{INSTALL} --uninstall --yes")

    assert machine.lines("docker volume ls -q --filter label=io.nodeyard.installation") == volumes
    assert machine.run("command -v manage", expect=None).status != 0
    machine.run(f"{INSTALL} --yes")
    wait_healthy(machine)
    assert machine.lines("docker volume ls -q --filter label=io.nodeyard.installation") == volumes


@pytest.mark.promise(
    "`--uninstall --purge` removes everything that Nodeyard made and nothing else",
    runs="long",
    case="bookworm",
)
def test_purge_leaves_nothing_of_ours_and_everything_of_others(machine: Machine) -> None:
    machine.run("docker start stranger")
    before = strangers(machine)
    done = machine.run(f"{INSTALL} --uninstall --purge --yes")

    assert "Docker itself stays" in done.output
    assert strangers(machine) == before
    for what in ("ps -aq", "volume ls -q", "network ls -q"):
        assert machine.lines(f"docker {what} --filter label=io.nodeyard.installation") == [], what
    assert machine.lines("docker images -q --filter label=io.nodeyard.image") == []
    for path in (
        "/var/lib/nodeyard",
        "/usr/local/bin/manage",
        f"{CODE}/.venv",
        "/etc/nodeyard",
        "/usr/local/lib/docker/cli-plugins/docker-compose",
    ):
        assert machine.run(f"ls {path}", expect=None).status != 0, path
    assert machine.run("nft list table inet nodeyard", expect=None).status != 0
    assert machine.run("ls /tmp/nodeyard*", expect=None).status != 0
