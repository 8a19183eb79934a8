"""A change under way: its receipt from the first write to the last, its steps, their gates."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType

from manage.apply import files, gate, receipt, steps
from manage.apply.receipt import Outcome, Receipt, State
from manage.apply.waves import waves
from manage.apply.work import Work
from manage.engine import logs
from manage.engine.client import Api
from manage.engine.model import ContainerFacts
from manage.errors import NodeyardError
from manage.events import Event, Progress
from manage.installation import folders
from manage.plan.model import Operation
from manage.render.model import Stack

SHOWN_LINES = 15
"""Log lines of its own that a service which failed its gate shows."""
INTERRUPTED_EXIT = 130
"""What shells give for a program that a Ctrl-C ended."""


class Change:
    """Use as a context: entering writes the receipt, leaving says in it how the change ended."""

    def __init__(
        self,
        work: Work,
        api: Api,
        containers: tuple[ContainerFacts, ...],
        *,
        lock: int,
        progress: Progress,
        draft: Receipt,
    ) -> None:
        self._work = work
        self._api = api
        self._containers = containers
        self._lock = lock
        self._progress = progress
        self.receipt = draft
        self.summary = ""
        """How it ended, said when it ended well."""
        self.ends: State = "healthy"

    def __enter__(self) -> Change:
        folders.make(self._work.layout)
        self.receipt = receipt.begin(self._work.layout, self.receipt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is None:
            self._close(self.ends, summary=self.summary)
        elif isinstance(error, KeyboardInterrupt):
            self._close("interrupted", reason="stopped by Ctrl-C")
            raise NodeyardError(
                f"Stopped by Ctrl-C; change {self.receipt.number} is marked as interrupted.",
                "The same command goes on from here.",
                exit_code=INTERRUPTED_EXIT,
            ) from None
        else:
            reason = error.message.partition("\n")[0] if isinstance(error, NodeyardError) else repr(error)
            self._close("failed", reason=reason)

    def do_manager(self, operations: Sequence[Operation]) -> None:
        """All of the manager's operations, then their gates: before watch is up nobody could pass one."""
        done = {
            operation.service: (operation, self._carry_out(operation, self._work.manager)) for operation in operations
        }
        for service, (operation, at) in done.items():
            if operation.kind != "remove":
                self._gate(service, self._work.manager, at)

    def do(self, operations: Sequence[Operation]) -> None:
        """The stack's operations, wave after wave; a service is gated after its last one."""
        stack = self._work.stack
        remaining = list(operations)
        for wave in waves(operations, {spec.name: spec.group for spec in stack.services}):
            done = [(operation, self._carry_out(operation, stack)) for operation in wave]
            remaining = remaining[len(wave) :]
            later = {operation.service for operation in remaining}
            for operation, at in done:
                if operation.kind != "remove" and operation.service not in later:
                    self._gate(operation.service, stack, at)

    def prove(self, service: str) -> None:
        """The gate alone, for a service that runs as wanted and that nobody has seen well."""
        managing = service in {spec.name for spec in self._work.manager.services}
        self._gate(service, self._work.manager if managing else self._work.stack, time.time())

    def note_done(self, service: str) -> None:
        """For a step that was done elsewhere."""
        self._note(service, "done")

    def _carry_out(self, operation: Operation, stack: Stack) -> float:
        """Do it; gives when it was done. Removals are finished by that."""
        self._progress(Event("step", operation.service, f"{operation.kind} {operation.service}"))
        project = files.project_of(self._work.layout, stack)
        tools = steps.Tools(self._api, self._work.installation, project, self._containers, self._lock, self._progress)
        try:
            steps.carry_out(operation, tools)
        except NodeyardError:
            self._note(operation.service, "failed")
            raise
        if operation.kind == "remove":
            self._note(operation.service, "done")
        return time.time()

    def _gate(self, service: str, stack: Stack, started_at: float) -> None:
        startup_s = stack.service(service).startup_s
        decision = gate.wait(
            self._work.layout,
            service,
            started_at,
            startup_s,
            tell=lambda reason: self._progress(Event("wait", service, reason)),
        )
        if decision.answer == "pass":
            self._note(service, "done")
            self._progress(Event("done", service, decision.reason))
            return
        self._note(service, "failed")
        raise NodeyardError(
            f"{service} did not become healthy: {decision.reason}.\n{self._own_words(service)}",
            f"More: manage logs {service}, manage why {service}. When it is mended: manage up",
        )

    def _own_words(self, service: str) -> str:
        try:
            lines = logs.tail(self._api, logs.find(self._api, self._work.installation, service), SHOWN_LINES)
        except NodeyardError as error:
            return error.message
        if not lines:
            return f"{service} has written nothing to its log."
        return "\n".join((f"The last lines of {service}:", *(f"  {line}" for line in lines)))

    def _note(self, service: str, outcome: Outcome) -> None:
        self.receipt = self.receipt.with_outcome(service, outcome)
        receipt.save(self._work.layout, self.receipt)

    def _close(self, state: State, *, reason: str = "", summary: str = "") -> None:
        self.receipt = replace(
            self.receipt, state=state, reason=reason, summary=summary or reason, ended_at=time.time()
        )
        receipt.save(self._work.layout, self.receipt)
