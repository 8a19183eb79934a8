"""The progress of a kaspad sync, from the node's counts, peers and log. Pure.

Facts of rusty-kaspa v2.0.1: `getBlockDagInfo.headerCount` and `.blockCount` are the DAA scores of the best header and
of the virtual block, both less the score of the retention root (consensus/src/consensus/mod.rs `estimate_block_count`),
so their difference is what is still missing. `is_ibd_peer` stays true until a sync ends. In the header phase of a new
node `blockCount` is 0 and only the log shows the progress: "IBD: Processed 1025 block headers (5%)"
(protocol/flows/src/ibd/progress.rs). `isSynced` looks at how recent the sink is: true at a fifth of the blocks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from manage.health.facts import AGE, value, zero_time
from manage.health.model import Fact
from manage.immutable import dataclass

MAX_LAG = 100
"""How many blocks the best header may be ahead without a sync: ten seconds at ten blocks a second."""
HEADER_SHARE = 25.0
"""The share of the headers in the whole progress, in per cent. Our choice: kaspad counts each phase from 0."""
NEWEST = 99.9
"""The most that is reported while the sync is still running."""
LOG_AGE_S = 600.0
"""A progress line older than this may belong to an earlier sync."""
_PROCESSED = re.compile(r"IBD: Processed (\d+) block headers \((\d+)%\)")


@dataclass(frozen=True)
class Position:
    """Counts in blocks, and the address of the peer that the node syncs from, "" for none."""

    blocks: int
    headers: int
    ibd_peer: str

    @property
    def syncing(self) -> bool:
        return bool(self.ibd_peer) or self.headers - self.blocks > MAX_LAG


def progress(
    earlier: Sequence[Fact], position: Position, log: Sequence[tuple[float, str]], at: float
) -> tuple[Fact, ...]:
    """Facts of a running sync, () when there is none.

    `sync_percent` of the whole, `header_percent` when the log shows it, and `since_sync_moved`, the seconds since
    counts or log last changed.

    Within one sync `sync_percent` never falls: headers run ahead while blocks come, so the bare ratio would.
    """
    if not position.syncing:
        return ()
    headers = header_percent(log, at)
    before = float(value(earlier, "sync_percent", 0.0))
    percent = min(NEWEST, max(before, _percent(position, headers)))
    now = (position.blocks, position.headers, headers)
    then = tuple(value(earlier, name) for name in ("block_count", "header_count", "header_percent"))
    moved_at = zero_time(earlier, "since_sync_moved")
    still_s = at - moved_at if moved_at is not None and now == then else 0.0
    facts = (Fact("sync_percent", round(percent, 2), at, "%"), Fact("since_sync_moved", round(still_s, 3), at, AGE))
    return facts if headers is None else (*facts, Fact("header_percent", headers, at, "%"))


def header_percent(log: Sequence[tuple[float, str]], at: float) -> int | None:
    """Per cent of the headers by the newest progress line of the last minutes, None when there is none."""
    for logged_at, line in reversed(log):
        if at - LOG_AGE_S <= logged_at <= at and (match := _PROCESSED.search(line)):
            return int(match[2])
    return None


def _percent(position: Position, headers: int | None) -> float:
    if position.blocks == 0:
        return HEADER_SHARE * (headers or 0) / 100
    return HEADER_SHARE + (100 - HEADER_SHARE) * min(1.0, position.blocks / max(1, position.headers))
