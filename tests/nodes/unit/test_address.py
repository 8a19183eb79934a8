"""Kaspa and SegWit addresses, against recorded answers of a real node and the vectors of BIP173 and BIP350."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nodeclients import address, segwit
from nodeclients.address import KaspaAddress
from nodeclients.networks import KASPA_PREFIXES

RECORDING = Path(__file__).parents[2] / "data" / "kaspad" / "simnet-2.0.1.jsonl"


def pairs(value: Any) -> Iterator[tuple[str, str]]:
    """Every (address, scriptPublicKey) that a real kaspad named together."""
    if isinstance(value, list):
        for item in value:
            yield from pairs(item)
    elif isinstance(value, dict):
        verbose = value.get("verboseData")
        if isinstance(verbose, dict) and "scriptPublicKeyAddress" in verbose:
            yield verbose["scriptPublicKeyAddress"], value["scriptPublicKey"]
        if "utxoEntry" in value:
            yield value["address"], value["utxoEntry"]["scriptPublicKey"]
        for item in value.values():
            yield from pairs(item)


def test_every_recorded_address_belongs_to_its_script() -> None:
    found = {pair for line in RECORDING.read_text().splitlines() for pair in pairs(json.loads(line))}
    assert len(found) >= 2
    for text, script in found:
        assert address.script_public_key(text) == script
        assert address.address_of(script, "kaspasim") == text


@pytest.mark.parametrize("prefix", sorted(KASPA_PREFIXES.values()))
@pytest.mark.parametrize(("version", "length"), [(0, 32), (1, 33), (8, 32)])
def test_an_address_survives_the_way_to_its_script_and_back(prefix: str, version: int, length: int) -> None:
    text = address.encode(KaspaAddress(prefix, version, bytes(range(length))))
    assert address.decode(text) == KaspaAddress(prefix, version, bytes(range(length)))
    assert address.address_of(address.script_public_key(text), prefix) == text


GOOD = "kaspasim:qp8n2k7uklxq4aegau7vawtptkgxsja4kt99lpv6krctwpq8tpc656wlktmzx"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD[9:], "does not begin with"),
        ("bitcoin" + GOOD[8:], "does not begin with"),
        (GOOD.replace("qp8", "qb8"), "a character that addresses do not use"),
        (GOOD.replace("qp8", "qq8"), "wrong checksum"),
        ("kaspa" + GOOD[8:], "wrong checksum"),
        (GOOD[:-1], "wrong checksum"),
        ("kaspasim:", "wrong checksum"),
        (address.encode(KaspaAddress("kaspasim", 3, bytes(32))), "of an unknown kind"),
        (address.encode(KaspaAddress("kaspasim", 0, bytes(20))), "of an unknown kind"),
    ],
)
def test_says_what_is_wrong_with_an_address(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        address.decode(text)


@pytest.mark.parametrize("script", ["00006a", "0001" + "20" + "00" * 32 + "ac", "0000" + "20" + "00" * 31 + "ac"])
def test_a_script_of_another_form_has_no_address(script: str) -> None:
    assert address.address_of(script, "kaspa") is None


@pytest.mark.parametrize(
    ("text", "script"),
    [  # BIP173 and BIP350, valid addresses
        ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
        (
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
            "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
        ),
        ("BC1SW50QGDZ25J", "6002751e"),
        ("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "5210751e76e8199196d454941c45d1b3a323"),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        ),
    ],
)
def test_segwit_addresses_of_the_bips_belong_to_their_scripts(text: str, script: str) -> None:
    assert segwit.script(text).hex() == script
    hrp, _, _ = segwit.decode(text)
    assert segwit.address_of(bytes.fromhex(script), hrp) == text.lower()


@pytest.mark.parametrize(
    "text",
    [  # BIP350, invalid addresses
        "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4t"[:-1],
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
        "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
        "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
        "bc1pw5dgrnzv",
        "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
        "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
        "bc1gmk9yu",
        "",
    ],
)
def test_invalid_segwit_addresses_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        segwit.decode(text)


@pytest.mark.parametrize("script", ["", "6a", "76a914" + "00" * 20 + "88ac", "0015" + "00" * 20, "4f02751e"])
def test_a_script_that_is_no_witness_program_has_no_segwit_address(script: str) -> None:
    assert segwit.address_of(bytes.fromhex(script), "bc") is None
