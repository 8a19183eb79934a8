"""Transactions and blocks of the simulated bitcoind as bytes, against a real node's and a foreign parser."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from embit.transaction import Transaction
from sandbox.bitcoind import block as blocks
from sandbox.bitcoind import describe
from sandbox.bitcoind.tx import NULL_OUTPOINT, Outpoint, Reader, Truncated, Tx, TxIn, TxOut, compact, parse

RECORDING = Path(__file__).parents[2] / "data" / "bitcoind" / "regtest-31.99.jsonl"


def recorded(step: str) -> Any:
    for line in RECORDING.read_text().splitlines():
        row = json.loads(line)
        if row["step"] == step:
            return row["answer"]["result"]
    raise LookupError(step)


def real_block() -> bytes:
    """The recorded block of height 2 (getblock with verbosity 0)."""
    rows = [json.loads(line) for line in RECORDING.read_text().splitlines()]
    answers = [row["answer"]["result"] for row in rows if row["step"] == "getblock"]
    return bytes.fromhex(next(answer for answer in answers if isinstance(answer, str)))


def test_the_genesis_block_is_regtests() -> None:
    assert blocks.genesis().hash[::-1].hex() == "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
    assert len(blocks.genesis().raw) == 285


def test_real_transactions_survive_reading_and_describe_alike() -> None:
    told = recorded("block with a transaction, decoded")
    for value in told["tx"]:
        tx = parse(bytes.fromhex(value["hex"]))
        assert tx.raw.hex() == value["hex"]
        shown = describe.transaction(tx)
        assert shown == {key: value[key] for key in shown}


def test_a_real_block_is_read_and_its_roots_and_work_are_right() -> None:
    raw = real_block()
    block = blocks.read_block(raw)
    assert block.raw == raw
    assert blocks.merkle_root([tx.txid for tx in block.transactions]) == block.header.merkle_root
    assert block.stripped_size == recorded("getblock")["strippedsize"]


def test_a_mined_block_is_built_like_a_real_one() -> None:
    """The same height, script, time and transactions give the real node's bytes, but for the nonce."""
    real = blocks.read_block(real_block())
    script = real.transactions[0].outs[0].script
    ours = blocks.mine(real.header.previous, [], height=2, time=real.header.time, script=script, fees=0)
    assert ours.raw == real.raw


@pytest.mark.parametrize("height", [1, 16, 17, 127, 128, 255, 256, 32767, 32768, 70_000])
def test_the_coinbase_names_its_height_as_bip_34_asks(height: int) -> None:
    block = blocks.mine(bytes(32), [], height=height, time=1, script=b"\x51", fees=5)
    push = block.transactions[0].ins[0].script_sig
    if height <= 16:
        assert push[0] == 0x50 + height
    else:
        assert int.from_bytes(push[1 : 1 + push[0]], "little", signed=True) == height
    assert block.transactions[0].outs[0].amount == (50 * 10**8 >> height // 150) + 5


def test_a_foreign_parser_reads_the_same() -> None:
    tx = Tx(
        (TxIn(Outpoint(b"\x01" * 32, 3), b"\x51", 7), TxIn(Outpoint(b"\x02" * 32, 0), b"", 8, (b"", b"abc"))),
        (TxOut(5, b"\x6a"), TxOut(21 * 10**14, b"\x00\x14" + bytes(20))),
        version=1,
        locktime=99,
    )
    foreign = Transaction.parse(tx.raw)
    assert foreign.txid() == tx.txid[::-1]
    assert foreign.serialize() == tx.raw
    assert parse(tx.raw) == tx
    assert parse(tx.stripped).txid == tx.txid
    assert tx.weight == 3 * len(tx.stripped) + len(tx.raw)


def test_bytes_that_are_no_transaction_are_refused() -> None:
    raw = Tx((TxIn(NULL_OUTPOINT, b"", 0),), (TxOut(1, b""),)).raw
    for broken in (b"", raw[:-1], raw + b"\x00", raw[:4] + b"\x00\x00" + raw[5:], b"\xff" * 40):
        with pytest.raises(Truncated):
            parse(broken)


@pytest.mark.parametrize("number", [0, 252, 253, 65535, 65536, 2**32 - 1, 2**32])
def test_compact_sizes_are_read_as_they_are_written(number: int) -> None:
    assert Reader(compact(number)).size() == number


def test_a_merkle_tree_takes_the_last_of_an_odd_level_twice() -> None:
    one, two, three = (bytes([number]) * 32 for number in (1, 2, 3))

    def pair(left: bytes, right: bytes) -> bytes:
        return sha256(sha256(left + right).digest()).digest()

    assert blocks.merkle_root([one, two, three]) == pair(pair(one, two), pair(three, three))


def test_descriptor_checksums_are_the_real_nodes() -> None:
    script = recorded("gettxout")["scriptPubKey"]
    body, _, _ = script["desc"].partition("#")
    assert describe.with_checksum(body) == script["desc"]
    assert describe.script(bytes.fromhex(script["hex"])) == script


@pytest.mark.parametrize(("raw", "kind"), [("", "nonstandard"), ("51", "nonstandard"), ("6a0101", "nulldata")])
def test_scripts_without_an_address_say_what_they_are(raw: str, kind: str) -> None:
    shown = describe.script(bytes.fromhex(raw))
    assert (shown["type"], "address" in shown) == (kind, False)
