"""Generated secrets: one master file for root, and one copy per consumer, owned by the consumer.

`secrets/<name>_g<N>` (0600 root) is the master of generation N; `run/secrets/<service>/<name>_g<N>` (0400, owned by the
consumer's uid) is what its container mounts, because it cannot read root's file. The generation is part of a
container's spec, so a new generation recreates the consumers.
`secrets.json` holds the current generations. It is outside the folder of the values, so that a loss of the values is
noticed and new values get a new number.
"""

from __future__ import annotations

import secrets as random
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manage import untrusted
from manage.apply import certificate, rpcauth
from manage.errors import EXIT_USAGE, NodeyardError
from manage.events import Event, Progress, silent
from manage.installation import documents
from manage.installation.layout import Layout

if TYPE_CHECKING:
    from manage.render.model import SecretUse

HOST = "host"
"""The consumer of secrets that only commands on the host read (`manage.render.wiring`); it gets no copy."""
DERIVED = ("rpcauth", "certificate")
"""Kinds whose value nobody has to keep: a new one follows from other secrets, or is as good as the old one."""
PASSWORD_BYTES = 24
"""Random bytes of a password or token: 192 bits, 32 characters of URL-safe base64."""


def generations(layout: Layout) -> dict[str, int]:
    """Secret name -> current generation; empty before the first `up`."""
    return {name: entry["generation"] for name, entry in _record(layout).items()}


def value(layout: Layout, name: str) -> str:
    """A secret's value. Raises NodeyardError if there is no secret of that name, or if it cannot be read."""
    known = generations(layout)
    if name not in known:
        raise NodeyardError(
            f"There is no secret {name}.",
            f"There are: {', '.join(sorted(known))}." if known else "The first manage up generates the secrets.",
            exit_code=EXIT_USAGE,
        )
    text = _read(_master(layout, name, known[name])) or _from_copy(layout, name, known[name])
    if text is None:
        raise NodeyardError(
            f"The secret {name} is lost ({_master(layout, name, known[name])}).",
            "The next manage up generates a new one and gives it to every service that uses it.",
        )
    return text.rstrip("\n")


def planned(layout: Layout, uses: Iterable[SecretUse]) -> dict[str, int]:
    """Secret name -> generation that `ensure` would use; changes nothing.

    It is one more than recorded if the value and all copies are lost, if a derived secret has other sources now, or if
    a certificate ends soon or lacks a name.
    Without permission to read the folder of the values, the recorded generation is used.
    """
    uses = tuple(uses)
    record = _record(layout)
    result: dict[str, int] = {}
    for use in _in_order(uses):
        known = record.get(use.name, {}).get("generation", 0) or _newest_on_disk(layout, use.name)
        sources = _sources(use, result) if use.kind == "rpcauth" else {}
        changed = known and _is_outdated(use, record.get(use.name, {}), sources)
        result[use.name] = known if known and not changed and _exists(layout, use.name, known) else known + 1
    return result


def ensure(layout: Layout, uses: Iterable[SecretUse], progress: Progress = silent) -> dict[str, int]:
    """Generate missing secrets and write every consumer's copy; returns the current generations.

    Existing values are kept. A lost master is restored from a consumer's copy; without a copy, a new value of the next
    generation is generated, with a warning. Raises NodeyardError for values that exist but cannot be read.
    """
    uses = tuple(uses)
    record = _record(layout)
    before = {name: entry["generation"] for name, entry in record.items()}
    wanted = planned(layout, uses)
    values: dict[str, str] = {}
    for use in _in_order(uses):
        generation = wanted[use.name]
        text = _read(_master(layout, use.name, generation)) or _from_copy(layout, use.name, generation)
        if text is None:
            text = _fresh(use, values)
            if use.kind == "certificate":
                made = f"New self-signed certificate, SHA-256 fingerprint {certificate.facts(text)['fingerprint']}"
                progress(Event("note", use.service, made))
            if before.get(use.name, 0) > 0 and use.kind not in DERIVED:
                lost = f"The secret {use.name} was lost; a new one is generated (generation {generation})."
                progress(Event("warning", use.service, lost))
        _write(layout, _master(layout, use.name, generation), text, mode=0o600)
        values[use.name] = text
        record[use.name] = {"generation": generation}
        if use.kind == "rpcauth":
            record[use.name]["of"] = _sources(use, wanted)
        if use.kind == "certificate":
            record[use.name] |= certificate.facts(text)
    documents.write(layout.secret_generations_file, {"secrets": record})
    for use in uses:
        if use.service != HOST:
            folder = layout.secret_copies_dir / use.service
            folder.mkdir(mode=0o700, exist_ok=True)
            copy = _copy(layout, use.service, use.name, wanted[use.name])
            _write(layout, copy, values[use.name], mode=0o400, uid=use.uid)
    return wanted


