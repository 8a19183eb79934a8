"""The desired state of one Compose project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from manage.immutable import dataclass
from manage.installation.identity import Installation

__all__ = ["Image", "Installation", "NetworkSpec", "OneWay", "SecretUse", "ServiceSpec", "Stack", "VolumeSpec"]


@dataclass(frozen=True)
class Image:
    """A locked image: its reference in Compose files, and the digest of its content."""

    name: str
    reference: str
    """`localhost/nodeyard/<name>:<recipe12>` (local) or the upstream reference by digest."""
    config_digest: str
    """`sha256:...` of the image config, the same on every engine (docker-facts 4)."""
    recipe: str = ""


@dataclass(frozen=True)
class SecretUse:
    """One consumer's copy of a secret. `service` is "host" if only commands on the host read it."""

    service: str
    uid: int
    name: str
    kind: str
    """password, token or rpcauth, as in the catalog, or certificate: a key with a certificate that it signed itself."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """For rpcauth: RPC user -> secret that holds the password."""
    names: tuple[str, ...] = ()
    """For certificate: the host names and addresses that it holds."""

    def owned_by(self, uid: int) -> SecretUse:
        """The same use with another owner."""
        return replace(self, uid=uid)


@dataclass(frozen=True)
class OneWay:
    """A setting whose change in one direction loses data."""

    value: Any
    when: str
    """"on": setting it loses data; "off": switching it off does."""
    sentence: str


@dataclass(frozen=True)
class ServiceSpec:
    """One service of a compose project."""

    name: str
    group: str
    compose: Mapping[str, Any]
    """The rendered Compose service, parsed, without the spec label."""
    files: Mapping[str, bytes]
    """Rendered configuration files by name, for `files/<service>-<sha12>/`."""
    files_dir: str
    image: Image
    secrets: Mapping[str, int]
    """Secret name -> generation."""
    spec_digest: str
    """sha256 hex over compose, files, secret generations and image config digest: label `io.nodeyard.spec`."""
    downtime_s: int
    startup_s: int
    rollback: str
    one_way: Mapping[str, OneWay] = field(default_factory=dict)
    """By setting. The plan compares them to find data at risk."""
    start_files: Mapping[str, bytes] = field(default_factory=dict)
    """Files that are completed before it starts: `subnet_token` stands for the addresses of a network."""
    live_networks: tuple[str, ...] = ()
    """Full names of networks to which it is connected while it runs; they are not in its Compose service."""
    live_file: bytes = b""
    """Content of `engine/watch.json`, which it reads again when it changes; b"" for a service that reads none."""

    @property
    def all_files(self) -> Mapping[str, bytes]:
        """Everything that is rendered for it: a change of any of them recreates it."""
        return {**self.files, **{f"start/{name}": content for name, content in self.start_files.items()}}


@dataclass(frozen=True)
class NetworkSpec:
    """A network that the CLI creates; both projects use it as external."""

    name: str
    """Full Docker name, with the project in it."""
    key: str
    """Its key in the Compose file."""
    internal: bool
    masquerade: bool


@dataclass(frozen=True)
class VolumeSpec:
    """One rendered volume."""

    name: str
    """Full Docker name, with project and network in it."""
    service: str
    holds: str
    uid: int
    """User id of its service, which owns it."""


@dataclass(frozen=True)
class Stack:
    """The desired state of one project. The same inputs give the same bytes."""

    project: str
    installation: str
    network: str
    services: tuple[ServiceSpec, ...]
    """In start order: data, chains, services."""
    volumes: tuple[VolumeSpec, ...]
    networks: tuple[NetworkSpec, ...]
    """The external networks that its services use."""
    compose_yaml: str
    revision: str
    """sha256 hex of compose_yaml; the file is `compose/<project>-<revision12>.yml`."""

    def service(self, name: str) -> ServiceSpec:
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)
