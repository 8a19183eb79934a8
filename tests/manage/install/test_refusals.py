"""Each kind of machine or Docker that cannot carry Nodeyard is refused in one sentence, before anything is made."""

from __future__ import annotations

import pytest

from tests.manage.install.installer import Installer


def refused(installer: Installer, sentence: str, **environment: str) -> None:
    """It says the sentence, what to do, where the log is, and made nothing."""
    done = installer.run("--tools", **environment)

    assert done.returncode == 1, done.stdout
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert sentence in errors[0]
    assert "The whole log: " in done.stdout
    assert not (installer.folder / ".venv").exists()
    assert not installer.dir.exists()


def test_a_user_who_is_not_root(installer: Installer) -> None:
    installer.stand_in("id", "#!/bin/sh\necho 1000\n")
    refused(installer, "The installer needs root.")


@pytest.mark.parametrize(("machine", "system"), [("riscv64", "Linux"), ("armv7l", "Linux")])
def test_a_processor_without_images(installer: Installer, machine: str, system: str) -> None:
    installer.stand_in("uname", f'#!/bin/sh\n[ "$1" = -m ] && echo {machine} || echo {system}\n')
    refused(installer, f"This machine is {machine}")


def test_another_operating_system(installer: Installer) -> None:
    installer.stand_in("uname", '#!/bin/sh\n[ "$1" = -m ] && echo x86_64 || echo Darwin\n')
    refused(installer, "the installer supports Debian and Ubuntu")


def test_too_little_disk(installer: Installer) -> None:
    installer.stand_in(
        "df", "#!/bin/sh\necho Filesystem 1024-blocks Used Available\necho /dev/x 9000000 8000000 1000000\n"
    )
    refused(installer, "has 1000 MB free")


def test_podmans_emulation_of_docker(installer: Installer) -> None:
    installer.stand_in("docker", "#!/bin/sh\necho podman version 5.4.0\n")
    refused(installer, "podman-docker")


def test_docker_from_snap(installer: Installer) -> None:
    (installer.commands / "docker").rename(installer.stand_in("snap/docker", ""))
    (installer.commands / "docker").symlink_to(installer.commands / "snap" / "docker")
    refused(installer, "snap")


def test_an_engine_of_another_machine(installer: Installer) -> None:
    refused(installer, "DOCKER_HOST is tcp://10.0.0.1:2375", DOCKER_HOST="tcp://10.0.0.1:2375")


def test_a_snaps_engine_behind_another_client(installer: Installer) -> None:
    installer.docker(root="/var/snap/docker/common/var-lib-docker")
    refused(installer, "This Docker engine is a snap")


def test_a_rootless_engine(installer: Installer) -> None:
    installer.docker(options="name=seccomp,profile=builtin name=rootless")
    refused(installer, "rootless")


def test_an_engine_that_remaps_users(installer: Installer) -> None:
    installer.docker(options="name=userns")
    refused(installer, "userns-remap")


@pytest.mark.parametrize("api", ["1.40", "1.9"])
def test_an_engine_that_is_too_old(installer: Installer, api: str) -> None:
    installer.docker(api=api)
    refused(installer, f"it speaks API {api}")
