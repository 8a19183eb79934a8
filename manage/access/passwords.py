"""Passwords: argon2id hashes, a constant-time check for unknown names, generated passwords."""

from __future__ import annotations

import functools
import secrets
import threading

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

MINIMUM_LENGTH = 10
MAXIMUM_LENGTH = 1024
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l, o, 0 and 1, which are easily confused when a password is copied from a screen."""
_GROUPS, _GROUP_LENGTH = 4, 5
"""20 characters of 31: 99 bits."""

# RFC 9106 section 4, "second recommended option": t=3, 64 MiB, 4 lanes.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4, hash_len=32, salt_len=16, type=Type.ID)
# Each attempt needs 64 MiB: many sign-ins at once must not exceed the agent's memory limit. Strangers queue apart, so
# that a flood of their attempts delays nobody else.
_KNOWN, _STRANGERS = threading.BoundedSemaphore(1), threading.BoundedSemaphore(1)


def hash_password(password: str) -> str:
    """The argon2id hash in PHC string form."""
    with _KNOWN:
        return _HASHER.hash(password)


@functools.lru_cache(maxsize=1)
def _decoy_hash() -> str:
    return hash_password(secrets.token_hex(16))


def matches(password: str, stored: str | None, *, known: bool = False) -> bool:
    """Whether `password` matches the hash. None (no such user) takes the same time and is always False.

    `known`: the attempt comes from a known device or a signed-in person, and does not wait for those of strangers.
    """
    reference = stored or _decoy_hash()
    with _KNOWN if known else _STRANGERS:
        try:
            return _HASHER.verify(reference, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def generate(groups: int = _GROUPS) -> str:
    """A new password like `k7mfp-x2dqa-9vhsn-t4wce`, or a code of fewer groups."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(groups))


def weakness(password: str, name: str) -> str:
    """Why the password that a person chose for `name` is too weak, as a sentence; "" if it is strong enough."""
    if len(password) < MINIMUM_LENGTH:
        return f"The password has {len(password)} characters; it needs at least {MINIMUM_LENGTH}."
    if len(password) > MAXIMUM_LENGTH:
        return f"The password is longer than {MAXIMUM_LENGTH} characters."
    if len(set(password)) < 4:
        return "The password repeats the same few characters."
    if name.casefold() in password.casefold() and len(password) < 2 * MINIMUM_LENGTH:
        return "The password contains the user's name."
    return ""
