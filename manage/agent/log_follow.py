"""Follows a log by polling, so that a disconnected client is noticed even if the log has no new lines."""

from __future__ import annotations

from collections.abc import Sequence


def new_lines(before: Sequence[str], after: Sequence[str]) -> Sequence[str]:
    """The lines of `after` that are not in `before`; both are the end of the same log, `after` was read later.

    The overlap is the longest end of `before` with which `after` begins. Without an overlap (a gap longer than one
    read, or the log of a new container) all of `after` is new.
    """
    for shared in range(min(len(before), len(after)), 0, -1):
        if list(before[-shared:]) == list(after[:shared]):
            return after[shared:]
    return after
