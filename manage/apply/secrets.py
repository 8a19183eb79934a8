"""Generated secrets: one master copy for root, one copy a consumer, owned by it.

`secrets/<name>_g<N>` (0600 root) is the master of generation N; `run/secrets/<service>/<name>_g<N>` (0400, owned by the
consumer's uid) is what its container mounts, since it could not read a file of root's. Which generation is in force is
part of what a container is made from, so a new one recreates its consumers.
`secrets.json` holds the generations, beside the folder of the values and not in it: when the values are lost that is
known, and their successors get a new number instead of being taken for the old ones.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manage.apply import rpcauth
from manage.errors import EXIT_USAGE, NodeyardError
from manage.events import Event, Progress, silent
from manage.installation import documents
from manage.installation.layout import Layout

if TYPE_CHECKING:
    from manage.render.model import SecretUse

HOST = "host"
"""The consumer of secrets that only commands on the host read (`manage.render.wiring`): it needs no copy."""
PASSWORD_BYTES = 24
"""Random bytes of a password or token: 192 bits, 32 characters of URL-safe base64."""


def generations(layout: Layout) -> dict[str, int]:
    """Secret name -> generation in force; empty before the first `up`."""
    return {name: entry["generation"] for name, entry in _record(layout).items()}


def value(layout: Layout, name: str) -> str:
    """A secret's value. Raises NodeyardError when there is none of that name, or when it cannot be read."""
    known = generations(layout)
    if name not in known:
        raise NodeyardError(
            f"There is no secret {name}.",
            f"There are: {', '.join(sorted(known))}." if known else "Secrets are made by the first manage up.",
            exit_code=EXIT_USAGE,
        )
    text = _read(_master(layout, name, known[name])) or _from_copy(layout, name, known[name])
    if text is None:
        raise NodeyardError(
            f"The secret {name} is lost ({_master(layout, name, known[name])}).",
            "The next manage up makes a new one and gives it to every service that uses it.",
        )
    return text.rstrip("\n")


def planned(layout: Layout, uses: Iterable[SecretUse]) -> dict[str, int]:
    """Secret name -> generation that `ensure` would leave in force; changes nothing.

    One more than recorded when the value is lost with all its copies, or when a derived one has other sources now.
    A reader who may not look into the folder of the values takes the record for true.
    """
    uses = tuple(uses)
    record = _record(layout)
    result: dict[str, int] = {}
    for use in _in_order(uses):
        known = record.get(use.name, {}).get("generation", 0) or _newest_on_disk(layout, use.name)
        sources = _sources(use, result) if use.kind == "rpcauth" else {}
        changed = use.kind == "rpcauth" and known and record.get(use.name, {}).get("of") != sources
        result[use.name] = known if known and not changed and _exists(layout, use.name, known) else known + 1
    return result


def ensure(layout: Layout, uses: Iterable[SecretUse], progress: Progress = silent) -> dict[str, int]:
    """Make what is missing, so that every use has its copy; gives the generations in force.

    What has a value keeps it. A lost master is taken back from a consumer's copy; where no copy is left a new value of
    the next generation is made, and said so. Raises NodeyardError for values that are there and cannot be read.
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
            if before.get(use.name, 0) > 0 and use.kind != "rpcauth":
                lost = f"The secret {use.name} was lost; a new one is made (generation {generation})."
                progress(Event("warning", use.service, lost))
        _write(layout, _master(layout, use.name, generation), text, mode=0o600)
        values[use.name] = text
        record[use.name] = {"generation": generation}
        if use.kind == "rpcauth":
            record[use.name]["of"] = _sources(use, wanted)
    documents.write(layout.secret_generations_file, {"secrets": record})
    for use in uses:
        if use.service != HOST:
            folder = layout.secret_copies_dir / use.service
            folder.mkdir(mode=0o700, exist_ok=True)
            copy = _copy(layout, use.service, use.name, wanted[use.name])
            _write(layout, copy, values[use.name], mode=0o400, uid=use.uid)
    return wanted


def _fresh(use: SecretUse, values: Mapping[str, str]) -> str:
    if use.kind == "rpcauth":
        return rpcauth.lines({user: values[name] for user, name in use.sources.items()})
    return random.token_urlsafe(PASSWORD_BYTES)


def _in_order(uses: tuple[SecretUse, ...]) -> list[SecretUse]:
    """One use of each secret, derived ones after what they are derived from."""
    once = {use.name: use for use in uses}
    return sorted(once.values(), key=lambda use: (use.kind == "rpcauth", use.name))


def _sources(use: SecretUse, in_force: Mapping[str, int]) -> dict[str, int]:
    """What the rpcauth lines are made from: password secret -> generation."""
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
    """The highest generation of which a value lies about, for an installation whose record was lost; 0 for none."""
    try:
        found = [*layout.secrets_dir.glob(f"{name}_g*"), *layout.secret_copies_dir.glob(f"*/{name}_g*")]
    except PermissionError:
        return 0
    numbers = [path.name.removeprefix(f"{name}_g") for path in found]
    return max((int(number) for number in numbers if number.isdigit()), default=0)


def _read(path: Path) -> str | None:
    """The value at `path`, None when there is no file. Raises NodeyardError when there is one that holds no value."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise NodeyardError(
            f"The secret {path.name} cannot be read: {reason} ({path}).",
            "Run it as root. If the file is broken, put back a copy or remove it: manage up then makes a new secret.",
        ) from error
    if not text.strip():
        raise NodeyardError(
            f"The secret {path.name} is empty ({path}).",
            "Put back a copy, or remove the file: manage up then makes a new secret.",
        )
    return text


def _write(layout: Layout, path: Path, text: str, *, mode: int, uid: int = 0) -> None:
    """Leave `text` at `path` with this mode and owner; nothing is done where it is so already."""
    try:
        present = (path.stat().st_mode & 0o7777, layout.owners.uid(path))
        if present == (mode, uid) and path.read_text(encoding="utf-8") == text:
            return
    except FileNotFoundError:
        pass
    except (OSError, ValueError):
        _read(path)
    documents.replace(path, text.encode(), mode=mode, uid=uid, gid=uid, give=layout.owners.give)
