"""The audit log shows each record that was changed, added or removed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from manage.access import audit_chain, audit_verify
from manage.access.audit import Audit
from manage.errors import NodeyardError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


def write(path: Path, count: int) -> None:
    audit = Audit(path)
    for number in range(count):
        audit.write(
            who="ada", address="192.0.2.7", verb="restart", args={"plan": str(number)}, result="ok", source="change"
        )


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def change(found: list[bytes]) -> list[bytes]:
    return [found[0], found[1].replace(b"192.0.2.7", b"192.0.2.8"), *found[2:]]


def remove(found: list[bytes]) -> list[bytes]:
    return [found[0], *found[2:]]


def remove_the_first(found: list[bytes]) -> list[bytes]:
    return found[1:]


def add(found: list[bytes]) -> list[bytes]:
    return [*found[:2], found[1], *found[2:]]


def swap(found: list[bytes]) -> list[bytes]:
    return [found[0], found[2], found[1], *found[3:]]


def add_without_number(found: list[bytes]) -> list[bytes]:
    return [*found[:2], b'{"at": 1, "who": "ada", "verb": "down"}', *found[2:]]


def blank(found: list[bytes]) -> list[bytes]:
    return [found[0], b"", *found[2:]]


FORGERIES = [change, remove, remove_the_first, add, swap, add_without_number, blank]


@pytest.mark.promise("`manage audit verify` finds each record that was changed, added or removed", runs="ci")
@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forgery_is_found(path: Path, forge: Callable[[list[bytes]], list[bytes]]) -> None:
    write(path, 5)
    assert audit_verify.verify(path).records == 5
    path.write_bytes(b"\n".join(forge(lines(path))) + b"\n")
    with pytest.raises(NodeyardError, match="does not follow from the line before it"):
        audit_verify.verify(path)


@pytest.mark.promise("With a hash that was noted, `manage audit verify` finds that the end was cut off", runs="ci")
@pytest.mark.parametrize("rest", [0, 3])
def test_a_log_that_was_cut_off_lacks_the_hash_that_was_noted(path: Path, rest: int) -> None:
    write(path, 5)
    noted = audit_verify.verify(path).hash
    write(path, 2)
    assert audit_verify.verify(path, noted).records == 7
    path.write_bytes(b"".join(line + b"\n" for line in lines(path)[:rest]))
    with pytest.raises(NodeyardError, match="No record of"):
        audit_verify.verify(path, noted)


@pytest.mark.promise("The audit log is rotated and takes at most 104 MiB", runs="ci")
def test_it_is_rotated_bounded_and_chained_across_files(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "MOST_BYTES", 1500)
    monkeypatch.setattr(audit_chain, "MOST_FILES", 3)
    write(path, 12)
    assert audit_verify.verify(path).first == 1, "no file was removed yet"
    write(path, 30)
    files = audit_chain.files(path)
    assert len(files) == 4 and all(file.stat().st_size < 2500 for file in files)
    found = audit_verify.verify(path)
    assert (found.last, found.records) == (42, 42 - found.first + 1)
    assert found.first > 1
    oldest, second = files[:2]
    second.write_bytes(second.read_bytes().replace(b"192.0.2.7", b"192.0.2.8", 1))
    with pytest.raises(NodeyardError, match=second.name):
        audit_verify.verify(path)
    oldest.unlink()
    with pytest.raises(NodeyardError, match="does not follow"):
        audit_verify.verify(path)


def test_a_log_of_before_the_chain_is_kept_and_continued(path: Path) -> None:
    old = b'{"at": 1.0, "who": "ada", "verb": "login", "result": "ok"}\n'
    path.write_bytes(old * 3)
    write(path, 2)
    assert path.read_bytes().startswith(old * 3)
    assert audit_verify.verify(path).unnumbered == 3
    path.write_bytes(path.read_bytes().replace(b'"ada", "verb": "login"', b'"eve", "verb": "login"'))
    with pytest.raises(NodeyardError, match="does not follow"):
        audit_verify.verify(path)


def test_a_line_that_a_power_cut_left_incomplete_breaks_nothing(path: Path) -> None:
    write(path, 3)
    path.write_bytes(path.read_bytes()[:-40])
    write(path, 2)
    found = audit_verify.verify(path)
    assert (found.records, found.unnumbered, found.last) == (4, 1, 4)


def test_processes_that_write_at_once_keep_one_chain(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from manage.access import audit_chain\n"
        "for number in range(40): audit_chain.append(Path(sys.argv[1]), {'by': sys.argv[2]})"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(path), str(n)]) for n in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert audit_verify.verify(path).records == 120


def test_a_full_disk_refuses_the_record_and_leaves_the_log_whole(path: Path) -> None:
    write(path, 3)
    child = os.fork()
    if child == 0:  # the limit would hold for every later test
        try:
            import signal

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100,) * 2)
            write(path, 1)
        except OSError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert audit_verify.verify(path).records == 3
    write(path, 1)
    assert audit_verify.verify(path).records == 4


def test_a_link_in_its_place_is_not_followed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        write(path, 1)


def test_long_arguments_make_a_short_record(path: Path) -> None:
    args = {f"key{n}": ["\u20ac" * 500] * 100 for n in range(10)}
    Audit(path).write(who="x" * 9999, address="y" * 9999, verb="up", args=args, result="refused", reason="z" * 9999)
    assert path.stat().st_size < 20_000
    assert json.loads(lines(path)[0])["number"] == 1
