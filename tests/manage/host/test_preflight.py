from __future__ import annotations

from pathlib import Path

import pytest

from manage.host import disks, preflight
from manage.host.preflight import HostFacts

SMALL = HostFacts(memory_total_bytes=8_000_000_000, cpus=2)


def test_limits_may_exceed_the_memory_together_but_not_alone() -> None:
    assert preflight.memory(SMALL, {"kaspad": 7_000_000_000, "bitcoind": 7_000_000_000}).ok
    check = preflight.memory(SMALL, {"kaspad": 16_000_000_000, "proxy": 1})
    assert not check.ok
    assert "the limit of kaspad is 16 GB" in check.sentence


@pytest.mark.parametrize(
    ("container", "uid_map", "ok"),
    [
        ("", "0 0 4294967295", True),
        ("lxc", "0 0 4294967295", True),
        ("lxc", "0 100000 65536", False),
        ("", "0 100000 65536", True),
    ],
)
def test_only_an_unprivileged_lxc_is_refused(container: str, uid_map: str, ok: bool) -> None:
    facts = HostFacts(1, 1, uid_map=uid_map, container=container)
    assert preflight.not_unprivileged_lxc(facts).ok is ok


def test_the_disk_of_a_folder_that_is_not_there_yet_is_its_parents(tmp_path: Path) -> None:
    assert disks.disk_of(tmp_path / "not" / "yet").id == disks.disk_of(tmp_path).id
    assert disks.disk_of(tmp_path).free_bytes > 0


def test_the_facts_of_this_machine() -> None:
    facts = preflight.read()
    assert facts.memory_total_bytes > 100_000_000
    assert facts.uid_map == Path("/proc/self/uid_map").read_text().strip()
