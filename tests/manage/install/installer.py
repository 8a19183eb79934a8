"""install.sh in a copy of its own, with stand-ins first on PATH for what it would ask of the machine."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]

DOCKER = """#!/bin/sh
case "$*" in
  --version) echo "Docker version 28.0.0" ;;
  *Server.APIVersion*) echo "{api}" ;;
  version*) echo "28.0.0" ;;
  info*) echo "{root} {options}" ;;
esac
"""


@dataclass(frozen=True)
class Installer:
    """A copy of the installer, the folder of its stand-ins, and an installation folder that is not there yet."""

    folder: Path
    commands: Path
    dir: Path

    def stand_in(self, name: str, script: str) -> Path:
        """Put an executable first on PATH."""
        path = self.commands / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
        return path

    def docker(self, *, api: str = "1.51", root: str = "/var/lib/docker", options: str = "name=seccomp") -> None:
        """A docker client with an engine of that kind behind it."""
        self.stand_in("docker", DOCKER.format(api=api, root=root, options=options))
        self.stand_in("dockerd", "#!/bin/sh\necho Docker version 28.0.0\n")

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": f"{self.commands}:/usr/bin:/bin", "HOME": str(self.folder), "TMPDIR": str(self.folder), **more}

    def argv(self, *arguments: str) -> list[str]:
        return [str(self.folder / "install.sh"), "--dir", str(self.dir), *arguments]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """install.sh with its output and nothing to read."""
        return subprocess.run(
            self.argv(*arguments),
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
