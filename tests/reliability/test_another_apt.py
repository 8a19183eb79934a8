"""Another apt is at work while the installer runs: at the first boot of a cloud machine that is the rule."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.security.test_fetched_code import Host, host  # noqa: F401 - a fixture

CHECKOUT = Path(__file__).resolve().parents[2]
APT = """#!/bin/sh
echo "apt-get $*" >>"{folder}/calls"
[ "$(wc -l <"{folder}/calls")" -gt {busy} ] && exit 0
echo "E: Could not get lock {lock}. It is held by process 812 (apt-get)" >&2
echo "E: Unable to lock directory" >&2
exit 100
"""
INSTALL = """
set -euo pipefail
. "{checkout}/install/console.sh"; . "{checkout}/install/machine.sh"
LOG={folder}/log DIR={folder}/dir PURGE="" STEP=Docker APT_WAIT_S=${{1}}
: >"$LOG"
trap 'on_exit $?' EXIT
ensure_packages surely-not-installed
"""
LOCKS = ["/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock", "/var/lib/dpkg/lock-frontend"]


def stand_ins(folder: Path, apt: str) -> None:
    for name, text in (("apt-get", apt), ("sleep", "#!/bin/sh\n"), ("id", "#!/bin/sh\necho 0\n")):
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


def install(folder: Path, wait_s: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", INSTALL.format(checkout=CHECKOUT, folder=folder), "bash", str(wait_s)],
        env={"PATH": f"{folder}/bin:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.promise("The installer waits while another apt holds a lock, and names who holds it", runs="ci")
@pytest.mark.parametrize("lock", LOCKS)
def test_the_installer_waits_for_another_apt_and_names_it(tmp_path: Path, lock: str) -> None:
    stand_ins(tmp_path, APT.format(folder=tmp_path, busy=3, lock=lock))
    done = install(tmp_path, 60)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(f"waiting for another apt: Could not get lock {lock}. It is held by process 812") == 1
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [" update" in call for call in calls] == [True, True, True, True, False]


def test_a_lock_that_is_never_released_ends_in_a_sentence(tmp_path: Path) -> None:
    stand_ins(tmp_path, APT.format(folder=tmp_path, busy=10**6, lock=LOCKS[0]))
    done = install(tmp_path, 0)
    assert done.returncode == 1
    assert "error: The packages surely-not-installed could not be installed." in done.stdout


def test_another_failure_of_apt_is_not_waited_for(tmp_path: Path) -> None:
    stand_ins(
        tmp_path,
        f"#!/bin/sh\necho \"apt-get $*\" >>{tmp_path}/calls\necho 'E: Unable to locate package' >&2\nexit 100\n",
    )
    assert install(tmp_path, 600).returncode == 1
    assert len((tmp_path / "calls").read_text().splitlines()) == 2


def test_the_piped_installer_waits_before_it_has_curl(host: Host) -> None:  # noqa: F811
    """Its first act on a minimal machine is to install curl."""
    apt = APT.format(folder=host.folder, busy=2, lock=LOCKS[0])
    fetch = '#!/bin/sh\\nexec /usr/bin/curl "$@"\\n'
    apt = apt.replace(
        "&& exit 0", f"&& {{ printf '{fetch}' >{host.folder}/bin/curl; chmod +x {host.folder}/bin/curl; exit 0; }}"
    )
    stand_ins(host.folder, apt)
    path = host.folder / "minimal"
    path.mkdir()
    for name in (
        "bash",
        "sha256sum",
        "tar",
        "gzip",
        "find",
        "mv",
        "rm",
        "rmdir",
        "mkdir",
        "cat",
        "wc",
        "dirname",
        "sed",
        "sh",
        "chmod",
    ):
        (path / name).symlink_to(f"/usr/bin/{name}")
    done = subprocess.run(
        ["bash", "-s", "--", "--source", host.url("nodeyard.tar.gz"), "--sha256", host.sum],
        input=(CHECKOUT / "install.sh").read_text(),
        env={"PATH": f"{host.folder}/bin:{path}", "NODEYARD_CODE_FOLDER": str(host.code)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "fetched code runs" in done.stdout, done.stderr
    assert f"The code is in {host.code}." in done.stdout + done.stderr
    assert len((host.folder / "calls").read_text().splitlines()) == 4
