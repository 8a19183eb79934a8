"""Ids, hashes, masses and merkle roots of the simulated kaspad, against what a real one answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox.kaspad import hashing, mass, wire
from sandbox.kaspad.model import Coin, Outpoint

RECORDINGS = Path(__file__).parents[2] / "data" / "kaspad"


def blocks(version: str) -> list[dict[str, Any]]:
    """Blocks of BlockAdded notifications."""
    frames = (json.loads(line)["frame"] for line in (RECORDINGS / f"simnet-{version}.jsonl").read_text().splitlines())
    told = [frame for frame in frames if isinstance(frame, dict) and frame.get("method") == "blockAddedNotification"]
    assert len(told) > 5
    return [frame["params"]["BlockAdded"]["block"] for frame in told]


def transactions(version: str) -> Iterator[dict[str, Any]]:
    for block in blocks(version):
        yield from (value for value in block["transactions"] if value["version"] == 0)


def storage_masses(value: dict[str, Any]) -> dict[Outpoint, Coin]:
    """Inputs of any amount that give the recorded storage mass; only the mass goes into the hash."""
    return {Outpoint(**_outpoint(entry)): Coin(5_000_000_000, "0000", 0, True) for entry in value["inputs"]}


def _outpoint(entry: dict[str, Any]) -> dict[str, Any]:
    previous = entry["previousOutpoint"]
    return {"transaction_id": previous["transactionId"], "output_index": previous["index"]}


def test_transactions_of_version_0_have_the_real_id_hash_and_masses() -> None:
    seen = 0
    for value in transactions("2.0.1"):
        coins = storage_masses(value)
        read = wire.read_transaction(value, coins.get)
        told = value["verboseData"]
        assert read.id == told["transactionId"]
        assert read.hash == told["hash"]
        assert read.compute_mass == told["computeMass"]
        assert read.storage_mass == value["storageMass"]
        seen += 1
    assert seen >= 2


def test_coinbases_of_version_0_have_the_real_id_too() -> None:
    """0.15.0 makes them of version 0, as the simulator does."""
    found = [value for value in transactions("0.15.0") if not value["inputs"]]
    assert len(found) > 5
    for value in found:
        assert wire.read_transaction(value).id == value["verboseData"]["transactionId"]


def test_merkle_roots_are_the_real_ones() -> None:
    for block in blocks("2.0.1"):
        hashes = [value["verboseData"]["hash"] for value in block["transactions"]]
        assert hashing.merkle_root(hashes) == block["header"]["hashMerkleRoot"]


def test_header_hashes_are_the_real_ones_as_long_as_there_is_one_level_of_parents() -> None:
    found = [block for block in blocks("2.0.1") if len(block["header"]["parentsByLevel"]) == 1]
    assert found
    for block in found:
        read = wire.read_block({"header": block["header"], "transactions": []}, lambda _outpoint: None)
        assert read.hash == block["header"]["hash"]


def test_an_odd_level_of_a_merkle_tree_is_filled_with_zeros() -> None:
    one, two, three = ("01" * 32, "02" * 32, "03" * 32)
    assert hashing.merkle_root([one]) == one
    assert hashing.merkle_root([one, two, three]) == hashing.merkle_root([one, two, three, hashing.ZERO])


@pytest.mark.parametrize(
    ("inputs", "outputs", "grams"),
    [
        ([5_000_000_000], [2_500_000_000, 2_499_000_000], 600),  # recorded: "one in the mempool"
        ([5_000_000_000], [1_250_000_000, 3_749_000_000], 866),  # recorded: "reorg: events"
        ([10**12] * 3, [10**12, 10**12, 10**12 - 1], 1 + 1 + 1 - 3),
        (
            [10**10] * 3,
            [10**7, 10**7, 2 * 10**10],
            10**5 + 10**5 + 50 - 3 * 100,
        ),  # KIP-9: arithmetic mean of many inputs
    ],
)
def test_storage_mass_follows_kip_9(inputs: list[int], outputs: list[int], grams: int) -> None:
    assert mass.storage_mass(inputs, outputs) == grams
