"""Whether the clock of this machine agrees with the times of Kaspa's blocks, of which ten come each second. Pure.

A node accepts blocks up to 132 s ahead of its clock (rusty-kaspa consensus/core/src/config/constants.rs,
TIMESTAMP_DEVIATION_TOLERANCE), and its sink is a few seconds old. One block may have any time within that, so a
difference has to last.
"""

from __future__ import annotations

from collections.abc import Sequence

from manage.health.clock import AHEAD
from manage.health.facts import AGE, value, zero_time
from manage.health.model import Fact

BEHIND_S = 60.0
"""A sink that stays further in the future than this shows a clock that is behind."""
AHEAD_S = 600.0
"""A sink that stays older than this, while the DAA score grows and nothing is synced, shows a clock that is ahead: a
node that is really late syncs from a peer."""
LASTS_S = 20.0
STEADY_S = 10.0
"""By how much the age of the sink may change meanwhile: a node that catches up gains on the clock."""


def ahead(earlier: Sequence[Fact], *, sink_at: float, may_be_late: bool, at: float) -> tuple[Fact, ...]:
    """The facts `clock_ahead` and those by which it is found, () if the sink does not contradict the clock.

    `may_be_late`: the node syncs, or its tip does not move, so that an old sink says nothing about the clock.
    """
    age_s = at - sink_at
    if age_s >= -BEHIND_S and (may_be_late or age_s <= AHEAD_S):
        return ()
    first, since = value(earlier, "sink_age_at_first"), zero_time(earlier, "sink_time_off")
    if first is None or since is None or not _lasts(age_s, float(first), at - since):
        first, since = age_s, at
    found = (Fact("sink_age_at_first", round(first, 1), at, "s"), Fact("sink_time_off", round(at - since, 1), at, AGE))
    return (*found, Fact(AHEAD, round(age_s, 1), at, "s")) if at - since >= LASTS_S else found


def _lasts(age_s: float, first_s: float, since_s: float) -> bool:
    """Whether it is the same difference. If the clock is behind, the node may refuse blocks, and the sink stays."""
    return abs(age_s - first_s) <= STEADY_S + (since_s if age_s < 0 else 0.0)
