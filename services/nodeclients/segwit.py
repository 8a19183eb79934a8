"""Bitcoin's SegWit addresses: BIP173 (bech32, version 0) and BIP350 (bech32m, versions 1 to 16)."""

from __future__ import annotations

from nodeclients import base32

_CHECKSUM = 6  # letters
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32, _BECH32M = 1, 0x2BC830A3


def encode(hrp: str, version: int, program: bytes) -> str:
    """The address of a witness program."""
    words = [version, *base32.regroup(program, 8, 5, pad=True)]
    remainder = _remainder(hrp, [*words, *([0] * _CHECKSUM)]) ^ _constant(version)
    return f"{hrp}1{base32.letters(words)}{base32.checksum(remainder, _CHECKSUM)}"


def decode(address: str) -> tuple[str, int, bytes]:
    """(human-readable part, witness version, program). Raises ValueError, with the reason, for anything else."""
    text = address.lower()
    if address not in (text, address.upper()) or "1" not in text or len(address) > 90:
        raise ValueError(f"{address!r} is not a SegWit address")
    hrp, _, rest = text.rpartition("1")
    try:
        words = base32.numbers(rest)
    except ValueError:
        raise ValueError(f"{address!r} contains a character that addresses do not use") from None
    version = words[0] if words else 17
    if len(words) < 7 or version > 16:
        raise ValueError(f"{address!r} is not a SegWit address")
    if _remainder(hrp, words) != _constant(version):
        raise ValueError(f"{address!r} has a wrong checksum: a letter is missing or mistyped")
    program = bytes(base32.regroup(words[1:-_CHECKSUM], 5, 8, pad=False))
    if not 2 <= len(program) <= 40 or (version == 0 and len(program) not in (20, 32)):
        raise ValueError(f"{address!r} has a program of {len(program)} bytes")
    return hrp, version, program


def script(address: str) -> bytes:
    """The output script that pays to `address`: OP_n and the program. ValueError for another text."""
    _, version, program = decode(address)
    return bytes([0x50 + version if version else 0, len(program)]) + program


def address_of(output_script: bytes, hrp: str) -> str | None:
    """The address of an output script, None when it is not a witness program."""
    if not 4 <= len(output_script) <= 42 or output_script[1] != len(output_script) - 2:
        return None
    opcode = output_script[0]
    if opcode != 0 and not 0x51 <= opcode <= 0x60:
        return None
    return encode(hrp, opcode - 0x50 if opcode else 0, output_script[2:])


def _remainder(hrp: str, words: list[int]) -> int:
    expanded = [*(ord(letter) >> 5 for letter in hrp), 0, *(ord(letter) & 31 for letter in hrp)]
    return base32.polymod([*expanded, *words], _GENERATOR, _CHECKSUM)


def _constant(version: int) -> int:
    return _BECH32 if version == 0 else _BECH32M
