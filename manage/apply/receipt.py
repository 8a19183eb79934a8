"""Receipts: what was changed, when, by whom, and how it ended; written before the first change.

The digests and specs in each receipt answer the question "what exactly ran at 14:02?".
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from manage.errors import EXIT_USAGE, NodeyardError
from manage.immutable import dataclass
from manage.installation import documents, lock
from manage.installation.layout import Layout

if TYPE_CHECKING:
    from manage.apply.desired_state import DesiredState
    from manage.engine.model import ContainerFacts

State = Literal["in_progress", "healthy", "done", "failed", "rolled_back", "interrupted"]
"""healthy = every service passed its gate; done = succeeded with nothing to gate (down)."""
Outcome = Literal["pending", "done", "failed"]

UNFINISHED: tuple[State, ...] = ("in_progress", "interrupted", "failed")


@dataclass(frozen=True)
class Step:
    """One operation of a change and its outcome."""

    kind: str
    service: str
    project: str
    outcome: Outcome = "pending"


@dataclass(frozen=True)
class Receipt:
    """One change as it is recorded: what was planned, and how it ended."""

    number: int
    """1, 2, 3, ...; 0 for a change that had nothing to do and left no receipt."""
    verb: str
    by: str
    started_at: float
    """Unix seconds."""
    state: State
    ended_at: float = 0.0
    reason: str = ""
    """Why it failed or was interrupted, else ""."""
    summary: str = ""
    """How it ended, as a sentence for the user."""
    operations: tuple[Step, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    """Service -> config digest of its desired image, or of the image that it ran (down, restart)."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Service -> image reference."""
    specs: Mapping[str, str] = field(default_factory=dict)
    """Service -> spec digest; the document is in `specs/`."""
    secrets: Mapping[str, int] = field(default_factory=dict)
    """Secret -> generation."""

    def with_outcome(self, service: str, outcome: Outcome) -> Receipt:
        steps = (replace(step, outcome=outcome) if step.service == service else step for step in self.operations)
        return replace(self, operations=tuple(steps))


def of_state(state: DesiredState, verb: str, by: str, steps: Iterable[Step]) -> Receipt:
    """The receipt of a change that is about to start, with the desired image and spec of every service."""
    return replace(
        _draft(verb, by, steps),
        images={spec.name: spec.image.config_digest for spec in state.services},
        references={spec.name: spec.image.reference for spec in state.services},
        specs={spec.name: spec.spec_digest for spec in state.services},
        secrets={name: number for spec in state.services for name, number in spec.secrets.items()},
    )


def of_containers(
    state: DesiredState, verb: str, steps: Iterable[Step], found: Iterable[ContainerFacts], by: str
) -> Receipt:
    """The receipt of a change of existing containers that is about to start, with the image and spec of each."""
    found = tuple(found)
    return replace(
        _draft(verb, by, steps),
        images={one.service: state.image_digests.get(one.image_digest, one.image_digest) for one in found},
        specs={one.service: one.spec_digest for one in found},
    )


def _draft(verb: str, by: str, steps: Iterable[Step]) -> Receipt:
    return Receipt(number=0, verb=verb, by=by, started_at=time.time(), state="in_progress", operations=tuple(steps))


def of_nothing(verb: str, by: str, summary: str) -> Receipt:
    """The result of a change that had nothing to do; it is not saved."""
    now = time.time()
    return Receipt(number=0, verb=verb, by=by, started_at=now, ended_at=now, state="done", summary=summary)


def begin(layout: Layout, receipt: Receipt) -> Receipt:
    """Give the receipt the next number and save it. Only under the lock."""
    numbered = replace(receipt, number=max(_numbers(layout), default=0) + 1)
    save(layout, numbered)
    return numbered


def save(layout: Layout, receipt: Receipt) -> None:
    documents.write(_path(layout, receipt.number), as_json(receipt))


def history(layout: Layout) -> tuple[Receipt, ...]:
    """All receipts, oldest first. A receipt `in_progress` while nobody holds the lock is shown as interrupted."""
    found = [_read(_path(layout, number)) for number in sorted(_numbers(layout))]
    held = bool(lock.holder(layout)) if any(receipt.state == "in_progress" for receipt in found) else False
    last = len(found) - 1
    return tuple(
        interrupted(receipt) if receipt.state == "in_progress" and not (held and index == last) else receipt
        for index, receipt in enumerate(found)
    )


def latest(layout: Layout) -> Receipt | None:
    """The newest receipt as it was written; None before the first change."""
    numbers = _numbers(layout)
    return _read(_path(layout, max(numbers))) if numbers else None


def interrupted(receipt: Receipt) -> Receipt:
    """The receipt of a change that did not record its end: it was killed, or the power failed."""
    return replace(receipt, state="interrupted", reason="it did not record its end (killed, or the power failed)")


def find(found: Sequence[Receipt], number: int) -> Receipt:
    """The receipt with this number. Raises NodeyardError if there is none."""
    for receipt in found:
        if receipt.number == number:
            return receipt
    raise NodeyardError(f"There is no change number {number}.", "List them: manage history", exit_code=EXIT_USAGE)


def as_json(receipt: Receipt) -> dict[str, Any]:
    """The receipt as `manage history --json` gives it: keys may be added, never renamed."""
    return asdict(receipt)


def _numbers(layout: Layout) -> list[int]:
    return [int(path.stem) for path in layout.receipts_dir.glob("*.json") if path.stem.isdigit()]


def _path(layout: Layout, number: int) -> Path:
    return layout.receipts_dir / f"{number:06d}.json"


def _read(path: Path) -> Receipt:
    document = documents.read(path)
    with documents.require_shape(path):
        known = {key: document[key] for key in Receipt.__dataclass_fields__ if key in document}
        known["operations"] = tuple(Step(**step) for step in known.get("operations", ()))
        return Receipt(**known)
