"""An address that the node cannot answer stays alone: all others are served, exactly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from nodeclients import kaspad
from tracker import node as node_calls
from tracker import unanswerable
from tracker.follower_state import readiness

from tests.tracker.cluster import Cluster
from tests.tracker.following import following
from tests.tracker.tinynode import TinyNode, output

pytestmark = pytest.mark.anyio
Address = Callable[[int], str]
FOLLOWED = 100
REASONS = {
    "refuses": "the index cannot be read here",
    "malformed": "wrong type",
    "twice": "contradicts itself",
    "closes": "closed the connection",
    "silent": "did not answer getUtxosByAddresses in time",
    "dies": "each time that the tracker asked for it",
    "too many": "more than 150 unspent outputs",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same behaviour in less time, and with fewer outputs."""
    monkeypatch.setattr(node_calls, "SILENCE_S", 0.4)
    monkeypatch.setattr(node_calls, "MOST_OUTPUTS", 150)
    monkeypatch.setattr(unanswerable, "FIRST_RETRY_S", 0.5)


def fill(node: TinyNode, followed: list[str]) -> dict[str, int]:
    """One output for each address; address -> sompi."""
    amounts = {address: 10 + n for n, address in enumerate(followed)}
    node.change(add=[output(address, amount, f"first {amount}", 1) for address, amount in amounts.items()])
    return amounts


def poison(node: TinyNode, address: str, kind: str) -> None:
    if kind == "too many":
        node.change(add=[output(address, 1, f"dust {n}", 1) for n in range(200)])
    else:
        node.behaviour.poison[address] = kind


@pytest.mark.promise("An address that the node cannot answer leaves the other 99 of its batch served", runs="ci")
@pytest.mark.parametrize("kind", REASONS)
async def test_one_poison_stays_alone(
    cluster: Cluster, database: str, node: TinyNode, address: Address, kind: str
) -> None:
    followed = [address(n) for n in range(1, FOLLOWED + 1)]
    culprit, neighbour = followed[41], followed[42]
    amounts = fill(node, followed)
    poison(node, culprit, kind)
    async with following(node.url, cluster, database, followed) as tracker:
        await tracker.until(lambda shown: sum(each.status == "ok" for each in shown.values()) == FOLLOWED - 1)
        await tracker.until(lambda shown: REASONS[kind] in shown[culprit].reason)
        shown = await tracker.balances()
        assert (shown[culprit].amount, shown[culprit].status) == (None, "error")
        assert {a: int(shown[a].amount or 0) for a in followed if a != culprit} == {
            a: amount for a, amount in amounts.items() if a != culprit
        }
        node.pay(neighbour, 1000, "to a neighbour")
        await tracker.until_amount(neighbour, amounts[neighbour] + 1000)
        ready = readiness(tracker.follower.state, "", tracker.follower.state.confirmed_at or 0, FOLLOWED)
        assert ready.ready
        assert culprit in ready.reason

        node.pay(culprit, 7, "to the culprit")
        if kind == "too many":
            node.change(remove=[output(culprit, 1, f"dust {n}", 1) for n in range(200)])
        node.behaviour.poison.clear()
        await tracker.until_amount(culprit, amounts[culprit] + 7)
        node.pay(culprit, 1, "to an address that has recovered")
        await tracker.until_amount(culprit, amounts[culprit] + 8)
        assert tracker.follower.state.unanswerable == {}


async def test_two_poisons_of_different_kinds_in_one_batch(
    cluster: Cluster, database: str, node: TinyNode, address: Address
) -> None:
    followed = [address(n) for n in range(1, FOLLOWED + 1)]
    fill(node, followed)
    poison(node, followed[0], "malformed")
    poison(node, followed[99], "silent")
    async with following(node.url, cluster, database, followed) as tracker:
        await tracker.until(lambda shown: sum(each.status == "ok" for each in shown.values()) == FOLLOWED - 2)
        await tracker.until(lambda shown: {shown[a].status for a in (followed[0], followed[99])} == {"error"})


async def test_many_rich_addresses_are_served_although_no_single_answer_holds_them(
    cluster: Cluster, database: str, node: TinyNode, address: Address
) -> None:
    followed = [address(n) for n in range(1, 11)]
    node.change(add=[output(address(n % 10 + 1), 1, f"o{n}", 1) for n in range(1000)])
    async with following(node.url, cluster, database, followed) as tracker:
        await tracker.until(lambda shown: all((each.amount, each.status) == ("100", "ok") for each in shown.values()))


async def test_an_address_that_becomes_too_rich_keeps_its_last_balance_as_stale(
    cluster: Cluster, database: str, node: TinyNode, address: Address
) -> None:
    culprit, neighbour = address(1), address(2)
    fill(node, [culprit, neighbour])
    async with following(node.url, cluster, database, [culprit, neighbour]) as tracker:
        await tracker.until_amount(culprit, 10)
        poison(node, culprit, "too many")
        await tracker.until_amount(culprit, 210)
        node.cut()
        await tracker.until(lambda shown: "more than 150 unspent outputs" in shown[culprit].reason)
        shown = await tracker.balances()
        assert (shown[culprit].amount, shown[culprit].status) == ("210", "stale")
        node.pay(neighbour, 5, "goes on")
        await tracker.until_amount(neighbour, 16)
        node.pay(culprit, 5, "unseen")
        await tracker.until_amount(neighbour, 16)
        assert (await tracker.balances())[culprit].amount == "210"


async def test_a_notification_that_is_too_large_costs_one_resync(
    cluster: Cluster, database: str, node: TinyNode, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kaspad, "MAX_MESSAGE_BYTES", 20_000)
    fill(node, [address(1), address(2)])
    async with following(node.url, cluster, database, [address(1), address(2)]) as tracker:
        await tracker.until_amount(address(2), 11)
        node.change(add=[output(address(1), 1, f"dust {n}", 1) for n in range(100)])
        await tracker.until_amount(address(1), 110)
        node.pay(address(2), 1, "later")
        await tracker.until_amount(address(2), 12)
        assert tracker.counters.sessions_lost == 1


async def test_a_node_that_answers_no_question_is_named_and_no_address_is_blamed(
    cluster: Cluster, database: str, node: TinyNode, address: Address
) -> None:
    fill(node, [address(1), address(2)])
    node.behaviour.errors["getUtxosByAddresses"] = "consensus is in a transitional ibd state"
    async with following(node.url, cluster, database, [address(1), address(2)]) as tracker:
        await tracker.until(lambda shown: all("transitional" in each.reason for each in shown.values()))
        assert tracker.follower.state.unanswerable == {}
        node.behaviour.errors.clear()
        await tracker.until_amount(address(1), 10)
