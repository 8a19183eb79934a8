"""bitcoind's RPC users: the callers hold the passwords, bitcoind gets only salted hashes.

Format (bitcoin share/rpcauth/rpcauth.py): `rpcauth=<user>:<salt>$<hash>`, the hash being the HMAC-SHA256 of the
password keyed with the salt; both in hex, the salt used as text.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

SALT_BYTES = 16


def line(name: str, password: str, salt: str) -> str:
    """One line of bitcoin.conf."""
    digest = hmac.new(salt.encode(), password.encode(), hashlib.sha256).hexdigest()
    return f"rpcauth={name}:{salt}${digest}"


def lines(passwords: Mapping[str, str]) -> str:
    """The lines of all users (user -> password), each with a fresh salt, in the order of their names."""
    return "".join(
        f"{line(name, password, secrets.token_hex(SALT_BYTES))}\n" for name, password in sorted(passwords.items())
    )
