"""The firewall table, from the seat of a neighbour: a host with a published port, made of network namespaces."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.apply import host_firewall
from manage.engine import bridges
from manage.events import Event
from manage.host import builds, firewall
from manage.host.firewall import Bridge
from tests.security.host import published
from tests.security.host.neighbour import NETWORK, Neighbour
from tests.security.host.published import BRIDGE, HOST, INSIDE, PORT, PUBLISHED, STRANGER, SUBNET, on_host


@pytest.fixture(scope="module")
def segment() -> Iterator[Neighbour]:
    with published.segment() as neighbour:
        yield neighbour


@pytest.fixture
def guarded(segment: Neighbour) -> Iterator[Neighbour]:
    on_host("nft", "-f", "-", stdin=firewall.text([Bridge(BRIDGE, (SUBNET,))]))
    yield segment
    on_host("nft", "delete", "table", *firewall.TABLE.split())


@pytest.mark.root
def test_without_the_table_a_neighbour_reaches_what_is_published_on_loopback(segment: Neighbour) -> None:
    assert segment.reaches("127.0.0.1", PUBLISHED)
    assert segment.reaches(INSIDE, PORT)


@pytest.mark.root
@pytest.mark.promise(
    "A neighbour on the network segment reaches neither a port that is published on loopback nor its container",
    runs="ci",
)
def test_with_it_a_neighbour_reaches_neither_port_nor_container(guarded: Neighbour) -> None:
    assert not guarded.reaches("127.0.0.1", PUBLISHED)
    assert not guarded.reaches(INSIDE, PORT)


@pytest.mark.root
def test_what_is_meant_for_others_stays_open(guarded: Neighbour) -> None:
    assert guarded.reaches(f"{NETWORK}.1", PUBLISHED + 1), "a port that is open to all on purpose"
    assert Neighbour(HOST).reaches("127.0.0.1", PUBLISHED), "the host itself"
    assert Neighbour(HOST).reaches(INSIDE, PORT)


@pytest.mark.root
def test_rules_about_a_network_that_is_gone_concern_nobody(segment: Neighbour) -> None:
    """Its subnet may belong to a network of somebody else by now."""
    on_host("nft", "-f", "-", stdin=firewall.text([Bridge("br-gone", (SUBNET,))]))
    assert segment.reaches(INSIDE, PORT)
    on_host("nft", "delete", "table", *firewall.TABLE.split())


@pytest.mark.root
@pytest.mark.promise("The firewall changes one table of its own and no other", runs="ci")
def test_no_other_table_changes_and_writing_again_changes_nothing(segment: Neighbour) -> None:
    before = on_host("nft", "list", "ruleset")
    assert STRANGER in before
    for subnet in ("192.0.2.0/24", SUBNET, SUBNET):
        on_host("nft", "-f", "-", stdin=firewall.text([Bridge(BRIDGE, (subnet,))]))
    listed = on_host("nft", "list", "table", *firewall.TABLE.split())
    assert "192.0.2.0" not in listed
    assert listed.count("drop") == 3
    on_host("nft", "delete", "table", *firewall.TABLE.split())
    assert on_host("nft", "list", "ruleset") == before


def test_the_text_is_the_same_for_the_same_networks_and_names_no_other_table() -> None:
    one, two = Bridge("br-1", ("172.18.0.0/16", "fd00::/64")), Bridge("br-2", ("10.1.0.0/24",))
    assert firewall.text([one, two]) == firewall.text([two, one])
    assert "flush" not in firewall.text([one, two])
    assert {line.split("table ")[1].rstrip(" {") for line in firewall.text([one]).splitlines() if "table" in line} == {
        "inet nodeyard"
    }
    assert 'ip6 daddr fd00::/64 fib daddr oifname "br-1" drop' in firewall.text([one])


class Engine:
    """An engine of some version with one network of ours."""

    def __init__(self, version: str) -> None:
        self._version = version

    def version(self, *, api_version: bool = True) -> dict[str, str]:
        return {"Version": self._version}

    def networks(self, *, filters: dict[str, str]) -> list[dict[str, object]]:
        assert filters == {"label": "io.nodeyard.installation"}
        network: dict[str, object] = {
            "Id": "0123456789abcdef",
            "Driver": "bridge",
            "IPAM": {"Config": [{"Subnet": "172.18.0.0/16"}]},
        }
        return [network, {**network, "Options": {bridges.NAME: "mine"}}, {**network, "Driver": "overlay"}]


def test_the_bridges_are_those_with_our_label() -> None:
    assert [bridge.name for bridge in bridges.labelled(Engine("20.10.24"))] == ["br-0123456789ab", "mine"]


@pytest.mark.promise("Two changes at once never replace a newer firewall table with an older one", runs="ci")
def test_nobody_else_writes_the_table_between_the_reading_of_the_networks_and_its_writing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(firewall, "LOCK", tmp_path / "lock")
    seen = []

    def is_held() -> bool:
        with builds.lock_file(firewall.LOCK) as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    class Reading(Engine):
        def networks(self, *, filters: dict[str, str]) -> list[dict[str, object]]:
            seen.append(is_held())
            return super().networks(filters=filters)

    def run(_script: str) -> str:
        seen.append(is_held())
        return "no table"

    monkeypatch.setattr(firewall, "_run", run)
    host_firewall.write(Reading("20.10.24"))
    assert seen == [True, True]
    assert not is_held()


@pytest.mark.parametrize(("version", "warns"), [("20.10.24+dfsg1", True), ("27.5.1", True), ("28.0.0", False)])
def test_a_host_without_nft_gets_a_sentence_where_the_engine_does_not_guard_itself(
    version: str, warns: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    events: list[Event] = []
    monkeypatch.setattr(firewall, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(firewall, "_PATH", "/nowhere")
    host_firewall.refresh(Engine(version), events.append)
    assert bool(events) == warns
    assert all("because this host has no nft. Install nft" in event.text for event in events)


def test_what_nft_refuses_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nft = tmp_path / "nft"
    nft.write_text("#!/bin/sh\necho 'Error: Operation not permitted' >&2\nexit 1\n")
    nft.chmod(0o755)
    monkeypatch.setattr(firewall, "_PATH", str(tmp_path))
    problem = firewall.write([Bridge("br-1", ("172.18.0.0/16",))], tmp_path / "saved")
    assert problem == "The firewall rule is missing, because nft refused it: Error: Operation not permitted."
    assert not (tmp_path / "saved").exists()


def test_the_table_is_kept_for_the_next_boot_until_no_network_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nft, saved, said = tmp_path / "nft", tmp_path / "etc" / "firewall.nft", tmp_path / "said"
    nft.write_text(f"#!/bin/sh\ncat >> {said}\n")
    nft.chmod(0o755)
    monkeypatch.setattr(firewall, "_PATH", f"{tmp_path}:/usr/bin:/bin")
    wanted = [Bridge("br-1", ("172.18.0.0/16",))]
    assert firewall.write(wanted, saved) == ""
    assert saved.read_text() == firewall.text(wanted)
    said.unlink()
    before = saved.stat()
    assert firewall.write(wanted, saved) == ""
    assert said.read_text() == firewall.text(wanted), "somebody may have removed the table"
    assert saved.stat().st_ino == before.st_ino, "the same text is on the disk already"
    saved.write_text("add table inet nodeyard\n")
    assert firewall.write(wanted, saved) == ""
    assert saved.read_text() == firewall.text(wanted)
    said.unlink()
    assert firewall.restore(saved) == ""
    assert said.read_text() == firewall.text(wanted)
    assert firewall.write([], saved) == ""
    assert not saved.parent.exists()
    assert firewall.restore(saved) == ""
