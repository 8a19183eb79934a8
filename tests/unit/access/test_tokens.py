"""What the dashboard may believe without asking."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from manage.access import tokens
from manage.access.tokens import BadToken, Claims

KEY = Ed25519PrivateKey.generate()
CLAIMS = Claims("id", "ann", "viewer", False, "csrf", "epoch", 100.0, 200.0, 300.0)


def test_what_was_signed_comes_back() -> None:
    assert tokens.verify(tokens.sign(CLAIMS, KEY), KEY.public_key()) == CLAIMS


def test_a_token_of_another_key_is_nothing() -> None:
    with pytest.raises(BadToken):
        tokens.verify(tokens.sign(CLAIMS, Ed25519PrivateKey.generate()), KEY.public_key())


def test_a_role_that_was_edited_breaks_the_signature() -> None:
    _, signature = tokens.sign(CLAIMS, KEY).split(".")
    better = json.dumps(asdict(replace(CLAIMS, role="admin"))).encode()
    forged = base64.urlsafe_b64encode(better).rstrip(b"=").decode()
    with pytest.raises(BadToken):
        tokens.verify(f"{forged}.{signature}", KEY.public_key())


@given(st.text(max_size=200))
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(BadToken):
        tokens.verify(text, KEY.public_key())


@given(st.integers(0, 10_000), st.characters())
def test_one_other_character_anywhere_spoils_it(position: int, character: str) -> None:
    token = tokens.sign(CLAIMS, KEY)
    place = position % len(token)
    changed = token[:place] + character + token[place + 1 :]
    if changed == token or place == len(token) - 1:
        return  # base64 leaves bits of the last character unused
    with pytest.raises(BadToken):
        tokens.verify(changed, KEY.public_key())


def test_a_signed_thing_that_is_no_claims_is_nothing() -> None:
    payload = base64.urlsafe_b64encode(b'{"role": "admin"}').rstrip(b"=").decode()
    signature = base64.urlsafe_b64encode(KEY.sign(payload.encode())).rstrip(b"=").decode()
    with pytest.raises(BadToken):
        tokens.verify(f"{payload}.{signature}", KEY.public_key())


def test_a_token_expires_before_its_session_ends() -> None:
    assert CLAIMS.fresh(199) and not CLAIMS.fresh(200)
    assert CLAIMS.alive(299) and not CLAIMS.alive(300)
