"""The payload of a coinbase: it names the script that the next block pays.

Payload (rusty-kaspa `consensus/core/src/coinbase.rs`, `consensus/src/processes/coinbase.rs`): blue score and subsidy as
u64, script version as u16, script length as u8, all little-endian; the script; then arbitrary bytes that begin with the
version.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from sandbox.kaspad import hashing
from sandbox.kaspad.model import Output, Transaction
from sandbox.kaspad.params import COINBASE_SUBNETWORK, SUBSIDY, VERSION

_HEAD = struct.Struct("<QQHB")


def make(
    blue_score: int, miner_script: str, outputs: Iterable[Output], extra: bytes = b"", *, version: str = VERSION
) -> Transaction:
    """The coinbase of a block whose miner is paid at `miner_script` and runs `version`."""
    script = bytes.fromhex(miner_script[4:])
    head = _HEAD.pack(blue_score, SUBSIDY, int(miner_script[:4], 16), len(script))
    payload = (head + script + f"{version}/nodeyard-sandbox/".encode() + extra).hex()
    return hashing.finished(Transaction((), tuple(outputs), COINBASE_SUBNETWORK, payload), 0)


def miner_script(coinbase: Transaction) -> str:
    """The script that pays the miner of this block. Raises ValueError if the payload is malformed."""
    payload = bytes.fromhex(coinbase.payload)
    if len(payload) < _HEAD.size:
        raise ValueError("the coinbase payload is too short")
    _, _, version, length = _HEAD.unpack_from(payload)
    script = payload[_HEAD.size : _HEAD.size + length]
    if len(script) != length:
        raise ValueError("the script in the coinbase payload is truncated")
    return f"{version:04x}{script.hex()}"
