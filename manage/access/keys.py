"""The private key that signs sessions (for the agent) and the public key that verifies them (for the dashboard)."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from manage import untrusted
from manage.errors import NodeyardError
from manage.installation import documents


def load_or_create(path: Path) -> Ed25519PrivateKey:
    """The private key at `path`, created (0600) if missing. Raises NodeyardError if the file is not such a key."""
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        documents.replace(
            path,
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            mode=0o600,
        )
        return key
    hint = "Remove it and restart the agent. Everyone must sign in again; nothing else is lost."
    try:
        loaded = serialization.load_pem_private_key(untrusted.content(path), password=None)
    except (untrusted.Refused, ValueError, TypeError) as error:
        raise NodeyardError(f"{path} is not a session key.", hint) from error
    if not isinstance(loaded, Ed25519PrivateKey):
        raise NodeyardError(f"{path} is not an Ed25519 key.", hint)
    return loaded


def publish(key: Ed25519PrivateKey, path: Path, gid: int) -> None:
    """Write the public key, readable by the group that may open the agent's socket."""
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    documents.replace(path, pem, mode=0o640, gid=gid)


def read_public(path: Path) -> Ed25519PublicKey | None:
    """The public key; None if the agent has not written one yet, or if the file is not a key."""
    try:
        loaded = serialization.load_pem_public_key(untrusted.content(path))
    except (OSError, ValueError):
        return None
    return loaded if isinstance(loaded, Ed25519PublicKey) else None
