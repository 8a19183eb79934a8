"""Kaspa addresses and the scripts behind them.

Source: rusty-kaspa v2.0.1 `crypto/addresses/src/{lib,bech32}.rs` (the BCH code of CashAddr with an eight-character
checksum) and `crypto/txscript/src/standard.rs`. A script travels in wRPC JSON as two bytes of version and the script,
in hex.
"""

from __future__ import annotations

from dataclasses import dataclass

from nodeclients import base32
from nodeclients.networks import KASPA_PREFIXES

PUBKEY, PUBKEY_ECDSA, SCRIPT_HASH = 0, 1, 8
_LENGTHS = {PUBKEY: 32, PUBKEY_ECDSA: 33, SCRIPT_HASH: 32}
_CHECKSUM = 8  # letters
_GENERATOR = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
_SCRIPTS = {
    # version -> (opcodes before, after the payload): OP_DATA_32 .. OP_CHECKSIG, OP_DATA_33 .. OP_CHECKSIGECDSA,
    # OP_BLAKE2B OP_DATA_32 .. OP_EQUAL
    PUBKEY: (b"\x20", b"\xac"),
    PUBKEY_ECDSA: (b"\x21", b"\xab"),
    SCRIPT_HASH: (b"\xaa\x20", b"\x87"),
}


@dataclass(frozen=True)
class KaspaAddress:
    """`prefix` names the network; `payload` is a public key or a script hash, as `version` says."""

    prefix: str
    version: int
    payload: bytes


def decode(address: str) -> KaspaAddress:
    """Read an address. Raises ValueError, with the reason in words, when the text is not an address."""
    prefix, colon, rest = address.partition(":")
    if not colon or prefix not in KASPA_PREFIXES.values():
        raise ValueError(f"{address!r} does not begin with {', '.join(p + ':' for p in KASPA_PREFIXES.values())}")
    try:
        words = base32.numbers(rest)
    except ValueError:
        raise ValueError(f"{address!r} contains a character that addresses do not use") from None
    if len(words) < _CHECKSUM or _remainder(prefix, words) != 0:
        raise ValueError(f"{address!r} has a wrong checksum: a letter is missing or mistyped")
    data = base32.regroup(words[:-_CHECKSUM], 5, 8, pad=False)
    if not data or _LENGTHS.get(data[0]) != len(data) - 1:
        raise ValueError(f"{address!r} is of an unknown kind")
    return KaspaAddress(prefix, data[0], bytes(data[1:]))


def encode(address: KaspaAddress) -> str:
    """The text of an address."""
    words = base32.regroup([address.version, *address.payload], 8, 5, pad=True)
    remainder = _remainder(address.prefix, [*words, *([0] * _CHECKSUM)])
    return f"{address.prefix}:{base32.letters(words)}{base32.checksum(remainder, _CHECKSUM)}"


def script_public_key(address: str) -> str:
    """The `scriptPublicKey` string of wRPC JSON that pays to `address`. Raises ValueError for another text."""
    decoded = decode(address)
    before, after = _SCRIPTS[decoded.version]
    return "0000" + (before + decoded.payload + after).hex()


def address_of(script_public_key: str, prefix: str) -> str | None:
    """The address that a `scriptPublicKey` string pays to, None for a script that has none."""
    script = bytes.fromhex(script_public_key)
    if script[:2] != b"\x00\x00":
        return None
    for version, (before, after) in _SCRIPTS.items():
        payload = script[2 + len(before) : len(script) - len(after)]
        if script[2:] == before + payload + after and len(payload) == _LENGTHS[version]:
            return encode(KaspaAddress(prefix, version, payload))
    return None


def _remainder(prefix: str, words: list[int]) -> int:
    return base32.polymod([*(ord(letter) & 31 for letter in prefix), 0, *words], _GENERATOR, _CHECKSUM) ^ 1
