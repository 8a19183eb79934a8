"""One change, ready to be judged and made: both projects as they should be, and what they need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from manage.engine import facts, hashes
from manage.engine.client import Api, connect
from manage.engine.model import Facts
from manage.host.identity import Installation
from manage.host.layout import Layout
from manage.plan import planner
from manage.plan.model import Plan
from manage.render.model import SecretUse, ServiceSpec, Stack


@dataclass(frozen=True)
class Work:
    """What `up`, `down`, `restart` and `plan` work on. Made by `manage.apply.inputs.work`."""

    layout: Layout
    installation: Installation
    stack: Stack
    manager: Stack
    uses: tuple[SecretUse, ...]
    spec_document: Callable[[ServiceSpec], Mapping[str, Any]]
    disk_bytes: Mapping[str, int] = field(default_factory=dict)
    """Service -> what it stores at the start."""
    memory_bytes: Mapping[str, int] = field(default_factory=dict)
    """Service -> its memory limit."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """This engine's image id -> config digest."""

    @property
    def names(self) -> tuple[str, ...]:
        """All services in start order, the manager's last, as people are told of them."""
        return tuple(spec.name for spec in (*self.stack.services, *self.manager.services))

    @property
    def compose_texts(self) -> tuple[str, str]:
        return self.stack.compose_yaml, self.manager.compose_yaml

    @property
    def services(self) -> tuple[ServiceSpec, ...]:
        return (*self.manager.services, *self.stack.services)


@dataclass(frozen=True)
class Outlook:
    """The facts of one moment and what follows from them."""

    facts: Facts
    manager: Plan
    stack: Plan


def look(work: Work, api: Api | None = None) -> Outlook:
    """Read the facts once and plan both projects. Compose, if it is asked, works meanwhile on another processor.

    With `api`, the connection of a change, the images are looked up too; a plan is quicker without.
    """
    with hashes.of(work.layout, work.compose_texts) as config_hashes:
        if api is None:
            with connect() as fresh:
                found = _facts(fresh, work, config_hashes, ())
        else:
            found = _facts(api, work, config_hashes, [spec.image.reference for spec in work.services])
    return Outlook(found, planner.make(work.manager, found), planner.make(work.stack, found))


def _facts(api: Api, work: Work, config_hashes: Callable[[], Mapping[str, str]], references: Iterable[str]) -> Facts:
    return facts.read(
        api,
        work.installation,
        work.layout.specs_dir,
        references=references,
        digests=work.digests,
        config_hashes=config_hashes,
    )
