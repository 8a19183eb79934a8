"""Shared by the checksummed base-32 texts of both chains: bech32 (BIP173), CashAddr and descriptors (BIP380)."""

from __future__ import annotations

from collections.abc import Iterable

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
"""The letter of each number of 5 bits: BIP173, and CashAddr after it."""

Generator = tuple[int, int, int, int, int]
"""Generator of a BCH code: what is added for each bit that is shifted out of the remainder."""


def polymod(words: Iterable[int], generator: Generator, length: int) -> int:
    """The remainder of numbers of 5 bits by the code's polynomial, of `length` times 5 bits; 1 goes in before them."""
    kept = 5 * (length - 1)
    below = (1 << kept) - 1
    remainder = 1
    for word in words:
        top = remainder >> kept
        remainder = ((remainder & below) << 5) ^ word
        for bit, value in enumerate(generator):
            if top >> bit & 1:
                remainder ^= value
    return remainder


def numbers(text: str) -> list[int]:
    """The number of each letter. ValueError for an unknown letter."""
    return [CHARSET.index(letter) for letter in text]


def letters(words: Iterable[int]) -> str:
    """The letter of each number of 5 bits."""
    return "".join(CHARSET[word] for word in words)


def checksum(remainder: int, length: int) -> str:
    """A remainder as `length` letters, the highest bits first."""
    return letters((remainder >> 5 * (length - 1 - place)) & 31 for place in range(length))


def regroup(values: Iterable[int], width: int, to: int, *, pad: bool) -> list[int]:
    """Regroup a bit string from numbers of `width` bits into numbers of `to` bits. ValueError on bits left over."""
    accumulator, bits, out = 0, 0, []
    for value in values:
        accumulator, bits = (accumulator << width) | value, bits + width
        while bits >= to:
            bits -= to
            out.append((accumulator >> bits) & ((1 << to) - 1))
        accumulator &= (1 << bits) - 1
    if pad and bits:
        out.append((accumulator << (to - bits)) & ((1 << to) - 1))
    elif not pad and (bits >= width or accumulator):
        raise ValueError("bits left over")
    return out
