"""Our balances against the node's own sums."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from nodeclients.errors import NodeFault

from tracker import node
from tracker.unanswerable import chunks

log = logging.getLogger(__name__)

DEADLINE_S = 10.0
AT_ONCE = 100
"""Addresses in one question."""


async def differing(url: str, held: Mapping[str, int | None]) -> frozenset[str]:
    """Addresses whose balance (sompi) is not the node's. Leaves out those for which the node does not answer in time.

    A balance of None is unknown and differs from nothing.
    """
    found: set[str] = set()
    for chunk in chunks([address for address, balance in held.items() if balance is not None], AT_ONCE):
        try:
            reported = await node.balances(url, chunk, DEADLINE_S)
        except (NodeFault, ValueError) as error:
            log.info("no audit of %d addresses: %s", len(chunk), error)
            continue
        found |= {address for address in chunk if reported.get(address) != held[address]}
    return frozenset(found)
