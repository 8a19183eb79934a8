import pytest

from manage.engine.client import check_supported
from manage.errors import NodeyardError

DOCKER = {"ApiVersion": "1.41", "Components": [{"Name": "Engine"}, {"Name": "containerd"}]}
PLAIN = {"SecurityOptions": ["name=seccomp,profile=default"], "DockerRootDir": "/var/lib/docker"}


def test_dockers_own_engine_is_supported():
    check_supported(PLAIN, DOCKER)
    check_supported({**PLAIN, "SecurityOptions": ["name=apparmor", "name=cgroupns"]}, {**DOCKER, "ApiVersion": "1.52"})


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
def test_each_unsupported_engine_is_refused_in_one_sentence(info, version, sentence):
    with pytest.raises(NodeyardError, match=sentence) as refused:
        check_supported({**PLAIN, **info}, {**DOCKER, **version})
    assert refused.value.hint
