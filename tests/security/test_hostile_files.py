"""Where a process of another uid can write, it can put anything: who reads there gets a sentence, and at once."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from manage import untrusted
from manage.access import keys, revocations
from manage.agent import stack_observer
from manage.agent.sampler import Sampler
from manage.apply import gate
from manage.catalog import document, load_catalog
from manage.config import load
from manage.errors import NodeyardError
from manage.health import snapshot as snapshots
from manage.health.watch import engine_report
from manage.installation import documents, identity
from manage.installation.layout import Layout
from tests.security.hostile_files import KINDS, put
from tests.stage.deadlines import within

IN_TIME_S = 5.0
MEMORY = 40 << 20


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(NodeyardError) as caught:
        within(IN_TIME_S, call)
    return caught.value.message


@pytest.mark.promise(
    "Whatever watch's uid puts in place of its snapshot, no reader hangs or runs out of memory", runs="ci"
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_snapshot_is_a_sentence(layout: Layout, kind: str) -> None:
    put(kind, layout.snapshot_file)
    tracemalloc.start()
    message = refused(lambda: snapshots.read(layout))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(layout.snapshot_file) in message or "snapshot.json" in message
    assert peak < MEMORY


@pytest.mark.parametrize("kind", KINDS)
def test_the_gate_of_a_change_fails_in_time(layout: Layout, kind: str) -> None:
    put(kind, layout.snapshot_file)
    started = time.time() - gate.GRACE_S - 1
    decision = within(IN_TIME_S, lambda: gate.wait(layout, "kaspad", started, 0.0))
    assert decision.answer == "fail"


@pytest.mark.parametrize("kind", KINDS)
def test_readers_of_the_agents_files_go_on_without_them(layout: Layout, kind: str) -> None:
    put(kind, layout.engine_file)
    put(kind, layout.session_public_file)
    put(kind, layout.revocations_file)
    assert within(IN_TIME_S, lambda: engine_report.read(layout.engine_file, time.time(), 10.0)).states == {}
    assert within(IN_TIME_S, lambda: Sampler(layout.engine_file, dict, lambda: None)._seq) == 0
    assert within(IN_TIME_S, lambda: keys.read_public(layout.session_public_file)) is None
    assert within(IN_TIME_S, lambda: revocations.read(layout.revocations_file)) == revocations.Revocations()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "link"])  # an operator may link their own files
def test_files_that_people_write_are_a_sentence(layout: Layout, kind: str) -> None:
    put(kind, layout.stack_file)
    put(kind, layout.services_dir / "mine" / "service.yml")
    assert str(layout.stack_file) in refused(lambda: load(layout.stack_file, load_catalog()))
    assert "service.yml" in refused(lambda: document.read(layout.services_dir / "mine" / "service.yml", "service.yml"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_agent_takes_nothing_hostile_for_the_lock(layout: Layout, kind: str) -> None:
    put(kind, layout.lock_file)
    try:
        assert within(IN_TIME_S, lambda: stack_observer.host_operation(layout)) is None
    except NodeyardError as error:
        assert str(layout.lock_file) in error.message


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "nested" not in kind])
def test_the_reason_is_named(layout: Layout, kind: str) -> None:
    put(kind, layout.installation_file)
    reasons = {
        "pipe": "it is a pipe, not a regular file",
        "link": "it is a symbolic link",
        "link to a device": "it is a symbolic link",
        "sparse": "it has 734003200 bytes; at most 4194304 are read",
        "folder": "it is a folder, not a regular file",
        "socket": "it is a socket or a pipe, not a regular file",
    }
    message = refused(lambda: identity.read(layout))
    assert message == f"{layout.installation_file} cannot be read: {reasons[kind]}."


def test_a_file_that_grows_while_it_is_read_is_bounded() -> None:
    with pytest.raises(untrusted.Refused, match="more than 100 bytes"):
        untrusted.content(Path("/proc/self/status"), most=100)  # its size is 0


def test_a_device_is_refused_even_where_links_are_permitted() -> None:
    with pytest.raises(untrusted.Refused, match="device"):
        untrusted.content(Path("/dev/zero"), links=True)


def test_a_link_is_followed_only_where_it_is_permitted(tmp_path: Path) -> None:
    put("link", tmp_path / "x.json")
    assert untrusted.content(tmp_path / "x.json", links=True) == b'{"version": 1}'
    with pytest.raises(NodeyardError, match="symbolic link"):
        documents.read(tmp_path / "x.json")
