"""Following a log by asking again and again: a listener who has gone is noticed even when the log is silent."""

from __future__ import annotations

from collections.abc import Sequence


def new_lines(before: Sequence[str], after: Sequence[str]) -> Sequence[str]:
    """The lines of `after`, a later look at the same log's end, that `before` did not have.

    The longest end of `before` that `after` begins with is what both saw. After a gap longer than one look, or in a new
    container's log, they share nothing and all of `after` is new.
    """
    for shared in range(min(len(before), len(after)), 0, -1):
        if list(before[-shared:]) == list(after[:shared]):
            return after[shared:]
    return after
