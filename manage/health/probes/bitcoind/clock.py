"""Whether the clock of this machine agrees with the times of Bitcoin's blocks. Pure.

The time of a block may be up to two hours ahead of real time, and need only be later than the median of the eleven
before it (Bitcoin Core src/validation.cpp, ContextualCheckBlockHeader). So one block proves nothing: the median of the
last eleven, which is about an hour old on a chain with ten minutes between blocks, has to say the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from manage.health.clock import AHEAD
from manage.health.facts import value
from manage.health.model import Fact

BEHIND_S = 3600.0
"""A tip further in the future than this, with a median that is not half an hour old, shows a clock that is behind."""
YOUNG_MEDIAN_S = 1800.0
AHEAD_S = 7200.0
"""A block older than this on arrival, with a median of two and a half hours, shows a clock that is ahead."""
OLD_MEDIAN_S = 9000.0


def ahead(
    earlier: Sequence[Fact], *, block_at: float, median_at: float, arrived: bool, same_tip: bool, at: float
) -> tuple[Fact, ...]:
    """The fact `clock_ahead`, () if the blocks do not contradict the clock.

    `arrived`: watch saw the tip come, and the node was not catching up; a block that it has not seen come may be old.
    What an arrival has shown holds until the next one.
    """
    if block_at - at > BEHIND_S and at - median_at < YOUNG_MEDIAN_S:
        return (Fact(AHEAD, round(at - block_at, 1), at, "s"),)
    if arrived and at - block_at > AHEAD_S and at - median_at > OLD_MEDIAN_S:
        return (Fact(AHEAD, round(at - block_at, 1), at, "s"),)
    before = value(earlier, AHEAD)
    return (Fact(AHEAD, before, at, "s"),) if same_tip and before is not None and before > 0 else ()
