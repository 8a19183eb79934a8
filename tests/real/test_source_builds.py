"""Chain nodes are compiled from their source packages where nothing prebuilt lies: some 25 minutes on two cores."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.journeys.installed import INSTALLATIONS, MANAGE


@pytest.mark.promise("bitcoind and kaspad build from their source packages", runs="real")
@pytest.mark.parametrize(
    ("profile", "program", "says"), [("bitcoin", "bitcoind", "Bitcoin Core"), ("core", "kaspad", "kaspad 2.1.0")]
)
def test_a_chain_node_is_built_from_its_source_package(profile: str, program: str, says: str, tmp_path: Path) -> None:
    directory = INSTALLATIONS / f"source-{program}"
    environment = os.environ | {"NODEYARD_IMAGE_CACHE": str(tmp_path / "empty")}

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [str(MANAGE), *arguments, "--dir", str(directory)]
        done = subprocess.run(
            argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done

    try:
        manage("init", "--yes", "--profile", profile, "--network", "private")
        for tag in tags(program):
            subprocess.run(["docker", "image", "rm", "-f", tag], check=True, capture_output=True)
        built = manage("images", "build")
        assert len(built.stderr.splitlines()) > 5, "a build of minutes reports what it is doing"
        image = next(
            entry for entry in json.loads(manage("images", "list", "--json").stdout) if entry["name"] == program
        )
        version = subprocess.run(
            ["docker", "run", "--rm", "--network", "none", "--entrypoint", program, image["reference"], "--version"],
            capture_output=True,
            text=True,
            check=False,  # kaspad ends with 1 after --version
        )
        assert says in version.stdout
    finally:
        manage("uninstall", "--purge", "--yes")


def tags(program: str) -> list[str]:
    """Tags of this program's image on the engine: with them gone it is built anew."""
    argv = ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", f"localhost/nodeyard/{program}"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
