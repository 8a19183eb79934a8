"""Names and doors of a running stack: from a browser's, a neighbour's and a compromised container's seat."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from manage.host import firewall
from tests.journeys import neighbour
from tests.journeys.installed import CHECKOUT, Installed, until
from tests.stage.proxies import Answer, ask

STOLEN = "nodeyard_session_8600=a; forum_session=b; other=c"


def own_name(installed: Installed) -> str:
    return f"nodeyard-{installed.id}.localhost"


@pytest.fixture(scope="module")
def with_forum(installed: Installed) -> Iterator[Installed]:
    """The sandbox with a service that signs people in."""
    folder = installed.dir / "services/forum"
    shutil.copytree(CHECKOUT / "tests/data/own-services/forum", folder)
    try:
        assert "forum is complete" in installed.run("services", "check", "forum").stdout
        installed.run("up", "--yes")
        yield installed
    finally:
        shutil.rmtree(folder)
        installed.run("up", "--yes")


def at_proxy(installed: Installed, path: str, host: str, cookie: str = "") -> Answer:
    return ask(installed.port_base + 1, path, host, headers={"Cookie": cookie} if cookie else {})


def network(installed: Installed, service: str) -> tuple[str, str]:
    """(address, network as 172.18.0.0/16) of the container on the network of its published port."""
    done = subprocess.run(
        ["docker", "inspect", installed.container(service)], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)[0]["NetworkSettings"]["Networks"]
    entry = next(entry for name, entry in found.items() if name.endswith("-door"))
    gateway, bits = entry["Gateway"].split("."), entry["IPPrefixLen"]
    return entry["IPAddress"], f"{'.'.join(gateway[: bits // 8])}{'.0' * (4 - bits // 8)}/{bits // 8 * 8}"


def engine_version() -> int:
    argv = ["docker", "version", "--format", "{{.Server.Version}}"]
    return int(subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split(".")[0])


@pytest.mark.promise("An operator's service that signs people in gets its cookie at its own address only", runs="ci")
def test_a_service_that_signs_people_in_has_an_address_of_its_own(with_forum: Installed) -> None:
    url = with_forum.json("urls")["forum"]["url"]
    host = f"forum.{own_name(with_forum)}:{with_forum.port_base + 1}"
    assert url == f"http://{host}/forum/"
    until(lambda: at_proxy(with_forum, "/forum/", host).status == 200, 20, "the forum behind the proxy")
    signed_in = at_proxy(with_forum, "/forum/login", host, STOLEN)
    assert signed_in.headers["Set-Cookie"].startswith("forum_session=mine")
    assert signed_in.json()["cookie"] == "forum_session=b"
    shared = at_proxy(with_forum, "/forum/login", "127.0.0.1", STOLEN)
    assert (shared.headers["Set-Cookie"], shared.json().get("cookie")) == (None, None)
    assert at_proxy(with_forum, "/oracle/", host).status == 404


def test_the_dashboard_is_at_its_own_name_and_the_old_address_says_so(installed: Installed) -> None:
    url = installed.json("urls")["dashboard"]["url"]
    assert url == f"http://{own_name(installed)}:{installed.port_base}/"
    assert ask(installed.port_base, "/login", own_name(installed)).status == 200
    old = ask(installed.port_base, "/login", f"127.0.0.1:{installed.port_base}")
    assert (old.status, url in old.text, old.headers["Location"]) == (421, True, None)


def test_watch_asks_through_the_door(installed: Installed) -> None:
    verdicts = installed.verdicts()
    assert (verdicts["dashboard"][0], verdicts["proxy"][0]) == ("healthy", "healthy")


@pytest.mark.promise("A neighbour on an older engine reaches neither dashboard nor proxy", runs="ci")
def test_a_neighbour_with_a_route_is_refused(installed: Installed) -> None:
    if not shutil.which("ip"):
        pytest.skip("ip is missing; install it with: apt-get install iproute2")
    for service, port, name, path in (
        ("dashboard", 8000, own_name(installed), "/login"),
        ("proxy", 8080, "127.0.0.1", "/oracle/api/v1/price"),
    ):
        address, subnet = network(installed, service)
        with neighbour.neighbour(subnet):
            assert neighbour.ask(address, port, name, path)[0] == 0, "the firewall drops the packet"
            with without_firewall():
                status, body = neighbour.ask(address, port, name, path)
                # Newer engines drop the packet, too; older ones let it through, so the service itself refuses.
                assert status == (403 if engine_version() < 28 else 0), body
                if status:
                    assert "through its own port" in body
                    assert neighbour.ask(address, port, "evil.example", path)[0] in (403, 421)


@contextmanager
def without_firewall() -> Iterator[None]:
    """As on a host without nftables."""
    subprocess.run(["nft", "delete", "table", *firewall.TABLE.split()], check=True)
    try:
        yield
    finally:
        assert firewall.restore() == ""


@pytest.mark.promise("A compromised service on its network cannot use the dashboard", runs="ci")
def test_a_container_beside_the_dashboard_is_refused(installed: Installed) -> None:
    ask_script = (
        "import http.client, sys\n"
        "c = http.client.HTTPConnection(sys.argv[1], 8000, timeout=3)\n"
        "c.request('GET', '/login', headers={'Host': sys.argv[2]})\n"
        "print(c.getresponse().status)\n"
    )
    address, _ = network(installed, "dashboard")
    argv = ["docker", "exec", installed.container("oracle"), "python", "-c", ask_script, address, own_name(installed)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() in ("", "403"), done.stdout  # "": it is on no network of the dashboard
    assert done.stdout or "Error" in done.stderr
