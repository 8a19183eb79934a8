"""Devices on which somebody has signed in before: their attempts are counted apart from those of strangers.

After a sign-in the browser keeps a random id; `devices.json` has its SHA-256. A code that root makes on the host
(`manage user code NAME`) counts as the id of a device, for one sign-in.
See https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from manage.access import passwords
from manage.access.locking import locked
from manage.access.throttle import Key
from manage.immutable import dataclass
from manage.installation import documents
from manage.installation.layout import Layout

DEVICE_S = 180 * 24 * 3600.0
"""A device that was not used for this long is a stranger again."""
CODE_S = 15 * 60.0
_LONGEST = 200
MOST_DEVICES = 20
"""Of one user; a new one replaces the one that was not used for the longest time."""


@dataclass(frozen=True)
class Device:
    hash: str
    """SHA-256 of the id or of the code, hex."""
    seen_at: float
    """Unix seconds of the last sign-in."""
    ends_at: float
    once: bool
    """A code: it is gone after the sign-in."""

    @property
    def key(self) -> Key:
        return Key(f"device {self.hash[:32]}", own=True)


def find(layout: Layout, name: str, id: str, now: float) -> Device | None:
    """The device of `name` with this id or code; None for a stranger."""
    wanted = _hash(id)
    return next((d for d in _read(layout).get(name, ()) if d.hash == wanted and now < d.ends_at), None)


def signed(id: str, key: Ed25519PrivateKey) -> str:
    """What the browser keeps: the id and a signature, by which the dashboard tells known devices from a flood."""
    return f"{id}.{base64.urlsafe_b64encode(key.sign(_message(id))).decode()}"


def is_signed(kept: str, key: Ed25519PublicKey) -> bool:
    """Whether the agent made this id. It says nothing about the user, and the device may be forgotten by now."""
    id, dot, signature = kept.partition(".")
    if not dot or len(kept) > _LONGEST or not kept.isascii():
        return False
    try:
        key.verify(base64.urlsafe_b64decode(signature), _message(id))
    except (InvalidSignature, binascii.Error):
        return False
    return True


def remember(layout: Layout, name: str, id: str, now: float) -> str:
    """Remember that `name` signed in on the device that sent `id`; the id that the browser keeps from now on."""
    known = find(layout, name, id, now)
    kept = id.partition(".")[0] if known and not known.once else secrets.token_urlsafe(32)
    _replace(layout, name, _hash(id), Device(_hash(kept), now, now + DEVICE_S, once=False), now)
    return kept


def new_code(layout: Layout, name: str, now: float) -> str:
    """A code for one sign-in of `name` on a new device within 15 minutes."""
    code = passwords.generate(groups=3)
    _replace(layout, name, "", Device(_hash(code), now, now + CODE_S, once=True), now)
    return code


def forget(layout: Layout, name: str) -> None:
    """All devices of `name` are strangers from now on."""
    with locked(layout):
        known = _read(layout)
        if known.pop(name, None) is not None:
            _write(layout, known)


def _replace(layout: Layout, name: str, old_hash: str, device: Device, now: float) -> None:
    with locked(layout):
        known = _read(layout)
        rest = [d for d in known.get(name, ()) if d.hash not in (old_hash, device.hash) and now < d.ends_at]
        newest = sorted(rest, key=lambda d: d.seen_at)[1 - MOST_DEVICES :]
        _write(layout, {**known, name: (*newest, device)})


def _read(layout: Layout) -> dict[str, tuple[Device, ...]]:
    try:
        document = documents.read(layout.devices_file)
    except FileNotFoundError:
        return {}
    with documents.require_shape(layout.devices_file):
        return {name: tuple(Device(**entry) for entry in entries) for name, entries in document["users"].items()}


def _write(layout: Layout, known: Mapping[str, tuple[Device, ...]]) -> None:
    shown = {name: [asdict(device) for device in devices] for name, devices in known.items()}
    documents.write(layout.devices_file, {"users": shown}, mode=0o600)


def _message(id: str) -> bytes:
    """With a space, so that it is never the content of a session's token (`manage.access.tokens`)."""
    return f"device {id}".encode()


def _hash(kept: str) -> str:
    """Of an id without its signature, of a code without the spaces, dashes and capitals that people type."""
    id = kept.partition(".")[0]
    plain = re.sub(r"[\s-]", "", id).lower() if len(id) < 32 else id
    return sha256(plain.encode(errors="replace")).hexdigest()
