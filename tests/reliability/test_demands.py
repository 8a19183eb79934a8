"""The host is judged by what the settings need: disk by pruning, memory by caches, time to stop by what is flushed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from manage import config as configuration
from manage.apply import refusals
from manage.apply.desired_state import DesiredState
from manage.catalog import Catalog, demands, load_catalog
from manage.catalog.model import NETWORKS
from manage.config.problems import InvalidConfig
from manage.engine.model import Facts
from manage.errors import NodeyardError
from manage.events import silent
from manage.host import disks, preflight
from manage.host.disks import Disk, Need
from manage.plan.model import Operation
from tests.manage.plan.conftest import stack_of
from tests.reliability.test_chain_folder import FOLDER, layout, state

__all__ = ["layout"]
GIB = 1 << 30
NODE = "version: 1\nprofiles: [bitcoin]\nnetwork: mainnet\nimages: {source: upstream}\n"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def settings_of(catalog: Catalog, name: str, network: Any, **changed: Any) -> dict[str, Any]:
    return {setting.key: setting.default for setting in catalog.service(name, network).settings} | changed


@pytest.mark.promise("A pruned bitcoind needs its prune target and the chain state, not the whole chain", runs="ci")
@pytest.mark.parametrize(
    ("name", "changed", "least", "most"),
    [
        ("bitcoind", {}, 870, 1000),  # 856 GiB of blocks and 14 GiB of chain state (chainparams.cpp at v31.99)
        ("bitcoind", {"prune": 550}, 15, 20),
        ("bitcoind", {"prune": 102400}, 114, 120),
        ("bitcoind", {"txindex": True}, 927, 1050),
        ("kaspad", {}, 500, 700),
        ("kaspad", {"archival": True}, 2000, 2100),
    ],
)
def test_the_disk_follows_the_settings(catalog: Catalog, name: str, changed: Any, least: int, most: int) -> None:
    needed = demands.disk_bytes(catalog.service(name, "mainnet"), settings_of(catalog, name, "mainnet", **changed))
    assert least * GIB <= needed <= most * GIB


@pytest.mark.promise(
    "Caches that exceed the memory limit are a problem of stack.yml with the memory that is needed", runs="ci"
)
@pytest.mark.parametrize(
    ("profile", "text", "key"),
    [
        ("bitcoin", "bitcoind: {dbcache: 4000}", "bitcoind.dbcache"),
        ("bitcoin", "bitcoind: {max_mempool: 4000}", "bitcoind.max_mempool"),
        ("bitcoin", "bitcoind: {memory: 1g}", "bitcoind.memory"),
        ("core", "kaspad: {ram_scale: 2}", "kaspad.ram_scale"),
        ("oracle", "timescaledb: {shared_buffers: 2g}", "timescaledb.shared_buffers"),
        ("oracle", "timescaledb: {max_connections: 1000}", "timescaledb.max_connections"),
    ],
)
def test_caches_are_checked_against_the_memory_limit(catalog: Catalog, profile: str, text: str, key: str) -> None:
    document = f"{NODE.replace('bitcoin]', profile + ']')}services: {{{text}}}\n"
    with pytest.raises(InvalidConfig) as caught:
        configuration.parse(document, "stack.yml", catalog)
    problem = caught.value.problems[0]
    assert (problem.path, problem.line) == (f"services.{key}", 5)
    assert "and its memory limit is" in problem.message
    name = key.partition(".")[0]
    needed = problem.hint.split(" to ")[1].split(" or more")[0]
    mended = text.replace("memory: 1g", "").replace("}", f", memory: {needed}}}").replace("{, ", "{")
    configuration.parse(document.replace(text, mended), "stack.yml", catalog)
    assert name in problem.message


@pytest.mark.parametrize("network", NETWORKS)
def test_the_defaults_fit_their_own_limits_on_every_network(catalog: Catalog, network: Any) -> None:
    for profile in catalog.profiles.values():
        if network in profile.networks:
            source = "upstream" if network in ("mainnet", "testnet") else "local"
            text = f"version: 1\nprofiles: [{profile.name}]\nnetwork: {network}\nimages: {{source: {source}}}\n"
            configuration.parse(text, "stack.yml", catalog)


@pytest.mark.promise("The time to stop grows with what must be flushed", runs="ci")
def test_the_stop_grace_follows_the_caches(catalog: Catalog) -> None:
    def grace(text: str, name: str) -> str:
        return str(stack_of(text).service(name).compose["stop_grace_period"])

    pinned = "profiles: [oracle]\nnetwork: mainnet\nimages: {source: upstream}\nservices: "
    assert grace(f"{pinned}{{bitcoind: {{dbcache: 450}}}}", "bitcoind") == "167s"
    assert grace(f"{pinned}{{bitcoind: {{dbcache: 9054, memory: 16g}}}}", "bitcoind") == "1069s"  # 792 s were measured
    assert grace(f"{pinned}{{timescaledb: {{shared_buffers: 1g}}}}", "timescaledb") == "167s"
    assert grace("profiles: [sandbox]\nnetwork: sandbox\n", "bitcoind") == "120s"  # a simulator has nothing to flush


def test_each_disk_is_judged_on_its_own() -> None:
    ssd, root = Path("/mnt/ssd/kaspad"), Path("/var/lib/docker")
    needs = [Need("kaspad", ssd, 640 * GIB), Need("timescaledb", root, GIB), Need("proxy", root, GIB)]
    found = list(disks.checks(needs, lambda folder: Disk(2, 700 * GIB) if folder == ssd else Disk(1, GIB)))
    assert [check.ok for check in found] == [True, False]
    assert "1.07 GB free, 2.65 GB needed, 1.07 GB of it for timescaledb in /var/lib/docker" in found[1].sentence
    same = list(disks.checks(needs, lambda folder: Disk(1, 700 * GIB)))
    assert [check.ok for check in same] == [True]


class Engine:
    def info(self) -> dict[str, str]:
        return {"DockerRootDir": "/"}


def fits(wanted: DesiredState) -> None:
    operations = [Operation("create", "bitcoind", (), 0, "kept", "safe")]
    refusals.require_fit_host(Engine(), wanted, Facts((), {}, {}), operations, host=True, progress=silent)


def test_a_chain_that_is_there_needs_no_room(layout: Any, tmp_path: Path) -> None:
    folder = replace(FOLDER, path=tmp_path / "chain")
    wanted = replace(state(layout, folder), disk_bytes={"bitcoind": 10**15})
    with pytest.raises(NodeyardError, match=f"for bitcoind in {folder.path}"):
        fits(wanted)
    (folder.path / "blocks").mkdir(parents=True)
    fits(wanted)


def test_more_processors_than_the_machine_has_are_refused_before_the_engine_does() -> None:
    small = preflight.HostFacts(memory_total_bytes=1, cpus=2)
    assert preflight.cpus(small, {"a": 2.0, "b": 0.0}).ok
    check = preflight.cpus(small, {"a": 2.5})
    assert "the limit of a is 2.5, and this machine has 2" in check.sentence
