"""Makes several images at the same time: each after its base, those that most others depend on first."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from manage.events import Event, Progress
from manage.immutable import dataclass

T = TypeVar("T")

LEAVE_AFTER_S = 5.0
"""How long an interrupted run waits for its threads. A thread that takes longer ends with the process, and the engine
stops a build whose client has disconnected."""


@dataclass(frozen=True)
class _Ended(Generic[T]):
    name: str
    value: T | None
    error: BaseException | None


def run(
    bases: Mapping[str, str],
    make: Callable[[str, Progress], T],
    finished: Callable[[str, T], None],
    progress: Progress,
    *,
    workers: int,
    cancelled: threading.Event,
) -> None:
    """Call `make(name, progress)` in a thread for each key of `bases`, at most `workers` at a time.

    `bases` maps a name to the name that must be made before it; a base that is not a key exists already. `finished` and
    `progress` are called in the caller's thread only. After the first error no other image is started; the error is
    raised when the running ones have ended. If the caller is interrupted, `cancelled` is set, so that `make` can stop
    early.
    """
    reports: queue.SimpleQueue[Event | _Ended[T]] = queue.SimpleQueue()

    def work(name: str) -> None:
        try:
            reports.put(_Ended(name, make(name, reports.put), None))
        except BaseException as error:
            reports.put(_Ended(name, None, error))

    waiting = by_longest_chain(bases)
    running: dict[str, threading.Thread] = {}
    failure: BaseException | None = None
    try:
        while running or (waiting and failure is None):
            for name in [name for name in waiting if bases[name] not in waiting and bases[name] not in running]:
                if failure is None and len(running) < workers:
                    waiting.remove(name)
                    running[name] = threading.Thread(target=work, args=(name,), name=f"image-{name}", daemon=True)
                    running[name].start()
            report = reports.get()
            if isinstance(report, Event):
                progress(report)
                continue
            running.pop(report.name).join()
            if report.error is None:
                finished(report.name, report.value)  # type: ignore[arg-type]
            elif failure is None:
                failure = report.error
                if running:
                    others = ", ".join(sorted(running))
                    text = f"Image {report.name} failed. Waiting for {others}, no other image is started."
                    progress(Event("warning", report.name, text))
    except BaseException:
        cancelled.set()
        deadline = time.monotonic() + LEAVE_AFTER_S
        for thread in running.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        raise
    if failure is not None:
        raise failure


def by_longest_chain(bases: Mapping[str, str]) -> list[str]:
    """The names in the order in which to start them: those with the longest chain of dependent images first."""
    height = dict.fromkeys(bases, 0)
    for start in bases:
        name, steps = start, 0
        while bases.get(name) in height:
            name, steps = bases[name], steps + 1
            height[name] = max(height[name], steps)
    return sorted(bases, key=lambda name: -height[name])
