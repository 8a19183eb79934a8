from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from manage.engine.client import require_supported
from manage.errors import NodeyardError
from manage.installation.layout import CHECKOUT

DOCKER = {"ApiVersion": "1.41", "Components": [{"Name": "Engine"}, {"Name": "containerd"}]}
PLAIN = {"SecurityOptions": ["name=seccomp,profile=default"], "DockerRootDir": "/var/lib/docker"}


def test_dockers_own_engine_is_supported() -> None:
    require_supported(PLAIN, DOCKER)
    require_supported(
        {**PLAIN, "SecurityOptions": ["name=apparmor", "name=cgroupns"]}, {**DOCKER, "ApiVersion": "1.52"}
    )


@pytest.mark.promise("Each unsupported engine is refused in one sentence", runs="ci")
@pytest.mark.parametrize(
    ("info", "version", "sentence"),
    [
        ({"SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]}, {}, "is rootless"),
        ({"SecurityOptions": ["name=userns"]}, {}, "remaps users"),
        ({"DockerRootDir": "/var/snap/docker/common/var-lib-docker"}, {}, "is a snap"),
        ({}, {"Components": [{"Name": "Podman Engine"}]}, "This is Podman"),
        ({}, {"ApiVersion": "1.40"}, "speaks API 1.40, Nodeyard needs 1.41"),
        ({}, {"ApiVersion": "1.9"}, "speaks API 1.9, Nodeyard needs 1.41"),
    ],
)
def test_each_unsupported_engine_is_refused_in_one_sentence(
    info: dict[str, Any], version: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(NodeyardError, match=sentence) as refused:
        require_supported({**PLAIN, **info}, {**DOCKER, **version})
    assert refused.value.hint


AS_NOBODY = """
import os
from manage.engine.client import connect
from manage.errors import NodeyardError
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    with connect():
        pass
except NodeyardError as error:
    print(error.message, error.hint)
"""


def test_a_socket_that_this_user_may_not_open_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        engine.listen()
        path.chmod(0o660 if os.geteuid() == 0 else 0)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY],
            cwd=CHECKOUT,
            env={**os.environ, "DOCKER_HOST": f"unix://{path}"},
            capture_output=True,
            text=True,
            check=True,
        )
    said = f"You do not have permission to open Docker's socket {path}."
    assert done.stdout == f"{said} Run the command with sudo, or add yourself to the group docker.\n"
