"""A running change: its receipt, its operations and their gates."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType

from manage.apply import files, gate, moved_ids, receipt, steps
from manage.apply.desired_state import DesiredState
from manage.apply.receipt import Outcome, Receipt, State
from manage.apply.waves import in_waves
from manage.engine import logs
from manage.engine.client import Api
from manage.engine.model import ContainerFacts
from manage.errors import NodeyardError
from manage.events import Event, Progress
from manage.installation import folders
from manage.plan.model import Operation
from manage.render.model import ServiceSpec, Stack

SHOWN_LINES = 15
"""How many log lines the error of a failed gate shows."""
INTERRUPTED_EXIT = 130
"""The exit code of shells for a program that Ctrl-C ended."""


class Change:
    """A context manager: entering writes the receipt, leaving records in it how the change ended."""

    def __init__(
        self,
        state: DesiredState,
        api: Api,
        containers: tuple[ContainerFacts, ...],
        *,
        lock: int,
        progress: Progress,
        draft: Receipt,
    ) -> None:
        self._state = state
        self._api = api
        self._containers = containers
        self._lock = lock
        self._progress = progress
        self.receipt = draft
        self.summary = ""
        """How the change ended, if it succeeds."""
        self.ends: State = "healthy"

    def __enter__(self) -> Change:
        folders.make(self._state.layout)
        folders.remove_left(self._state.layout)
        self.receipt = receipt.begin(self._state.layout, self.receipt)
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
                "Run the same command to continue from here.",
                exit_code=INTERRUPTED_EXIT,
            ) from None
        else:
            reason = error.message.partition("\n")[0] if isinstance(error, NodeyardError) else repr(error)
            with contextlib.suppress(OSError):  # on a full disk the first error says more than the second
                self._close("failed", reason=reason)

    def apply_manager(self, operations: Sequence[Operation]) -> None:
        """Apply all operations of the manager, then gate them: no gate can pass before watch runs."""
        done = {
            operation.service: (operation, self._carry_out(operation, self._state.manager)) for operation in operations
        }
        for service, (operation, at) in done.items():
            if operation.kind != "remove":
                self._gate(service, self._state.manager, at)

    def apply_stack(self, operations: Sequence[Operation]) -> None:
        """Apply the stack's operations wave by wave; a service is gated after its last operation."""
        stack = self._state.stack
        remaining = list(operations)
        for wave in in_waves(operations, {spec.name: spec.group for spec in stack.services}):
            done = [(operation, self._carry_out(operation, stack)) for operation in wave]
            remaining = remaining[len(wave) :]
            later = {operation.service for operation in remaining}
            for operation, at in done:
                if operation.kind != "remove" and operation.service not in later:
                    self._gate(operation.service, stack, at)

    def gate_only(self, service: str) -> None:
        """Only gate a service: it runs as desired, but no gate has seen it healthy."""
        managing = service in {spec.name for spec in self._state.manager.services}
        self._gate(service, self._state.manager if managing else self._state.stack, time.time())

    def note_done(self, service: str) -> None:
        """Record a step that the caller applied itself."""
        self._note(service, "done")

    def _carry_out(self, operation: Operation, stack: Stack) -> float:
        """Apply one operation; returns the time at which it was done (unix seconds). A removal needs no gate."""
        self._progress(Event("step", operation.service, f"{operation.kind} {operation.service}"))
        project = files.project_of(self._state.layout, stack)
        tools = steps.Tools(
            self._api,
            self._state.installation,
            project,
            self._containers,
            self._lock,
            self._progress,
            {spec.name: _live(stack, spec) for spec in stack.services if spec.live_networks},
        )
        try:
            if operation.kind == "recreate":
                moved_ids.move(
                    self._api,
                    self._state.layout,
                    stack,
                    stack.service(operation.service),
                    stop=lambda: steps.stop(operation, tools),
                    progress=self._progress,
                )
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
            self._state.layout,
            service,
            started_at,
            startup_s,
            report=lambda reason: self._progress(Event("wait", service, reason)),
        )
        if decision.answer == "pass":
            self._note(service, "done")
            self._progress(Event("done", service, decision.reason))
            return
        self._note(service, "failed")
        raise NodeyardError(
            f"{service} did not become healthy: {decision.reason}.\n{self._last_log_lines(service)}",
            f"See manage logs {service} and manage why {service}. After you have fixed it, run manage up.",
        )

    def _last_log_lines(self, service: str) -> str:
        try:
            lines = logs.tail(logs.require_container(self._api, self._state.installation, service), SHOWN_LINES)
        except NodeyardError as error:
            return error.message
        if not lines:
            return f"{service} has written nothing to its log."
        return "\n".join((f"The last lines of {service}:", *(f"  {line}" for line in lines)))

    def _note(self, service: str, outcome: Outcome) -> None:
        self.receipt = self.receipt.with_outcome(service, outcome)
        receipt.save(self._state.layout, self.receipt)

    def _close(self, state: State, *, reason: str = "", summary: str = "") -> None:
        self.receipt = replace(
            self.receipt, state=state, reason=reason, summary=summary or reason, ended_at=time.time()
        )
        receipt.save(self._state.layout, self.receipt)


def _live(stack: Stack, spec: ServiceSpec) -> steps.Live:
    own = spec.compose.get("networks", {})
    return steps.Live(tuple(network.name for network in stack.networks if network.key in own), spec.live_networks)
