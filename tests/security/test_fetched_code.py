"""install.sh runs as root what `--source` fetches, so the person names it by content, and nothing else is unpacked."""

from __future__ import annotations

import functools
import hashlib
import http.server
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
FETCHED = '#!/bin/sh\necho "fetched code runs: $*"\n'
OTHER = "0" * 64


@dataclass(frozen=True)
class Host:
    """A host whose code folder is not /opt/nodeyard, and a server's folder on it."""

    folder: Path
    port: int

    @property
    def code(self) -> Path:
        return self.folder / "opt" / "nodeyard"

    @property
    def archive(self) -> Path:
        return self.folder / "served" / "nodeyard.tar.gz"

    @property
    def sum(self) -> str:
        return hashlib.sha256(self.archive.read_bytes()).hexdigest()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    def install(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """install.sh through a pipe, as root sees it."""
        (self.folder / "bin").mkdir(exist_ok=True)
        user = self.folder / "bin" / "id"
        user.write_text("#!/bin/sh\necho 0\n")
        user.chmod(0o755)
        return subprocess.run(
            ["bash", "-s", "--", *arguments],
            input=(CHECKOUT / "install.sh").read_text(),
            env={
                "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
                "HOME": str(self.folder),
                "NODEYARD_CODE_FOLDER": str(self.code),
            },
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )

    def is_untouched(self) -> bool:
        return not self.code.exists() and not list(self.code.parent.glob("*"))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """The code as a tar.gz and as a git repository, served on loopback."""
    served = tmp_path / "served"
    served.mkdir()
    (tmp_path / "opt").mkdir()
    code = tmp_path / "code"
    code.mkdir()
    (code / "install.sh").write_text(FETCHED)
    with tarfile.open(served / "nodeyard.tar.gz", "w:gz") as tar:
        tar.add(code, "nodeyard-1")
    handler = functools.partial(Quiet, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        yield Host(tmp_path, server.server_address[1])
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, text: str) -> str:
    """Commit install.sh with that text; the commit's id."""
    folder.mkdir(exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    (folder / "install.sh").write_text(text)
    git(folder, "add", "install.sh")
    git(folder, "commit", "--quiet", "-m", "a change")
    return git(folder, "rev-parse", "HEAD")


@pytest.mark.promise("The installer unpacks a fetched archive only if it has the sum of --sha256", runs="ci")
def test_an_archive_with_another_sum_is_not_unpacked(host: Host) -> None:
    for source in (host.url("nodeyard.tar.gz"), str(host.archive)):
        done = host.install("--source", source, "--sha256", OTHER)
        assert done.returncode == 1
        assert f"its sum is {host.sum}" in done.stdout
        assert "fetched code runs" not in done.stdout
        assert host.is_untouched()


def test_an_archive_with_the_sum_runs_with_the_other_options(host: Host) -> None:
    done = host.install("--source", host.url("nodeyard.tar.gz"), "--sha256", host.sum.upper(), "--tools")
    assert "fetched code runs: --tools\n" in done.stdout, done.stdout
    assert [path.name for path in host.code.parent.iterdir()] == ["nodeyard"]


@pytest.mark.promise("The installer takes exactly the commit of --commit from a git address", runs="ci")
def test_a_commit_is_taken_even_if_the_branch_moved_on(host: Host) -> None:
    wanted = commit(host.folder / "yard.git", FETCHED)
    commit(host.folder / "yard.git", "#!/bin/sh\necho moved on\n")
    done = host.install("--source", str(host.folder / "yard.git"), "--commit", wanted)
    assert "fetched code runs" in done.stdout, done.stdout


def test_a_server_that_gives_only_whole_histories_over_loopback_http_works_too(host: Host) -> None:
    wanted = commit(host.folder / "work", FETCHED)
    commit(host.folder / "work", "#!/bin/sh\necho moved on\n")
    git(host.folder, "clone", "--quiet", "--bare", str(host.folder / "work"), str(host.archive.parent / "yard.git"))
    git(host.archive.parent / "yard.git", "update-server-info")
    done = host.install("--source", host.url("yard.git"), "--commit", wanted)
    assert "fetched code runs" in done.stdout, done.stdout


def test_a_commit_that_the_address_lacks_changes_nothing(host: Host) -> None:
    commit(host.folder / "yard.git", FETCHED)
    done = host.install("--source", str(host.folder / "yard.git"), "--commit", "0" * 40)
    assert done.returncode == 1
    assert "could not be fetched" in done.stdout
    assert host.is_untouched()


@pytest.mark.promise("The installer refuses plain http, git and ftp addresses, except on loopback", runs="ci")
@pytest.mark.parametrize(
    "source",
    [
        "http://example.org/nodeyard.tar.gz",
        "http://127.0.0.1:80@example.org/nodeyard.tar.gz",
        "http://127.0.0.1.example.org/nodeyard.tar.gz",
        "http://localhost@example.org/nodeyard.git",
        "git://example.org/nodeyard.git",
        "ftp://example.org/nodeyard.tar.gz",
    ],
)
def test_an_address_without_encryption_is_refused(host: Host, source: str) -> None:
    pin = ("--commit", "0" * 40) if source.endswith(".git") else ("--sha256", OTHER)
    done = host.install("--source", source, *pin)
    assert done.returncode == 64
    assert "is not encrypted" in done.stdout
    assert host.is_untouched()


@pytest.mark.promise("The installer fetches nothing that is not named by a sum or a full commit", runs="ci")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--source", "https://example.org/x.tar.gz"), "needs --sha256"),
        (("--source", "https://example.org/x.tar.gz", "--sha256", "abc"), "64 hexadecimal digits"),
        (("--source", "https://example.org/x.git"), "needs --commit"),
        (("--source", "https://example.org/x.git", "--commit", "main"), "needs --commit"),
        (("--source", "https://example.org/x.git", "--commit", "0" * 12), "needs --commit"),
        (("--source", "https://example.org/x.git", "--sha256", OTHER), "needs --commit"),
        (("--source", "git@example.org:x.git"), "needs --commit"),
        (("--source", "https://example.org/x.tar.gz", "--sha256", OTHER, "--commit", "0" * 40), "only with a .git"),
        (("--source", "/", "--sha256", OTHER), "is a folder"),
        (("--sha256", OTHER), "work only with --source"),
    ],
)
def test_what_is_not_named_by_its_content_is_a_usage_error(
    host: Host, arguments: tuple[str, ...], sentence: str
) -> None:
    done = host.install(*arguments)
    assert done.returncode == 64
    assert sentence in done.stdout
    assert host.is_untouched()
