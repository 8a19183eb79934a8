"""Questions to the engine in threads that end with the process: whoever fails meanwhile does not wait for the engine.

`concurrent.futures` waits for its threads when the process ends, and its import takes longer than a read of the engine.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")

PARALLEL = 8
"""Concurrent requests; the SDK's pool has ten connections."""


def started(call: Callable[[], T]) -> Callable[[], T]:
    """Start `call`; the function that is returned waits for its result and returns it, or raises what it raised."""
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="engine", daemon=True)
    thread.start()

    def result() -> T:
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    return result


def each(call: Callable[[U], T], items: Iterable[U]) -> list[T]:
    """`call` for each item, at most PARALLEL at a time; results in the order of the items. Raises the first error."""
    todo = deque(enumerate(items))
    found: dict[int, T] = {}

    def work() -> None:
        while todo:
            try:
                number, item = todo.popleft()
            except IndexError:  # another thread took the last one
                return
            found[number] = call(item)

    for wait in [started(work) for _ in range(min(PARALLEL, len(todo)))]:
        wait()
    return [found[number] for number in sorted(found)]
