"""The mass of a transaction, in grams.

Source: rusty-kaspa `consensus/core/src/mass/mod.rs`. Compute mass is 1 gram per byte, 10 more per byte of
scriptPublicKey, and 1000 per signature operation. Storage mass (KIP-9) is the cost that small outputs add to the UTXO
set.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.kaspad.model import Transaction
from sandbox.kaspad.params import STORAGE_MASS_PARAMETER

_FIXED_BYTES = 2 + 8 + 8 + 8 + 20 + 8 + 32 + 8
"""version, two counts, lock time, subnetwork, gas, payload hash, payload length"""
_INPUT_BYTES = 36 + 8 + 8
_OUTPUT_BYTES = 8 + 2 + 8


def compute_mass(transaction: Transaction) -> int:
    """Grams for bytes and signature operations."""
    scripts = sum(len(output.script) // 2 for output in transaction.outputs)
    size = (
        _FIXED_BYTES
        + len(transaction.payload) // 2
        + sum(_INPUT_BYTES + len(entry.signature_script) // 2 for entry in transaction.inputs)
        + sum(_OUTPUT_BYTES + len(output.script) // 2 - 2 for output in transaction.outputs)
    )
    return size + 10 * scripts + 1000 * sum(entry.sig_op_count for entry in transaction.inputs)


def storage_mass(inputs: Sequence[int], outputs: Sequence[int]) -> int:
    """Grams for the input and output amounts (sompi), each above 0."""
    out = sum(STORAGE_MASS_PARAMETER // amount for amount in outputs)
    if len(outputs) == 1 or len(inputs) == 1 or (len(outputs) == 2 and len(inputs) == 2):
        back = sum(STORAGE_MASS_PARAMETER // amount for amount in inputs)
    else:
        back = len(inputs) * (STORAGE_MASS_PARAMETER // (sum(inputs) // len(inputs)))
    return max(0, out - back)
