"""A machine of a company: the only way out is a proxy on its loopback that reads along, and the engine has a pool of
addresses outside RFC 1918. Nothing says `no_proxy`. lynis judges the machine before and after."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.hosts.machine import CODE, Machine, bare
from tests.hosts.test_bare_machine import INSTALL, wait_healthy

PORT = 3128
PROXY = f"http://127.0.0.1:{PORT}"
COMPANY = "/srv/company"
POOL = ipaddress.IPv4Network("198.18.0.0/15")
"""Of RFC 2544: no private range."""
CLOSED = """
table inet company {
  chain output { type filter hook output priority 0; oifname "eth0" meta skuid != proxy drop; }
  chain forward { type filter hook forward priority -10; oifname "eth0" drop; }
}
"""
AUTHORITY = f"""
mkdir -p {COMPANY} && cd {COMPANY} && chown proxy .
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Company" -keyout company.key -out company.crt 2>/dev/null
openssl genrsa -out proxy.key 2048 && chown proxy *.key
cp company.crt /usr/local/share/ca-certificates/zz-company.crt && update-ca-certificates
"""
UNPRIVILEGED = "setpriv --reuid proxy --regid proxy --clear-groups"


class Findings(NamedTuple):
    """What lynis reports: ids of its tests."""

    warnings: set[str]
    suggestions: set[str]


def lynis(machine: Machine) -> Findings:
    machine.run("lynis audit system --quick --quiet --no-colors", expect=None)
    lines = machine.run("cat /var/log/lynis-report.dat").output.splitlines()
    found = {kind: {line for line in lines if line.startswith(f"{kind}[]=")} for kind in ("warning", "suggestion")}
    ids = {kind: {line.partition("=")[2].partition("|")[0] for line in rows} for kind, rows in found.items()}
    return Findings(ids["warning"], ids["suggestion"])


@pytest.fixture(scope="module")
def company(pytestconfig: pytest.Config) -> Iterator[Machine]:
    """The machine, closed except for its proxy."""
    if pytestconfig.getoption("--suite") != "bookworm":
        pytest.skip("one distribution is enough")
    with bare(pytestconfig.getoption("--suite"), keep=pytestconfig.getoption("--keep")) as machine:
        machine.run("apt-get update && apt-get install -y --no-install-recommends python3 openssl nftables lynis")
        pool = {"default-address-pools": [{"base": str(POOL), "size": 24}]}
        machine.run(f"mkdir -p /etc/docker && echo '{json.dumps(pool)}' > /etc/docker/daemon.json")
        machine.run(f"set -e\n{AUTHORITY}")
        machine.run(f"cp {CODE}/tests/hosts/company_proxy.py {COMPANY}")
        serve = f"setsid {UNPRIVILEGED} python3 company_proxy.py {PORT} {COMPANY}"
        machine.run(f"cd {COMPANY} && {serve} >log 2>&1 </dev/null & sleep 0")
        connect = f"import socket; socket.create_connection(('127.0.0.1', {PORT}))"
        machine.run(f'until python3 -c "{connect}" 2>/dev/null; do :; done', timeout=60)
        machine.run(f"nft -f - <<'END'\n{CLOSED}\nEND")
        yield machine


@pytest.fixture(scope="module")
def before(company: Machine) -> Findings:
    return lynis(company)


@pytest.fixture(scope="module")
def installed(company: Machine, before: Findings) -> Machine:
    """With a running stack."""
    company.run(f"{INSTALL} --yes", http_proxy=PROXY, https_proxy=PROXY)
    wait_healthy(company)
    return company


@pytest.mark.promise(
    "Behind a proxy that intercepts TLS with a company's authority, and without another way out, one command makes a "
    "running stack",
    runs="long",
    case="bookworm",
)
def test_one_command_makes_a_running_stack_behind_a_proxy(installed: Machine) -> None:
    assert installed.run("apt-get update 2>&1 | grep -c ^Err", expect=None).output.strip() != "0", (
        "there is no other way"
    )
    assert installed.lines(f"cat {COMPANY}/intercepted"), "TLS was intercepted"


def test_what_looks_at_the_stack_does_not_ask_the_proxy(installed: Machine) -> None:
    status = json.loads(installed.run("manage status --json 2>/dev/null", http_proxy=PROXY, https_proxy=PROXY).output)
    assert {service["verdict"] for service in status["services"]} == {"healthy"}
    assert installed.run("manage plan", expect=None, http_proxy=PROXY, https_proxy=PROXY).status == 0


def test_no_container_and_no_image_knows_the_proxy(installed: Machine) -> None:
    ids = " ".join(installed.lines("docker ps -aq; docker images -q --filter label=io.nodeyard.image"))
    assert str(PORT) not in installed.run(f"docker inspect --format '{{{{json .Config}}}}' {ids}").output


@pytest.mark.promise(
    "A stack runs on an engine whose address pool lies outside of RFC 1918", runs="long", case="bookworm"
)
def test_the_networks_lie_in_the_engines_pool(installed: Machine) -> None:
    ids = " ".join(installed.lines("docker network ls -q --filter label=io.nodeyard.installation"))
    shown = json.loads(installed.run(f"docker network inspect {ids}").output)
    subnets = [ipaddress.IPv4Network(config["Subnet"]) for network in shown for config in network["IPAM"]["Config"]]
    assert len(subnets) > 5
    assert all(subnet.subnet_of(POOL) for subnet in subnets)
    assert "198.18." in installed.run("nft list table inet nodeyard").output


@pytest.mark.promise(
    "lynis has no warning after the installation that it had not before (2026-11-29: 2 as before, 1 more suggestion)",
    runs="long",
    case="bookworm",
)
def test_lynis_has_no_new_warning(installed: Machine, before: Findings) -> None:
    after = lynis(installed)
    print(f"lynis before: {before}\nafter: {after}\nnew suggestions: {after.suggestions - before.suggestions}")
    assert after.warnings - before.warnings == set()
