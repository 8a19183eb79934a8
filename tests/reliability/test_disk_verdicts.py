"""What a disk means, and what the log of a service says of a disk that nobody else sees. Pure."""

from __future__ import annotations

import errno
import os
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any, cast

import pytest

from manage.cli import main
from manage.errors import NodeyardError
from manage.health import disks, machine, verdict
from manage.health.drivers import Driver, Target
from manage.health.model import EngineState, Judgement, Snapshot
from manage.health.summary import sentence, title
from manage.health.verdict import Record
from manage.installation.disk import Disk
from manage.web.pages.overview.view import overview

NOW = 1_795_300_000.0
TB = 10**12
GB = 10**9


@pytest.mark.parametrize(
    ("disk", "judged", "headline"),
    [
        (Disk("/x", 500 * GB, TB, 10**6, 10**7), "healthy", "The disk of /x has space"),
        (Disk("/x", 500 * GB, TB), "healthy", "The disk of /x has space"),
        (Disk("/x", 80 * GB, TB, 10**6, 10**7), "degraded", "The disk of /x has little space left"),
        (Disk("/x", 15 * GB, TB, 10**6, 10**7), "down", "The disk of /x is almost full"),
        (Disk("/x", 10**6, TB, 10**6, 10**7), "down", "The disk of /x is full"),
        (Disk("/x", 500 * GB, TB, 3, 10**7), "down", "The disk of /x has no room for more files"),
        (Disk("/x", 500 * GB, TB, 10**6, 10**7, read_only=True), "down", "The disk of /x is read-only"),
    ],
    ids=["free", "no inodes counted", "low", "out", "full", "no inodes", "read-only"],
)
def test_a_disk_is_judged_by_bytes_inodes_and_whether_it_can_be_written(disk: Disk, judged: str, headline: str) -> None:
    found = disks.judge(disk)
    assert (found.verdict, found.headline) == (judged, headline)


def test_the_worst_disk_speaks_and_one_that_is_only_low_is_not_in_the_sentence() -> None:
    low, full = Disk("/x", 80 * GB, TB, 10**6, 10**7), Disk("/y", 0, 2 * TB, 10**6, 10**7)
    assert machine.troubles({"disks": disks.as_host([low])}) == ()
    found = machine.troubles({"disks": disks.as_host([low, full])})
    assert sentence([], found)[0].startswith("The disk of /y is full. ")
    assert title([], found) == "disk down"


def test_one_file_system_that_is_seen_twice_is_named_once() -> None:
    both = disks.as_host([Disk("/x", 0, TB, 1, 9), Disk(disks.DOCKER, 10, TB, 1, 9)])
    assert [entry["folder"] for entry in both] == ["/x"]


GOOD = asdict(Disk("/x", 1, 2))


@pytest.mark.parametrize(
    "entry", [7, None, {}, {"folder": "/x"}, {**GOOD, "free_bytes": "many"}, {**GOOD, "total_bytes": float("inf")}]
)
def test_what_is_not_a_disk_is_left_out(entry: Any) -> None:
    assert disks.of_host({"disks": [entry]}) == ()


class Well:
    def judge(self, *_: Any) -> Judgement:
        return Judgement("healthy", "all is well")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ERROR: Error: Disk space is too low!", True),
        ('FATAL: could not write "pg_wal/x": No space left on device', True),
        ("ERROR: Error: Unable to bind", False),
    ],
)
def test_a_service_that_fails_because_its_disk_is_full_says_so(line: str, said: bool) -> None:
    target = Target("bitcoind", "Bitcoin node", "chains", "bitcoind", "private", thresholds={"max_silence_s": 30.0})
    for state, shown in (("exited", said), ("running", False)):
        engine = EngineState(state, exit_code=1, log=((NOW - 12, line),))
        found = verdict.judge(target, cast(Driver, Well()), Record(answered_at=NOW - 1), engine, NOW)
        assert found.reason.endswith("; its log says that a disk is full (12 s ago)") is shown


@pytest.mark.parametrize("known", [True, False], ids=["an old snapshot", "none"])
def test_a_page_without_new_values_names_the_disk(known: bool) -> None:
    """watch has not started: its socket could not be made."""
    full = disks.judge(Disk("/x", 0, TB))
    old = Snapshot(1, 1, NOW - 60, "home", "sandbox", "All is well.", "", ())
    seen = old if known else NodeyardError("There is no snapshot.", "Start the stack.")
    view = overview(seen, {}, now=NOW, role="admin", agent_answers=False, disk=full)
    assert view.headline.startswith("The disk of /x is full. ")
    assert view.verdict == "down"
    assert not overview(seen, {}, now=NOW, role="admin", agent_answers=False).headline.startswith("The disk")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_command_that_cannot_write_says_so(
    number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: Any) -> None:
        raise OSError(number, os.strerror(number), "/x/receipts/1.json")

    monkeypatch.setattr(main, "cli", SimpleNamespace(main=refused))
    with pytest.raises(SystemExit):
        main.main([])
    assert f"Nothing can be written: {os.strerror(number)} (/x/receipts/1.json)." in capsys.readouterr().err
