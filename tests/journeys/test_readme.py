"""What people copy from the README works: every `sh` block, run as they would run it."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.journeys.installed import CHECKOUT, MANAGE, Installed, until

BLOCKS = re.findall(r"^```sh\n(.*?)^```", (CHECKOUT / "README.md").read_text(encoding="utf-8"), flags=re.S | re.M)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_the_readme_works_as_it_stands(installed: Installed, block: str) -> None:
    text = block.replace("127.0.0.1:8601", f"127.0.0.1:{installed.port_base + 1}")
    environment = os.environ | {"NODEYARD_DIR": str(installed.dir), "PATH": f"{MANAGE.parent}:{os.environ['PATH']}"}
    argv = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(
        argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "error" not in done.stderr


def test_there_are_blocks_and_all_is_well_after_them(installed: Installed) -> None:
    assert len(BLOCKS) >= 3
    until(lambda: {verdict for verdict, _ in installed.verdicts().values()} == {"healthy"}, 60, "all healthy again")
