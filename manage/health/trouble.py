"""What is wrong with the machine under the services: a full disk, a clock that is off."""

from __future__ import annotations

from manage.health.model import VerdictName
from manage.immutable import dataclass


@dataclass(frozen=True)
class Trouble:
    """One judgement of the machine; `verdict` is healthy if nothing is wrong."""

    name: str
    """As in `manage why NAME`: "disk", "clock"."""
    verdict: VerdictName
    headline: str
    """Without its full stop, and without numbers that grow: "The disk of /var/lib/nodeyard is full"."""
    detail: str
    """Sentences: the numbers, and what to do."""
    blocks: bool = False
    """Nothing can be written any more."""

    @property
    def sentences(self) -> str:
        return f"{self.headline}. {self.detail}".rstrip()
