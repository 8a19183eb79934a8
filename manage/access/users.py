"""The users in `agent/users.json`, edited by the host CLI and by the agent under one lock."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path

from manage.access import devices, passwords, roles, second_factor
from manage.access.locking import locked
from manage.access.roles import Role
from manage.errors import EXIT_USAGE, NodeyardError
from manage.immutable import dataclass
from manage.installation import documents
from manage.installation.layout import Layout

_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,31}")


@dataclass(frozen=True)
class User:
    name: str
    role: Role
    hash: str
    """argon2id, PHC string."""
    must_change: bool
    """Somebody else chose the password: every other verb is refused until the user sets a new one."""
    epoch: str
    """Changes with every password; sessions of an earlier epoch have ended."""
    changed_at: float
    """Unix seconds of the last change of the password."""


def read(layout: Layout) -> tuple[User, ...]:
    """All users in the order they were added; () if there is no file yet.

    Raises NodeyardError if the file is damaged or was written by a newer manage.
    """
    try:
        document = documents.read(layout.users_file)
    except FileNotFoundError:
        return ()
    with documents.require_shape(layout.users_file):
        return tuple(User(**{**entry, "role": roles.parse(entry["role"])}) for entry in document["users"])


def names(layout: Layout) -> dict[str, Role]:
    """Name -> role, in the order they were added."""
    return {user.name: user.role for user in read(layout)}


def add(layout: Layout, name: str, role: str, password: str, *, must_change: bool = False) -> User:
    """Add a user. Raises NodeyardError if the name is taken, or if name, role or password is invalid."""
    if not _NAME.fullmatch(name):
        raise NodeyardError(
            f"{name!r} is not a valid user name.",
            "Use 1 to 32 lowercase letters, digits, dots, dashes and underscores; start with a letter.",
            exit_code=EXIT_USAGE,
        )
    known = roles.parse(role)
    _require_strong(password, name)
    user = User(name, known, passwords.hash_password(password), must_change, secrets.token_hex(8), time.time())

    def change(users: tuple[User, ...]) -> Iterable[User]:
        if any(other.name == name for other in users):
            raise NodeyardError(
                f"There is already a user {name}.", f"Set a new password with: manage user reset {name}"
            )
        return (*users, user)

    _edit(layout, change)
    return user


def set_password(layout: Layout, name: str, password: str) -> User:
    """Set a password that the user chose; ends all earlier sessions and clears `must_change`."""
    _require_strong(password, name)
    return _renew(layout, name, password, must_change=False)


def reset(layout: Layout, name: str) -> str:
    """Set and return a generated password, which must be changed at the next sign-in.

    Ends all sessions, forgets all devices and removes the second factor.
    """
    password = passwords.generate()
    _renew(layout, name, password, must_change=True)
    _forget(layout, name)
    return password


def remove(layout: Layout, name: str) -> None:
    """Remove the user and end their sessions. Raises NodeyardError for the last admin."""

    def change(users: tuple[User, ...]) -> Iterable[User]:
        _require_user(users, name)
        rest = tuple(user for user in users if user.name != name)
        if not any(user.role == "admin" for user in rest):
            raise NodeyardError(
                f"{name} is the last admin and cannot be removed.",
                "Add another admin first: manage user add NAME --role admin",
            )
        return rest

    _edit(layout, change)
    _forget(layout, name)


def device_code(layout: Layout, name: str) -> str:
    """A code with which `name` can sign in on a new device while strangers must wait."""
    _require_user(read(layout), name)
    return devices.new_code(layout, name, time.time())


def create_first(layout: Layout, name: str, *, to_file: bool) -> str:
    """Add the first admin and return their generated password, which must be changed at the first sign-in.

    `to_file` (for use without a terminal) also writes it to a file that only root can read; the agent removes the file
    at the first sign-in. Raises NodeyardError if there are already users.
    """
    if read(layout):
        raise NodeyardError("There are already users.", f"Set a new password with: manage user reset {name}")
    password = passwords.generate()
    add(layout, name, "admin", password, must_change=True)
    if to_file:
        documents.replace(layout.first_password_file, password.encode() + b"\n", mode=0o600)
    return password


def first_password_file(layout: Layout) -> Path:
    """Where `create_first(to_file=True)` puts the password."""
    return layout.first_password_file


def _require_strong(password: str, name: str) -> None:
    if sentence := passwords.weakness(password, name):
        raise NodeyardError(sentence, "Choose another one, for example a few words.", exit_code=EXIT_USAGE)


def _require_user(users: Iterable[User], name: str) -> User:
    for user in users:
        if user.name == name:
            return user
    raise NodeyardError(f"There is no user {name}.", "List the users with: manage user list", exit_code=EXIT_USAGE)


def _renew(layout: Layout, name: str, password: str, *, must_change: bool) -> User:
    secret = passwords.hash_password(password)
    renewed: list[User] = []

    def change(users: tuple[User, ...]) -> Iterable[User]:
        known = _require_user(users, name)
        epoch = secrets.token_hex(8)
        user = replace(known, hash=secret, must_change=must_change, epoch=epoch, changed_at=time.time())
        renewed.append(user)
        return (user if other.name == name else other for other in users)

    _edit(layout, change)
    return renewed[0]


def _edit(layout: Layout, change: Callable[[tuple[User, ...]], Iterable[User]]) -> None:
    with locked(layout):
        before = read(layout)
        after = tuple(change(before))
        if after != before:
            documents.write(layout.users_file, {"users": [asdict(user) for user in after]}, mode=0o600)


def _forget(layout: Layout, name: str) -> None:
    devices.forget(layout, name)
    second_factor.forget(layout, name)
