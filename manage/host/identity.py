"""Who an installation is: a value that every room may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Installation:
    """Who we are on this host: every container, volume, network and image of ours carries `id` as label."""

    id: str
    project: str
    """Compose project of the stack; the manager's is `<project>-manager`."""

    @property
    def manager_project(self) -> str:
        return f"{self.project}-manager"
