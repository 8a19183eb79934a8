"""Bitcoin's SegWit addresses: BIP173 (bech32, version 0) and BIP350 (bech32m, versions 1 to 16)."""

from __future__ import annotations

from nodeclients.address import CHARSET, regroup

_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32, _BECH32M = 1, 0x2BC830A3


def encode(hrp: str, version: int, program: bytes) -> str:
    """The address of a witness program."""
    words = [version, *regroup(list(program), 8, 5, pad=True)]
    checksum = _polymod([*_expand(hrp), *words, *([0] * 6)]) ^ (_BECH32 if version == 0 else _BECH32M)
    words += [(checksum >> 5 * (5 - place)) & 31 for place in range(6)]
    return f"{hrp}1{''.join(CHARSET[word] for word in words)}"


def decode(address: str) -> tuple[str, int, bytes]:
    """(human-readable part, witness version, program). ValueError, in words, when it is no SegWit address."""
    text = address.lower()
    if address not in (text, address.upper()) or "1" not in text or len(address) > 90:
        raise ValueError(f"{address!r} is no SegWit address")
    hrp, _, rest = text.rpartition("1")
    try:
        words = [CHARSET.index(letter) for letter in rest]
    except ValueError:
        raise ValueError(f"{address!r} holds a letter that no address has") from None
    version = words[0] if words else 17
    if len(words) < 7 or version > 16:
        raise ValueError(f"{address!r} is no SegWit address")
    if _polymod([*_expand(hrp), *words]) != (_BECH32 if version == 0 else _BECH32M):
        raise ValueError(f"{address!r} has a wrong checksum: a letter is missing or mistyped")
    program = bytes(regroup(words[1:-6], 5, 8, pad=False))
    if not 2 <= len(program) <= 40 or (version == 0 and len(program) not in (20, 32)):
        raise ValueError(f"{address!r} has a program of {len(program)} bytes")
    return hrp, version, program


def script(address: str) -> bytes:
    """The output script that pays to `address`: OP_n and the program. ValueError when it is no SegWit address."""
    _, version, program = decode(address)
    return bytes([0x50 + version if version else 0, len(program)]) + program


def address_of(output_script: bytes, hrp: str) -> str | None:
    """The address of an output script, None when it is no witness program."""
    if not 4 <= len(output_script) <= 42 or output_script[1] != len(output_script) - 2:
        return None
    opcode = output_script[0]
    if opcode != 0 and not 0x51 <= opcode <= 0x60:
        return None
    return encode(hrp, opcode - 0x50 if opcode else 0, output_script[2:])


def _expand(hrp: str) -> list[int]:
    return [*(ord(letter) >> 5 for letter in hrp), 0, *(ord(letter) & 31 for letter in hrp)]


def _polymod(words: list[int]) -> int:
    checksum = 1
    for word in words:
        top = checksum >> 25
        checksum = ((checksum & 0x1FFFFFF) << 5) ^ word
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                checksum ^= generator
    return checksum
