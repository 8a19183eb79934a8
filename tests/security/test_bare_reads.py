"""What `manage` reads goes through `manage.untrusted` and `manage.bounded_yaml`; exceptions have a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from manage.installation.layout import CHECKOUT

READS = {"read_text", "read_bytes", "loads", "load", "safe_load", "compose", "open", "recv", "makefile"}
MODULES = {"json", "yaml", "os", "gzip", "io"}
METHODS = {"read_text", "read_bytes", "open", "recv", "makefile"}
"""Called on any value: a path or a connection."""

EXCEPTIONS: Mapping[str, str] = {
    "manage/untrusted.py": "it is the reader",
    "manage/bounded_yaml.py": "it is the parser",
    "manage/docs": "reads the checkout, for developers",
    "manage/catalog/drivers/read.py": "a declaration of the checkout",
    "manage/config/document.py": "after require_bounded",
    "manage/config/edit.py": "a text that manage.config.document has read",
    "manage/render/reference.py": "a text that we rendered",
    "manage/render/fragment.py": "a skeleton that we rendered",
    "manage/render/compiled.py": "code of the checkout",
    "manage/render/confined.py": "/proc/self/statm",
    "manage/web/assets.py": "assets of the checkout",
    "manage/images/recipe.py": "a regular file, hashed piece by piece",
    "manage/images/context.py": "regular files that root put into a build",
    "manage/images/digests.py": "its own O_NOFOLLOW and check of owners; they could change our code as well",
    "manage/images/log.py": "is written",
    "manage/images/programs.py": "a tar that our own build made",
    "manage/images/store.py": "a tar that the engine made",
    "manage/engine/volume_owner.py": "a tar that is written",
    "manage/engine/client.py": "one read of 4096 bytes with a timeout",
    "manage/access/audit_chain.py": "records of a log in a folder of root alone",
    "manage/access/sign_in.py": "opens a session",
    "manage/installation/lock.py": "its own O_NONBLOCK and O_NOFOLLOW; 4096 bytes are read",
    "manage/installation/lock_processes.py": "/proc",
    "manage/host/preflight.py": "/proc",
    "manage/host/chain_folder.py": "a folder for its descriptor, a marker with O_EXCL and O_NOFOLLOW, /proc",
    "manage/host/tree_owner.py": "a folder, for its descriptor",
    "manage/host/builds.py": "a lock file with O_NOFOLLOW",
    "manage/cli/output.py": "/dev/null",
    "manage/cli/user.py": "a file or pipe that the caller names, its beginning only",
    "manage/health/watch/loop.py": "opens the history",
    "manage/health/probes/bitcoind/driver.py": "opens a subscription",
}


def bare_reads(path: Path) -> Iterator[str]:
    """Calls that read or parse without bounds."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id == "open":
            yield f"line {node.lineno}: open"
        if isinstance(called, ast.Attribute) and called.attr in READS:
            owner = called.value.id if isinstance(called.value, ast.Name) else ""
            if owner in MODULES or called.attr in METHODS:
                yield f"line {node.lineno}: {owner}.{called.attr}"


def exception(path: str) -> str:
    return next((entry for entry in EXCEPTIONS if path == entry or path.startswith(f"{entry}/")), "")


@pytest.mark.promise(
    "No module of manage reads files, JSON or YAML without bounds, but for a list with reasons", runs="ci"
)
def test_no_module_reads_without_bounds() -> None:
    found, used = [], set()
    for path in sorted((CHECKOUT / "manage").rglob("*.py")):
        name = str(path.relative_to(CHECKOUT))
        for read in bare_reads(path):
            if excepted := exception(name):
                used.add(excepted)
            else:
                found.append(f"{name}: {read}")
    assert found == []
    assert set(EXCEPTIONS) - used == set(), "exceptions that no code needs any more"


@pytest.mark.parametrize(
    "line", ["json.loads(x)", "path.read_text()", "yaml.safe_load(x)", "open(path)", "os.open(p, 0)", "sock.recv(9)"]
)
def test_a_bare_read_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "bad.py").write_text(f"{line}\n")
    assert len(list(bare_reads(tmp_path / "bad.py"))) == 1
