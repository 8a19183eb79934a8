"""The same life by RPC alone, on the simulator and, with --real, on the real kaspad: same assertions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nodeclients.kaspad import KaspadClient

from tests.nodes import programs
from tests.nodes.kaspa_help import FEE, A, B, balance, mine, ripe_coin, signed
from tests.nodes.programs import Running
from tests.tracker.process import Tracker

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def either_kaspad(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    if request.param == "simulator":
        started = programs.simulated_kaspad(tmp_path)
    else:
        started = programs.real_kaspad(programs.cached("kaspad"), tmp_path)
    with started as running:
        yield running


async def test_rewards_and_payments_arrive_and_leave(
    start_tracker: Callable[..., Tracker], either_kaspad: Running
) -> None:
    tracker = start_tracker(either_kaspad.url, NETWORK="private")
    tracker.wait_ready()
    tracker.follow(A)
    tracker.follow(B)
    tracker.wait_amount(B, 0)
    async with KaspadClient(either_kaspad.url) as client:
        coin = await ripe_coin(client)
        tracker.wait_amount(A, await balance(client, A))
        amount = coin["utxoEntry"]["amount"]
        paid = signed(coin, (B, amount // 2), (A, amount - amount // 2 - FEE))
        await client.call("submitTransaction", {"transaction": paid, "allowOrphan": False})
        await mine(client, 1, A)
        tracker.wait_amount(B, amount // 2, deadline_s=2)
        tracker.wait_amount(A, await balance(client, A), deadline_s=2)
        tracker.restart()
        tracker.wait_ready()
        tracker.wait_amount(B, amount // 2)
        await mine(client, 30, B)
        tracker.wait_amount(B, await balance(client, B))
        assert tracker.metric('tracker_resyncs_total{cause="audit"}') == 0