def fingerprints(layout: Layout) -> dict[str, str]:
    """Service -> SHA-256 fingerprint of its certificate, for the services that speak TLS."""
    return {
        name.removesuffix("_tls"): str(entry["fingerprint"])
        for name, entry in _record(layout).items()
        if "fingerprint" in entry
    }


def _fresh(use: SecretUse, values: Mapping[str, str]) -> str:
    if use.kind == "rpcauth":
        return rpcauth.lines({user: values[name] for user, name in use.sources.items()})
    if use.kind == "certificate":
        return certificate.create(use.names, time.time())
    return random.token_urlsafe(PASSWORD_BYTES)


def _is_outdated(use: SecretUse, entry: Mapping[str, Any], sources: Mapping[str, int]) -> bool:
    """Whether an existing value must be replaced by one of the next generation."""
    if use.kind == "rpcauth":
        return bool(entry.get("of") != sources)
    if use.kind == "certificate":
        left_s = float(entry.get("ends_at", 0)) - time.time()
        return entry.get("names") != list(use.names) or left_s < certificate.RENEW_DAYS * 24 * 3600
    return False


def _in_order(uses: tuple[SecretUse, ...]) -> list[SecretUse]:
    """One use of each secret, derived secrets after their sources."""
    once = {use.name: use for use in uses}
    return sorted(once.values(), key=lambda use: (use.kind == "rpcauth", use.name))


def _sources(use: SecretUse, in_force: Mapping[str, int]) -> dict[str, int]:
    """The sources of the rpcauth lines: password secret -> generation."""
    return {name: in_force[name] for name in sorted(use.sources.values())}


def _record(layout: Layout) -> dict[str, dict[str, Any]]:
    try:
        document = documents.read(layout.secret_generations_file)
    except FileNotFoundError:
        return {}
    with documents.require_shape(layout.secret_generations_file):
        return {name: {**entry, "generation": int(entry["generation"])} for name, entry in document["secrets"].items()}


def _master(layout: Layout, name: str, generation: int) -> Path:
    return layout.secrets_dir / f"{name}_g{generation}"


def _copy(layout: Layout, service: str, name: str, generation: int) -> Path:
    return layout.secret_copies_dir / service / f"{name}_g{generation}"


def _copies(layout: Layout, name: str, generation: int) -> list[Path]:
    return sorted(layout.secret_copies_dir.glob(f"*/{name}_g{generation}"))


def _from_copy(layout: Layout, name: str, generation: int) -> str | None:
    return next((_read(path) for path in _copies(layout, name, generation)), None)


def _exists(layout: Layout, name: str, generation: int) -> bool:
    try:
        return _master(layout, name, generation).exists() or bool(_copies(layout, name, generation))
    except PermissionError:
        return True


def _newest_on_disk(layout: Layout, name: str) -> int:
    """The highest generation that has a value on disk, for an installation that lost `secrets.json`; 0 if none."""
    try:
        found = [*layout.secrets_dir.glob(f"{name}_g*"), *layout.secret_copies_dir.glob(f"*/{name}_g*")]
    except PermissionError:
        return 0
    numbers = [path.name.removeprefix(f"{name}_g") for path in found]
    return max((int(number) for number in numbers if number.isdigit()), default=0)


def _read(path: Path) -> str | None:
    """The value at `path`; None if there is no file. Raises NodeyardError if the file is unreadable or empty."""
    try:
        text = untrusted.text(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise NodeyardError(
            f"The secret {path.name} cannot be read: {reason} ({path}).",
            "Run it as root. If the file is damaged, restore a copy, or remove it: manage up then generates a new one.",
        ) from error
    if not text.strip():
        raise NodeyardError(
            f"The secret {path.name} is empty ({path}).",
            "Restore a copy, or remove the file: manage up then generates a new secret.",
        )
    return text


def _write(layout: Layout, path: Path, text: str, *, mode: int, uid: int = 0) -> None:
    """Write `text` to `path` with this mode and owner, unless the file already matches."""
    try:
        present = (path.stat().st_mode & 0o7777, layout.owners.uid(path))
        if present == (mode, uid) and untrusted.text(path) == text:
            return
    except FileNotFoundError:
        pass
    except (OSError, ValueError):
        _read(path)
    documents.replace(path, text.encode(), mode=mode, uid=uid, gid=uid, give=layout.owners.give)
