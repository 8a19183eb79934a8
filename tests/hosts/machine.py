"""A bare machine: a clean root of a distribution as a container with an engine of its own (docker-in-docker without
`--privileged`, which machines without CAP_SYS_RESOURCE refuse)."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
SUITES = ("bookworm", "trixie", "noble", "jammy")
UBUNTU = ("noble", "jammy")
LABEL = "io.nodeyard.test=hosts"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CODE = "/root/nodeyard"

# What an engine inside a container needs; CAP_SYS_RESOURCE is not among them.
CAPABILITIES = (
    *("SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "MKNOD", "SYS_CHROOT", "SETFCAP"),
    *("LINUX_IMMUTABLE", "AUDIT_WRITE", "DAC_READ_SEARCH", "SYS_MODULE", "SYS_RAWIO"),
)
COMPANY = Path("/usr/local/share/ca-certificates")

NO_NEW_HIERARCHIES = """
[ "$(stat -fc %T /sys/fs/cgroup)" = tmpfs ] || exit 0
for name in $(awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups); do
  mountpoint -q /sys/fs/cgroup/$name && continue
  mkdir -p /sys/fs/cgroup/$name && mount -t tmpfs none /sys/fs/cgroup/$name
done
"""
"""Under cgroup v1 a distribution's engine mounts every controller; one that this host does not mount would become a new
hierarchy of the kernel, and this host's own engine then finds no figures for its containers any more."""


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    command: str
    status: int
    output: str
    """Standard output and error, as they came."""
    seconds: float


@dataclass(frozen=True)
class Machine:
    """A running bare machine."""

    name: str
    suite: str

    def run(self, command: str, *, expect: int | None = 0, timeout: float = 900, **environment: str) -> Done:
        """A shell command as root in a fresh login's environment; fails with its output when it ends otherwise."""
        settings = [f"{key}={value}" for key, value in {"PATH": PATH, "HOME": "/root", **environment}.items()]
        argv = ["docker", "exec", self.name, "env", "-i", *settings, "sh", "-c", command]
        started = time.monotonic()
        ended = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        done = Done(command, ended.returncode, ended.stdout, time.monotonic() - started)
        print(f"{self.suite}$ {command}   [{done.seconds:.1f} s, status {done.status}]\n{done.output}")
        if expect is not None and done.status != expect:
            raise AssertionError(f"{command} ended with {done.status} on {self.suite}:\n{done.output}")
        return done

    def lines(self, command: str) -> list[str]:
        return self.run(command).output.split()

    def manage(self, arguments: str) -> Any:
        """The JSON that `manage ARGUMENTS --json` prints."""
        return json.loads(self.run(f"manage {arguments} --json 2>/dev/null").output)

    def verdicts(self) -> dict[str, str]:
        return {service["name"]: service["verdict"] for service in self.manage("status")["services"]}

    def put(self, archive: Path, folder: str) -> None:
        """Unpack a tar in the machine."""
        self.run(f"mkdir -p {shlex.quote(folder)}")
        with archive.open("rb") as stream:
            subprocess.run(
                ["docker", "exec", "-i", self.name, "tar", "-C", folder, "--no-same-owner", "-xf", "-"],
                stdin=stream,
                check=True,
            )


@contextmanager
def bare(suite: str, *, keep: bool = False) -> Iterator[Machine]:
    """A machine of that suite with the code in `CODE`, no engine and empty caches."""
    image = _root_image(suite)
    name = f"nodeyard-test-{suite}-{time.time_ns() % 10**9}"
    argv = [
        "docker",
        "run",
        "-d",
        "--init",
        "--name",
        name,
        "--hostname",
        "fresh",
        "--label",
        LABEL,
        "--cgroupns",
        "host",
    ]
    argv += ["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"]
    argv += ["--device-cgroup-rule", "a *:* rwm", *(f"--cap-add={capability}" for capability in CAPABILITIES)]
    argv += ["-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "-v", "/var/lib/docker", "-v", "/var/lib/containerd"]
    subprocess.run([*argv, image, "sleep", "infinity"], check=True, capture_output=True)
    try:
        machine = Machine(name, suite)
        machine.run("mount -o remount,rw /proc/sys")
        machine.run(NO_NEW_HIERARCHIES)
        with tempfile.TemporaryDirectory() as folder:
            machine.put(code(Path(folder)), CODE)
        yield machine
    finally:
        if keep:
            print(f"The machine stays: docker exec -it {name} bash; later: docker rm -fv {name}")
        else:
            subprocess.run(["docker", "rm", "-fv", name], check=True, capture_output=True)


def code(folder: Path) -> Path:
    """What git would commit of this checkout as it lies here, as a tar."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
    )
    names = [name for name in listed.stdout.split(b"\0") if name and (CHECKOUT / name.decode()).exists()]
    archive = folder / "code.tar"
    subprocess.run(
        ["tar", "--null", "--no-recursion", "-T", "-", "-cf", str(archive)],
        cwd=CHECKOUT,
        input=b"\0".join(names),
        check=True,
    )
    return archive


def _root_image(suite: str) -> str:
    """A minimal root of the suite with the certificates that a company's machine would have; made when missing."""
    image = f"localhost/nodeyard-test/host:{suite}"
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0:
        return image
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "root.tar"
        argv = ["mmdebstrap", "--variant=minbase", "--include=apt,ca-certificates"]
        for certificate in sorted(COMPANY.glob("*.crt")):
            argv.append(f"--customize-hook=copy-in {certificate} {COMPANY}")
        argv.append('--customize-hook=chroot "$1" update-ca-certificates')
        if suite in UBUNTU:
            # A Debian host has no keys of Ubuntu's archive; apt in the finished root checks with the root's own.
            argv += ["--components=main,universe", '--aptopt=Acquire::AllowInsecureRepositories "true"']
            argv += ['--aptopt=APT::Get::AllowUnauthenticated "true"']
            argv += ['--customize-hook=rm "$1/etc/apt/apt.conf.d/99mmdebstrap"']
        subprocess.run([*argv, suite, str(archive)], check=True, capture_output=True)
        subprocess.run(["docker", "import", "--change", f"LABEL {LABEL}", str(archive), image], check=True)
    return image
